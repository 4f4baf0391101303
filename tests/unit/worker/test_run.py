"""The worker program on a planned run: all stages, nothing twice, honest states."""

import json
import math
import os
import shutil
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from aliquot.core.records import sha256_file
from aliquot.core.run import RunState, list_steps
from aliquot.core.spec import StartingPoint
from aliquot.errors import Interrupted, ModelError, RunError
from aliquot.tokenization.encoder import Encoder
from aliquot.worker import run as program
from aliquot.worker.journal import RunJournal
from tests.fixtures.tiny_run import make_tiny_run
from tests.fixtures.training import LABELS


@pytest.fixture
def tiny_run(tmp_path, prepared_dir):
    return make_tiny_run(tmp_path / "run", prepared_dir)


@pytest.fixture
def work(prepared_dir, monkeypatch):
    monkeypatch.setattr(RunJournal, "listen_for_signals", lambda self: None)

    def start(run_dir, *stages, split=""):
        options = ["--stages", ",".join(stages)] if stages else []
        options += ["--split", split] if split else []
        program.main([str(run_dir.path), "--model-dir", str(prepared_dir), *options])

    return start


def test_a_whole_run(tiny_run, work):
    work(tiny_run)
    assert tiny_run.state() is RunState.FINISHED
    events = tiny_run.read_events()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(list_steps(events)) == 20
    for model in ("base", "base_few_shot", "tuned"):
        predictions = tiny_run.read_predictions(model, "test")
        assert [p.example_id for p in predictions] == [e.example_id for e in tiny_run.read_rows("test")]
    config = json.loads((tiny_run.adapter_dir / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"  # never a path of this machine
    environment = json.loads(tiny_run.environment_path.read_text())
    assert environment["stage_s"]["train"] > 0
    assert environment["packages"]["torch"]


def test_a_full_fine_tuning_publishes_a_model_that_anybody_can_load(tmp_path, prepared_dir, work):
    run_dir = make_tiny_run(tmp_path / "full", prepared_dir, method="full", learning_rate=5e-4)
    work(run_dir)
    assert not run_dir.adapter_dir.exists()
    names = {path.name for path in run_dir.model_dir.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"} <= names
    tuned, base = (load_file(d / "model.safetensors") for d in (run_dir.model_dir, prepared_dir))
    assert tuned.keys() == base.keys()  # tied weights are stored once
    assert all(not torch.equal(tuned[name], base[name]) for name in tuned)
    assert "attn_implementation" not in (run_dir.model_dir / "config.json").read_text()
    model = AutoModelForCausalLM.from_pretrained(run_dir.model_dir)
    encoder = Encoder.load(prepared_dir)
    for row, answer in zip(run_dir.read_rows("test"), run_dir.read_predictions("tuned", "test"), strict=True):
        prompt = torch.tensor([encoder.encode_prompt(row.prompt)])
        made = model.generate(prompt, max_new_tokens=4, do_sample=False)[0, prompt.shape[1] :]
        assert encoder.decode(made.tolist()) == answer.output
    outputs = [[p.output for p in run_dir.read_predictions(name, "test")] for name in ("base", "tuned")]
    assert outputs[0] != outputs[1]


@pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="bitsandbytes (the extra qlora) is not installed"
)
def test_a_run_in_4_bits_publishes_an_adapter_and_answers_beside_4_bit_weights(tmp_path, prepared_dir, work):
    from aliquot.inference.engines.transformers import TransformersEngine
    from aliquot.modeling.trained_weights import load_tuned

    run_dir = make_tiny_run(tmp_path / "packed", prepared_dir, method="qlora")
    work(run_dir)
    names = {path.name for path in run_dir.adapter_dir.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json"} <= names
    assert json.loads(run_dir.environment_path.read_text())["packages"]["bitsandbytes"]
    encoder, rows = Encoder.load(prepared_dir), run_dir.read_rows("test")
    prompts = [encoder.encode_prompt(row.prompt) for row in rows]
    answers = [encoder.encode_answers(row.prompt, LABELS) for row in rows]
    recorded = [sorted(one.label_probabilities.items()) for one in run_dir.read_predictions("tuned", "test")]
    found = {}
    for is_4_bit in (True, False):
        place = {"precision": "float32", "device": "cpu", "is_4_bit": is_4_bit}
        engine = TransformersEngine(load_tuned(prepared_dir, run_dir.adapter_dir, **place), (2,))
        scores = engine.score(prompts, answers)
        found[is_4_bit] = [_probability_of_first(row, LABELS) for row in scores]
    served = [dict(row)[LABELS[0]] for row in recorded]
    assert found[True] == pytest.approx(served, abs=1e-5)
    assert found[False] != pytest.approx(served, abs=1e-3), (
        "the adapter beside whole weights is another model"
    )


def _probability_of_first(scores, labels):
    weights = [math.exp(score.log_probability) for score in scores]
    assert len(weights) == len(labels)
    return weights[0] / sum(weights)


def _continued(path, prepared_dir, source, **training):
    """Return a run that continues from the adapter of another."""
    run_dir = make_tiny_run(path, prepared_dir, **training)
    run_dir.start_path.parent.mkdir()
    shutil.copyfile(source.adapter_dir / "adapter_model.safetensors", run_dir.start_path)
    start = StartingPoint(
        name="first",
        sha256=sha256_file(run_dir.start_path),
        base="tiny",
        lora_rank=4,
        lora_alpha=8,
        target_modules=("all-linear",),
        prompts_seen=(run_dir.read_rows("test")[3].prompt_sha256,),
    )
    run_dir.save_spec(replace(run_dir.read_spec(), start=start))
    return run_dir


def test_a_run_that_continues_begins_where_the_other_ended_and_resumes_to_the_bit(
    tmp_path, prepared_dir, work, wish_after
):
    first = make_tiny_run(tmp_path / "first", prepared_dir, lora_dropout=0.0)
    work(first, "train")
    losses = [event.data["loss"] for event in list_steps(first.read_events())]
    whole, cut = (
        _continued(tmp_path / name, prepared_dir, first, lora_dropout=0.0) for name in ("whole", "cut")
    )
    work(whole, "train")
    again = [event.data["loss"] for event in list_steps(whole.read_events())]
    # The same rows in the same order: learnt once, they surprise less.
    assert again[0] < 0.7 * losses[0]
    forget = wish_after(cut, "step")
    with pytest.raises(Interrupted):
        work(cut, "train")
    forget()
    work(cut, "train")
    name = "adapter_model.safetensors"
    assert sha256_file(cut.adapter_dir / name) == sha256_file(whole.adapter_dir / name)
    work(whole, "predict:tuned")
    assert [p.in_train for p in whole.read_predictions("tuned", "test")] == [n == 3 for n in range(12)]


def test_a_start_without_a_step_is_the_adapter_it_came_from(tmp_path, prepared_dir, work):
    first = make_tiny_run(tmp_path / "first", prepared_dir)
    work(first, "train")
    still = _continued(tmp_path / "still", prepared_dir, first, num_steps=1, learning_rate=1e-30)
    work(still, "train")
    before, after = (load_file(run.adapter_dir / "adapter_model.safetensors") for run in (first, still))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_weights_to_continue_from_that_changed_are_refused(tmp_path, prepared_dir, work):
    first = make_tiny_run(tmp_path / "first", prepared_dir)
    work(first, "train")
    run_dir = _continued(tmp_path / "next", prepared_dir, first)
    run_dir.start_path.write_bytes(run_dir.start_path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(RunError) as caught:
        work(run_dir, "train")
    assert caught.value.code == "start_differs"


def test_an_adapter_of_another_rank_is_refused_with_both_shapes(tmp_path, prepared_dir, work):
    first = make_tiny_run(tmp_path / "first", prepared_dir)
    work(first, "train")
    with pytest.raises(ModelError, match=r"has the shape \(4, \d+\), this model wants \(8, ") as caught:
        work(_continued(tmp_path / "next", prepared_dir, first, lora_rank=8), "train")
    assert caught.value.code == "adapter_mismatch"


def test_finished_stages_are_not_done_again(tiny_run, work):
    work(tiny_run)
    before = {path: path.stat().st_mtime_ns for path in tiny_run.path.glob("predictions/*")}
    weights = sha256_file(tiny_run.adapter_dir / "adapter_model.safetensors")
    work(tiny_run)
    assert before == {path: path.stat().st_mtime_ns for path in tiny_run.path.glob("predictions/*")}
    assert weights == sha256_file(tiny_run.adapter_dir / "adapter_model.safetensors")


@pytest.fixture
def wish_after(monkeypatch):
    """Return a function that leaves a wish to stop right after the first event of a kind."""

    def arrange(run_dir, kind):
        write, wish = RunJournal.write, run_dir.requests_dir / "stop"
        run_dir.requests_dir.mkdir()

        def wishing(self, event, /, **data):
            write(self, event, **data)
            if event == kind:
                wish.touch()

        monkeypatch.setattr(RunJournal, "write", wishing)

        def forget():
            monkeypatch.setattr(RunJournal, "write", write)
            wish.unlink()

        return forget

    return arrange


def test_a_wish_to_stop_is_obeyed_and_resumed(tiny_run, work, wish_after):
    forget = wish_after(tiny_run, "step")
    with pytest.raises(Interrupted):
        work(tiny_run, "train")
    assert tiny_run.state() is RunState.STOPPED
    assert len(list_steps(tiny_run.read_events())) == 1
    forget()
    work(tiny_run, "train")
    assert [event.data["step"] for event in list_steps(tiny_run.read_events())] == list(range(1, 21))


def test_a_wish_to_stop_keeps_the_answers_so_far(tiny_run, work, wish_after):
    forget = wish_after(tiny_run, "progress")
    with pytest.raises(Interrupted, match="5 of 12 answers"):
        work(tiny_run, "predict:base")
    part = tiny_run.predictions_path("base", "test").with_suffix(".part")
    lines = part.read_bytes().splitlines(keepends=True)
    part.write_bytes(b"".join([*lines, *lines[:2], b'{"example_id": "torn']))  # a batch half written
    forget()
    work(tiny_run, "predict:base")
    ids = [row.example_id for row in tiny_run.read_rows("test")]
    assert [answer.example_id for answer in tiny_run.read_predictions("base", "test")] == ids
    assert not part.exists()


def test_cancel_is_for_good(tiny_run, work):
    tiny_run.requests_dir.mkdir()
    (tiny_run.requests_dir / "cancel").touch()
    with pytest.raises(Interrupted):
        work(tiny_run, "train")
    assert tiny_run.state() is RunState.CANCELLED
    (tiny_run.requests_dir / "cancel").unlink()
    with pytest.raises(RunError, match="cannot go on"):
        work(tiny_run, "train")
    assert tiny_run.state() is RunState.CANCELLED


def test_only_one_worker_holds_a_run(tiny_run, work):
    with program._lock(tiny_run), pytest.raises(RunError) as caught:
        work(tiny_run)
    assert caught.value.code == "run_is_busy"


def test_another_model_than_planned_is_refused(tiny_run, work, monkeypatch):
    spec = tiny_run.read_spec()
    files = {**spec.model.files, "model.safetensors": "0" * 64}
    tiny_run.save_spec(replace(spec, model=replace(spec.model, files=files)))
    with pytest.raises(RunError) as caught:
        work(tiny_run)
    assert caught.value.code == "model_differs"
    assert tiny_run.state() is RunState.FAILED
    assert tiny_run.read_events()[-1].data["code"] == "model_differs"


def test_a_full_disk_leaves_what_was_there(tiny_run, work, monkeypatch):
    from aliquot.errors import MachineError

    real, calls = os.replace, []

    def full_after_two(source, target):
        if "checkpoints" in str(target):
            calls.append(target)
            if len(calls) > 2:
                raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full_after_two)
        with pytest.raises(MachineError) as caught:
            work(tiny_run, "train")
    assert caught.value.code == "disk_full"
    assert len(list(tiny_run.checkpoints_dir.glob("step-*"))) == 2
    assert list(tiny_run.checkpoints_dir.glob(".*")) == []
    work(tiny_run, "train")
    assert tiny_run.adapter_dir.is_dir()


def test_a_torn_event_is_left_out_and_the_next_one_is_whole(tiny_run):
    with RunJournal(tiny_run) as journal:
        journal.write("state", state="running")
    with tiny_run.events_path.open("ab") as file:
        file.write(b'{"sequence":2,"at":"x","kind":"st')
    assert len(tiny_run.read_events()) == 1
    with RunJournal(tiny_run) as journal:
        journal.write("warning", code="x", message="y")
    assert [event.sequence for event in tiny_run.read_events()] == [1, 2]


def test_a_checkpoint_answers_as_a_model_of_its_own_name(tiny_run, work):
    work(tiny_run, "train", "predict:tuned")
    state = json.loads((max(tiny_run.checkpoints_dir.glob("step-*")) / "manifest.json").read_text())["state"]
    best = f"step-{state['best_step']:06d}"
    first = min(path.name for path in tiny_run.checkpoints_dir.glob("step-*"))
    assert first != best
    work(tiny_run, f"predict:{best}", f"predict:{first}")
    tuned, same, other = (tiny_run.read_predictions(name, "test") for name in ("tuned", best, first))
    # The adapter was published from the best checkpoint: to the last digit the same model.
    assert [p.label_probabilities for p in same] == [p.label_probabilities for p in tuned]
    assert [p.label_probabilities for p in other] != [p.label_probabilities for p in tuned]
    assert {p.model for p in same} == {best}
    source = tiny_run.find_source(best, "test")
    assert source.settings["checkpoint_sha256"] == sha256_file(
        tiny_run.checkpoints_dir / best / "manifest.json"
    )
    weights = sha256_file(tiny_run.adapter_dir / "adapter_model.safetensors")
    assert tiny_run.find_source("tuned", "test").settings["adapter_sha256"] == weights


def test_a_damaged_checkpoint_is_refused_by_its_manifest(tiny_run, work):
    work(tiny_run, "train")
    folder = min(tiny_run.checkpoints_dir.glob("step-*"))
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(RunError, match="does not have the hash of its manifest") as caught:
        work(tiny_run, f"predict:{folder.name}")
    assert caught.value.code == "checkpoint_damaged"
    assert not tiny_run.predictions_path(folder.name, "test").exists()


def test_another_split_is_answered_beside_the_test(tiny_run, work):
    work(tiny_run, "predict:base_nearest", split="validation")
    rows = tiny_run.read_rows("validation")
    answers = tiny_run.read_predictions("base_nearest", "validation")
    assert [answer.example_id for answer in answers] == [row.example_id for row in rows]
    assert {answer.split for answer in answers} == {"validation"}
    train = {row.prompt_sha256 for row in tiny_run.read_rows("train")}
    assert [answer.in_train for answer in answers] == [row.prompt_sha256 in train for row in rows]
    assert tiny_run.list_predictions() == [("base_nearest", "validation")]
    assert tiny_run.find_source("base_nearest", "validation").settings["num_shots"] == "2"
