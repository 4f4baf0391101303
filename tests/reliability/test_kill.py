"""J1: killed with SIGKILL at any point and resumed equals never interrupted, to the last bit.

The worker runs in a forked child that kills itself at a named place, with dropout, two epochs, two micro
steps to a step, and prefixes shared or rows padded. Compared are adapter, loss of each step, rows of each
step, and the losses of single rows.
"""

import itertools
import math
import random
import signal

import pytest

from aliquot.core.run import RunState
from aliquot.plan import rules
from tests.fixtures.forked_worker import (
    die_at,
    note_rows,
    outcome_of,
    read_rows_seen,
    use_padded_layout,
    work_in_child,
)
from tests.fixtures.tiny_run import make_tiny_run

pytestmark = pytest.mark.reliability

CHANGES = {
    "num_steps": 20,
    "checkpoint_interval_steps": 4,
    "validation_interval_steps": 5,
    "micro_batch_size": 2,
    "lora_dropout": 0.1,
    "num_loss_rows": 8,
}
STORE = "aliquot.training.checkpoint:CheckpointStore"
STEP = "torch.optim:AdamW.step"
LAYOUTS = {"prefix_tree": (), "padded": (use_padded_layout,)}


def is_checkpoint(_source, target, **_):
    return "checkpoints/step-" in str(target)


def is_removal(_source, target, **_):
    return str(target).endswith(".removed")


def is_adapter(_source, target, **_):
    return str(target).endswith("/adapter")


def is_checkpoint_event(_journal, kind, **_):
    return kind == "checkpoint"


POINTS = {
    "before a checkpoint is begun": die_at(f"{STORE}.save", 2),
    "after its weights are written": die_at("aliquot.training.checkpoint:_save_tensors", 3, after=True),
    "after its moments are written": die_at("aliquot.training.checkpoint:_save_tensors", 4, after=True),
    "before its manifest is written": die_at("aliquot.training.checkpoint:encode_pretty", 3),
    "before its rename": die_at("os:replace", 3, when=is_checkpoint),
    "after its rename": die_at("os:replace", 3, after=True, when=is_checkpoint),
    "before old ones are removed": die_at(f"{STORE}._rotate", 3),
    "while an old one is removed": die_at("os:replace", 1, after=True, when=is_removal),
    "before its event": die_at("aliquot.worker.journal:RunJournal.write", 3, when=is_checkpoint_event),
    "after its event": die_at(
        "aliquot.worker.journal:RunJournal.write", 3, after=True, when=is_checkpoint_event
    ),
    "between two micro steps of the second epoch": die_at("aliquot.training.loss:seed_dropout", 28),
    "before a step of the second epoch is applied": die_at(STEP, 14),
    "after a step of the second epoch is applied": die_at(STEP, 14, after=True),
    "after the last step of an epoch": die_at(STEP, 10, after=True),
    "before the first step of an epoch": die_at(STEP, 11),
    "before a validation": die_at("aliquot.training.loop:mean_loss", 3),
    "while losses of single rows are measured": die_at("aliquot.worker.row_losses:write_file", 5),
    "before the adapter is published": die_at("os:replace", 1, when=is_adapter),
    "after the adapter is published": die_at("os:replace", 1, after=True, when=is_adapter),
}


@pytest.fixture(scope="module")
def whole(prepared_dir, tmp_path_factory):
    """The outcome of a run that nothing interrupts, by layout."""
    found = {}
    for layout, arranged in LAYOUTS.items():
        folder = tmp_path_factory.mktemp(layout)
        run_dir = make_tiny_run(folder / "run", prepared_dir, **CHANGES)
        assert (
            work_in_child(run_dir, prepared_dir, *arranged, note_rows(folder / "seen"), stages="train") == 0
        )
        found[layout] = (outcome_of(run_dir), read_rows_seen(folder / "seen"))
    assert found["padded"][0][0] != found["prefix_tree"][0][0], "the layouts round differently"
    return found


def kill_and_resume(folder, prepared_dir, deadly, layout):
    """Return whether the kill point was reached, and the outcome of the run that was resumed after it."""
    run_dir = make_tiny_run(folder / "run", prepared_dir, **CHANGES)
    arranged = (*LAYOUTS[layout], note_rows(folder / "seen"))
    code = work_in_child(run_dir, prepared_dir, *arranged, deadly, stages="train")
    assert code in (0, -signal.SIGKILL)
    assert work_in_child(run_dir, prepared_dir, *arranged, stages="train") == 0
    assert run_dir.state() is RunState.FINISHED
    return code != 0, (outcome_of(run_dir), read_rows_seen(folder / "seen"))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("point", POINTS)
def test_j1_killed_and_resumed_equals_never_interrupted(tmp_path, prepared_dir, whole, point, layout):
    was_killed, found = kill_and_resume(tmp_path, prepared_dir, POINTS[point], layout)
    assert was_killed, "the kill point was never reached"
    assert found == whole[layout]


def test_j1_killed_again_and_again(tmp_path, prepared_dir, whole):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **CHANGES)
    codes = iter(lambda: work_in_child(run_dir, prepared_dir, die_at("os:fsync", 12), stages="train"), 0)
    assert set(codes) == {-signal.SIGKILL}
    assert outcome_of(run_dir) == whole["prefix_tree"][0]


def test_j1_would_notice_a_moment_that_is_lost(tmp_path, prepared_dir, whole):
    """Negative control: without AdamW's moments a resumed run ends elsewhere."""
    from aliquot.training import checkpoint

    def forget():
        checkpoint._set_moments = lambda *_: None

    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **CHANGES)
    assert work_in_child(run_dir, prepared_dir, die_at(STEP, 14), stages="train") == -signal.SIGKILL
    assert work_in_child(run_dir, prepared_dir, forget, stages="train") == 0
    assert outcome_of(run_dir)[0] != whole["prefix_tree"][0][0]


def test_j1_predictions_are_the_same_after_a_kill(tmp_path, prepared_dir):
    answers = []
    for folder, deadly in (("whole", ()), ("cut", (die_at("aliquot.core.part_file:PartFile.append", 5),))):
        run_dir = make_tiny_run(tmp_path / folder, prepared_dir, **CHANGES)
        if deadly:
            assert work_in_child(run_dir, prepared_dir, *deadly) == -signal.SIGKILL
        assert work_in_child(run_dir, prepared_dir) == 0
        models = ("base", "base_few_shot", "tuned")
        answers.append([run_dir.predictions_path(model, "test").read_bytes() for model in models])
    assert answers[0] == answers[1]


SWEPT = {
    "renames": ("os:replace", False),
    "flushes": ("os:fsync", False),
    "events": ("aliquot.worker.journal:RunJournal._append", False),
    "micro steps": ("aliquot.training.loss:seed_dropout", False),
    "steps, before": (STEP, False),
    "steps, after": (STEP, True),
}


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_j1_every_kill_point(tmp_path, prepared_dir, whole):
    """Each call of each kind in both layouts, at least 200 kills."""
    num_kills = 0
    for (kind, (place, after)), layout in itertools.product(SWEPT.items(), LAYOUTS):
        for number in itertools.count(1):
            folder = tmp_path / f"{kind}-{layout}-{number}".replace(" ", "")
            folder.mkdir()
            deadly = die_at(place, number, after=after)
            was_killed, found = kill_and_resume(folder, prepared_dir, deadly, layout)
            assert found == whole[layout], (kind, layout, number)
            if not was_killed:
                break
            num_kills += 1
    assert num_kills >= 200


def test_j2_the_planned_interval_loses_at_most_five_minutes_and_a_twentieth_of_the_run():
    draw = random.Random(0)
    for _ in range(10_000):
        num_steps = draw.randint(1, 100_000)
        validations = draw.randint(1, num_steps)
        step_s = 10 ** draw.uniform(-3, 3)
        interval = rules.checkpoint_interval_steps(validations, step_s, num_steps).value
        assert 1 <= interval <= max(1, math.floor(0.05 * num_steps))
        assert interval == 1 or interval * step_s <= 300


def test_j2_a_kill_loses_no_more_than_the_interval(tmp_path, prepared_dir):
    for number in (3, 9, 13, 19):
        run_dir = make_tiny_run(tmp_path / str(number), prepared_dir, **CHANGES)
        work_in_child(run_dir, prepared_dir, die_at(STEP, number), stages="train")
        work_in_child(run_dir, prepared_dir, stages="train")
        resumed = [e.data["from_step"] for e in run_dir.read_events() if e.kind == "resumed"][-1]
        assert number - 1 - resumed < CHANGES["checkpoint_interval_steps"]
