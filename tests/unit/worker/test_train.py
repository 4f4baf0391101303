"""What the training stage does around the loop: losses of single rows, a warm-up, selection by metric."""

import json
import math
from dataclasses import replace

import pytest

from aliquot.errors import Interrupted
from aliquot.worker import run as program
from aliquot.worker import warmup
from aliquot.worker.journal import RunJournal
from tests.fixtures.forked_worker import outcome_of
from tests.fixtures.tiny_run import make_tiny_run


@pytest.fixture
def work(tmp_path, prepared_dir, monkeypatch):
    """Return a function that trains a tiny run and gives its directory."""
    monkeypatch.setattr(RunJournal, "listen_for_signals", lambda self: None)

    def start(name="run", **training):
        run_dir = make_tiny_run(tmp_path / name, prepared_dir, **training)
        program.main([str(run_dir.path), "--model-dir", str(prepared_dir), "--stages", "train"])
        return run_dir

    return start


def test_losses_of_single_rows_average_to_the_validation_loss(work):
    run_dir = work(num_loss_rows=100)
    after = run_dir.read_row_losses("validation", "after")
    assert [row.example_id for row in after] == [row.example_id for row in run_dir.read_rows("validation")]
    best = [e.data["loss"] for e in run_dir.read_events() if e.kind == "validation" and e.data["is_best"]][-1]
    mean = sum(row.loss * row.num_tokens for row in after) / sum(row.num_tokens for row in after)
    assert mean == pytest.approx(best, rel=1e-4), "the weights that were chosen are the ones measured"
    before = {row.example_id: row.loss for row in run_dir.read_row_losses("train", "before")}
    learnt = {row.example_id: row.loss for row in run_dir.read_row_losses("train", "after")}
    assert before.keys() == learnt.keys()
    assert sum(learnt.values()) < sum(before.values())


def test_measured_rows_are_drawn_by_the_seed_and_bounded(work):
    first, second = work("a", num_loss_rows=5), work("b", num_loss_rows=5)
    ids = [row.example_id for row in first.read_row_losses("train", "before")]
    assert len(ids) == 5
    assert ids == [row.example_id for row in second.read_row_losses("train", "before")]
    assert not work("c").losses_path("train", "before").exists()


def test_a_warm_up_changes_no_bit_and_publishes_estimate_beside_measurement(work, monkeypatch):
    without = work("without", lora_dropout=0.1)
    assert "fewer than 60" in json.loads(without.measured_path.read_text())["no_warmup"]
    monkeypatch.setattr(warmup, "MIN_STEPS", 1)
    run_dir = work("with", lora_dropout=0.1)
    assert outcome_of(run_dir) == outcome_of(without)
    (event,) = [event.data for event in run_dir.read_events() if event.kind == "measured"]
    assert event == json.loads(run_dir.measured_path.read_text())
    assert event["s_per_step"] > 0
    assert event["planned_s_per_step"] > 0
    assert event["peak_memory_bytes"] > 0
    assert event["planned_memory_bytes"] > 0
    assert event["no_warmup"] == ""


def test_a_warm_up_settles_passes_that_fit(work, monkeypatch):
    from aliquot.training import loss, supervised_loss

    real = loss.token_losses

    def small(model, rows, layout):
        if sum(len(row.token_ids) for row in rows) > 60:
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory"
            )
        return real(model, rows, layout)

    monkeypatch.setattr(warmup, "MIN_STEPS", 1)
    for module in (loss, supervised_loss):
        monkeypatch.setattr(module, "token_losses", small)
    run_dir = work()
    assert json.loads(run_dir.measured_path.read_text())["max_pack_tokens"] < 100
    kinds = [event.kind for event in run_dir.read_events()]
    assert kinds.index("warning") < kinds.index("measured") < kinds.index("step"), (
        "settled before the first step"
    )


def test_the_metric_chooses_when_asked_and_is_the_same_after_a_resume(
    work, tmp_path, prepared_dir, monkeypatch
):
    changes = {"select_by": "metric", "num_steps": 20, "validation_interval_steps": 5}
    whole = work("whole", **changes)
    validations = [event.data for event in whole.read_events() if event.kind == "validation"]
    best = max(validations, key=lambda data: (data["score"], -data["loss"]))
    assert [data for data in validations if data["is_best"]][-1]["step"] == best["step"]
    assert all(0 <= data["score"] <= 1 for data in validations)

    cut = make_tiny_run(tmp_path / "cut", prepared_dir, **changes)
    real, seen = RunJournal.find_wish, []

    def stop_once(self):
        seen.append(1)
        return "stop" if len(seen) == 14 else real(self)

    monkeypatch.setattr(RunJournal, "find_wish", stop_once)
    arguments = [str(cut.path), "--model-dir", str(prepared_dir), "--stages", "train"]
    with pytest.raises(Interrupted):
        program.main(arguments)
    program.main(arguments)
    assert outcome_of(cut) == outcome_of(whole)


def test_a_score_goes_before_the_loss_and_ties_go_by_loss():
    from aliquot.training.checkpoint import TrainingState
    from aliquot.training.validation import judge
    from tests.fixtures.journal import ListJournal

    state = TrainingState(step=5)
    for step, loss, score in (
        (5, 1.0, 0.5),
        (10, 0.5, 0.5),
        (15, 2.0, 0.75),
        (20, 0.1, None),
        (25, 2.5, 0.75),
    ):
        state = judge(replace(state, step=step), loss, score, ListJournal())
    assert (state.best_step, state.best_score, state.num_worse) == (15, 0.75, 2)
    assert math.isfinite(state.best_loss)
