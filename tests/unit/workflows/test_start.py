"""Continuing from a run, a checkpoint or an adapter folder: what is taken over, and what is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.core.records import sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.errors import AliquotError, RunError
from aliquot.workflows.check import read_settings
from aliquot.workflows.pipeline import run
from aliquot.workflows.plan import make_plan
from aliquot.workflows.resume import resume
from aliquot.workflows.sweep import sweep
from tests.fixtures.reviews import write_reviews
from tests.fixtures.scripted import fails, finishes

WEIGHTS = "adapter_model.safetensors"


def write_weights(path: Path, *, width: int = 576, layer: int = 0) -> Path:
    """Write a safetensors file with one LoRA matrix."""
    key = f"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_A.weight"
    header = json.dumps(
        {key: {"dtype": "F32", "shape": [16, width], "data_offsets": [0, 64 * width]}}
    ).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(64 * width))
    return path


def trains(run_dir, argv):
    """A worker that leaves an adapter behind."""
    yield from finishes(run_dir, argv)
    write_weights(run_dir.adapter_dir / WEIGHTS)


@pytest.fixture
def first(data, surround):
    """A finished run."""
    return RunDir(Path(run(data, within=surround(trains), num_epochs=1, **{"train.lora_alpha": 64}).path))


@pytest.fixture
def planned(surround):
    def make(data, start, **settings):
        given = read_settings(None, {"train.start_from": str(start), **settings})
        return make_plan(data, given, surround())

    return make


@pytest.fixture
def other(tmp_path):
    return write_reviews(tmp_path / "other.jsonl", seed=2)


@pytest.fixture
def adapter(tmp_path):
    """A PEFT folder made elsewhere."""

    def make(width=576, layer=0, **options):
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        write_weights(folder / WEIGHTS, width=width, layer=layer)
        config = {
            "peft_type": "LORA",
            "r": 8,
            "lora_alpha": 16,
            "target_modules": ["v_proj", "q_proj"],
            "base_model_name_or_path": "smollm2-135m-instruct",
            **options,
        }
        (folder / "adapter_config.json").write_text(json.dumps(config))
        return folder

    return make


def choice_of(planned, name):
    return next(choice for choice in planned.resolved.plan.choices if choice.name == name)


def test_a_run_gives_its_base_rank_alpha_and_layers(first, planned, other):
    plan, spec = planned(other, first.run_id), first.read_spec()
    training = plan.resolved.training
    assert (training.lora_rank, training.lora_alpha) == (spec.training.lora_rank, 64)
    assert training.target_modules == spec.training.target_modules
    assert plan.base.name == spec.model.source.name
    assert "Training continues from" in choice_of(plan, "base").reason
    assert "whose adapter was made so" in choice_of(plan, "train.lora_alpha").reason


def test_the_new_run_holds_a_copy_and_its_hash(first, other, surround):
    result = run(other, within=surround(trains), num_epochs=1, **{"train.start_from": "last"})
    run_dir = RunDir(Path(result.path))
    start = run_dir.read_spec().start
    assert start.name == first.run_id
    assert start.sha256 == sha256_file(run_dir.start_path) == sha256_file(first.adapter_dir / WEIGHTS)
    # "last" would mean another run tomorrow.
    assert run_dir.read_spec().plan.get("train.start_from") == first.run_id
    report = (run_dir.path / "report.html").read_text()
    assert f"continued from the adapter of {first.run_id}" in report


def test_a_seed_that_is_made_later_continues_from_the_run_that_was_last_at_first(first, other, surround):
    result = run(other, seeds=2, within=surround(trains), num_epochs=1, **{"train.start_from": "last"})
    group = Path(result.path)
    later = RunDir(group.with_name(f"{group.name}-seed-1"))
    shutil.rmtree(later.path)
    resume(group, within=surround(trains))
    assert later.read_spec().start.name == first.run_id, "not the seed before it, which is the last run now"
    assert f"--start-from {first.run_id}" in later.read_spec().command


def test_a_sweep_looks_for_its_start_where_its_runs_are(first, other, surround, monkeypatch, tmp_path):
    monkeypatch.setenv("ALIQUOT_RUNS", str(tmp_path / "elsewhere"))
    with pytest.raises(RunError) as caught:  # the trials of this worker leave no losses
        sweep(
            other,
            runs_dir=first.path.parent,
            within=surround(fails),
            num_epochs=1,
            **{"train.start_from": first.run_id},
        )
    assert caught.value.code == "sweep_failed"


def test_rows_that_were_trained_on_or_tested_before_are_told(first, data, planned):
    again = planned(data, first.run_id, **{"data.seed": 7})
    point = again.start.point
    old, new = (
        {split: {row.prompt_sha256 for row in rows(split)} for split in ("train", "validation", "test")}
        for rows in (first.read_rows, again.checked.table.stored_examples)
    )
    assert set(point.prompts_seen) == new["test"] & (old["train"] | old["validation"])
    assert point.num_tests_trained == len(old["test"] & new["train"]) > 0
    warnings = again.resolved.plan.warnings
    assert any(f"on the prompts of {len(point.prompts_seen)} of the" in words for words in warnings)
    assert any("are training rows here" in words for words in warnings)


def test_fresh_rows_are_warned_of_nothing(first, planned, other):
    assert not [
        words for words in planned(other, first.run_id).resolved.plan.warnings if first.run_id in words
    ]


def test_a_checkpoint_is_named_with_its_run(first, planned, other):
    folder = first.checkpoints_dir / "step-000005"
    folder.mkdir(parents=True)
    write_weights(folder / WEIGHTS)
    (folder / "manifest.json").write_text("{}")
    assert planned(other, folder).start.point.name == f"{first.run_id}, step-000005"


def test_an_adapter_made_elsewhere_gives_its_base_rank_and_layers(adapter, planned, other):
    plan = planned(other, adapter())
    training = plan.resolved.training
    assert (training.lora_rank, training.lora_alpha) == (8, 16)
    assert training.target_modules == ("q_proj", "v_proj")
    assert plan.base.name == "smollm2-135m-instruct"


def test_numbers_of_an_adapters_configuration_may_be_written_with_a_point(adapter, planned, other):
    training = planned(other, adapter(r=8.0, lora_alpha=16.0)).resolved.training
    assert [repr(one) for one in (training.lora_rank, training.lora_alpha)] == ["8", "16"]


def refusal(planned, *args, **settings):
    with pytest.raises(AliquotError) as caught:
        planned(*args, **settings)
    return caught.value


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"train.lora_rank": 4}, "Found 4; the adapter of elsewhere has 8"),
        ({"train.lora_alpha": 4}, "Found 4; the adapter of elsewhere has 16"),
        ({"train.target_modules": ["q_proj"]}, "has q_proj, v_proj"),
        ({"train.method": "full"}, "Found full together with train.start_from"),
    ],
)
def test_settings_against_the_adapter_are_refused_with_both_values(adapter, planned, other, settings, found):
    error = refusal(planned, other, adapter(), **settings)
    assert error.code == "settings_impossible"
    assert found in error.message


@pytest.mark.parametrize(
    "options",
    [{"use_dora": True}, {"rank_pattern": {"q_proj": 4}}, {"modules_to_save": ["lm_head"]},
     {"peft_type": "IA3"}, {"target_modules": "all-linear"}, {"use_rslora": True}, {"bias": "all"},
     {"lora_alpha": 8.5}, {"lora_alpha": "much"}, {"lora_alpha": 0}],
)  # fmt: skip
def test_what_is_not_plain_lora_is_refused_by_name(adapter, planned, other, options):
    error = refusal(planned, other, adapter(**options))
    assert error.code == "start_impossible"
    assert next(iter(options)) in error.message


@pytest.mark.parametrize(
    ("shape", "why"), [({"width": 960}, "hidden size of 960, not 576"), ({"layer": 31}, "adapts layer 31")]
)
def test_an_adapter_for_another_shape_is_refused(adapter, planned, other, shape, why):
    error = refusal(planned, other, adapter(**shape))
    assert error.code == "start_base_differs"
    assert why in error.message


def test_a_run_on_another_base_is_refused_with_both_sides(first, planned, other):
    spec = first.read_spec()
    first.save_spec(replace(spec, model=replace(spec.model, files={"model.safetensors": "f" * 64})))
    error = refusal(planned, other, first.run_id)
    assert error.code == "start_base_differs"
    assert "ffffff" in error.message
    assert "here it is" in error.message


def test_a_run_that_trained_all_weights_is_offered_as_a_base(first, planned, other):
    spec = first.read_spec()
    first.save_spec(replace(spec, training=replace(spec.training, method="full")))
    error = refusal(planned, other, first.run_id)
    assert error.code == "start_impossible"
    assert f"--base {first.model_dir}" in error.hint


def test_an_unfinished_run_and_a_torn_file_are_refused(first, planned, other):
    weights = first.adapter_dir / WEIGHTS
    weights.write_bytes(b"\xff" * 20)
    assert refusal(planned, other, first.run_id).code == "corrupt_file"
    weights.unlink()
    assert refusal(planned, other, first.run_id).code == "start_impossible"
    assert refusal(planned, other, "nothing").code == "run_not_found"
