"""The fixture run directory is a readable run, and the same every time."""

import pytest

from aliquot.core.run import RunState
from tests.fixtures.run_dirs import make_run_dir


@pytest.mark.parametrize("task_type", ["labels", "number", "text", "set", "json"])
def test_a_fixture_run_reads_back_whole(tmp_path, task_type):
    run_dir = make_run_dir(tmp_path, task_type=task_type)
    spec = run_dir.read_spec()
    rows = run_dir.read_rows("test")
    assert spec.task.task_type == task_type
    assert spec.data.overlap.test_prompts_in_train == 3
    assert run_dir.state() is RunState.FINISHED
    for model, split in run_dir.list_predictions():
        predictions = run_dir.read_predictions(model, split)
        assert [p.example_id for p in predictions] == [row.example_id for row in rows]
        assert [p.reference for p in predictions] == [row.reference for row in rows]


def test_an_unfinished_run_has_no_tuned_answers(tmp_path):
    run_dir = make_run_dir(tmp_path, with_tuned=False)
    assert ("tuned", "test") not in run_dir.list_predictions()
    assert run_dir.state() is RunState.RUNNING


def test_the_fixture_is_the_same_every_time(tmp_path):
    first, second = (make_run_dir(tmp_path / name) for name in "ab")
    for path in sorted(first.path.rglob("*.json*")):
        assert path.read_bytes() == (second.path / path.relative_to(first.path)).read_bytes()
