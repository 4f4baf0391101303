"""J11 and J12: a loss that is not finite is never applied, and one that climbs is told."""

import math
import random

import pytest
import torch

from aliquot.core.run import RunState
from aliquot.training.checkpoint import find_damage
from aliquot.training.divergence import LossTrace
from tests.fixtures.forked_worker import work_in_child
from tests.fixtures.tiny_run import make_tiny_run

pytestmark = pytest.mark.reliability


def poison(line):
    """Return an arrangement that makes the loss of the row of a line NaN, whenever it is computed."""

    def arrange():
        from aliquot.modeling import forward
        from aliquot.training import loss, supervised_loss
        from aliquot.worker import train

        encode, poisoned = train.encode_by_example, []

        def note(encoder, examples, training, **how):
            by_example = encode(encoder, examples, training, **how)
            for example, rows in zip(examples, by_example, strict=True):
                poisoned.extend(row.token_ids for row in rows if example.line == line)
            return by_example

        def losses(model, rows, layout):
            result = forward.token_losses(model, rows, layout)
            bad = [place for place, row in enumerate(rows) if row.token_ids in poisoned]
            is_bad = torch.isin(result.rows_Q, torch.tensor(bad, dtype=torch.long))
            factors = torch.where(is_bad, math.nan, 1.0)
            return forward.TokenLosses(
                result.losses_Q * factors, result.is_hit_Q, result.rows_Q, result.computed_tokens
            )

        train.encode_by_example = note
        loss.token_losses = supervised_loss.token_losses = losses

    return arrange


def test_j11_a_poisoned_row_stops_before_its_step_and_is_named(tmp_path, prepared_dir):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, checkpoint_interval_steps=1)
    line = 18
    assert work_in_child(run_dir, prepared_dir, poison(line), stages="train") == 1
    assert run_dir.state() is RunState.FAILED
    last = run_dir.read_events()[-1].data
    example = next(row for row in run_dir.read_rows("train") if row.line == line)
    assert last["code"] == "loss_not_finite"
    assert f"on the training rows line {line} ({example.example_id})." in last["message"]
    steps = [event.data["step"] for event in run_dir.read_events() if event.kind == "step"]
    assert f"at step {steps[-1] + 1}" in last["message"]
    newest = max(run_dir.checkpoints_dir.glob("step-*"))
    assert newest.name == f"step-{steps[-1]:06d}"
    assert find_damage(newest) is None
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0, "mended, it goes on"


def warned_at(losses):
    """Return the steps (from 1) at which a warning comes."""
    trace, steps = LossTrace(), []
    for step, loss in enumerate(losses, start=1):
        trace = trace.add(loss)
        if trace.begins_to_diverge:
            steps.append(step)
    return steps


def falling(number, *, seed=0, floor=0.05):
    """Losses of a run that goes well: falling, with the noise of small batches."""
    draw = random.Random(seed)
    return [
        max(0.0, 3 * math.exp(-step / 40) + floor) * draw.lognormvariate(0, 0.5) for step in range(number)
    ]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("start", [8, 20, 100, 300])
def test_j12_a_climbing_loss_is_told_within_twenty_steps(seed, start):
    losses = falling(start, seed=seed)
    level = max(1.0, 4 * sorted(losses[-50:])[len(losses[-50:]) // 2])
    draw = random.Random(seed)
    climbing = [level * 1.2 ** min(step, 20) * draw.lognormvariate(0, 0.2) for step in range(40)]
    steps = warned_at([*losses, *climbing])
    assert steps, "nothing was said"
    assert start < steps[0] <= start + 20


@pytest.mark.parametrize("seed", range(200))
def test_j12_nothing_is_said_of_a_run_that_goes_well(seed):
    """Negative control: noise, single spikes, and a plateau are no divergence."""
    losses = falling(600, seed=seed)
    losses[100] *= 30
    losses[300] *= 30
    assert warned_at(losses) == []


def test_j12_one_warning_for_one_divergence():
    assert len(warned_at([0.5] * 30 + [5.0] * 30)) == 1


def test_j12_a_rate_a_hundred_times_too_high_is_told_in_the_events_and_the_report(tmp_path, prepared_dir):
    from aliquot.workflows.progress import read_progress
    from aliquot.workflows.report import report

    def raise_the_rate():
        from aliquot.training import optimizer

        optimizer.learning_rate_at = lambda step, spec: spec.learning_rate * (100 if step >= 80 else 1)

    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, num_steps=110)
    assert work_in_child(run_dir, prepared_dir, raise_the_rate, stages="train") == 0
    warnings = [event.data for event in run_dir.read_events() if event.kind == "warning"]
    assert {warning["code"] for warning in warnings} == {"loss_diverging"}
    warning = warnings[0]  # a loss that swings may climb more than once
    assert "Step 8" in warning["message"] or "Step 9" in warning["message"]
    assert any("climbed" in sentence for sentence in read_progress(run_dir).warnings)
    report(run_dir.path, only=["report_html"])
    assert "climbed" in run_dir.report_path.read_text()
