from dataclasses import replace

import pytest

from aliquot.config.given import load_given
from aliquot.core.run import RunState
from aliquot.errors import InputError, RunError
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.workflows.compare import compare_runs
from aliquot.workflows.runs import delete_run, export_run_settings, list_runs, show_run
from tests.fixtures.run_dirs import make_run_dir
from tests.fixtures.scripted import ScriptedTarget, ignores_wishes


@pytest.fixture
def finished(runs_dir):
    runs_dir.mkdir(exist_ok=True)
    run_dir = make_run_dir(runs_dir)
    evaluate_run(run_dir)
    return run_dir


def test_a_run_is_summarised_with_its_result(finished):
    (one,) = list_runs()
    assert (one.state, one.is_interrupted) == (RunState.FINISHED, False)
    assert one.tuned.metric == "accuracy"
    assert (one.step, one.num_steps) == (15, finished.read_spec().training.num_steps)


def test_a_run_whose_worker_is_gone_is_interrupted(fixture_run):
    (one,) = list_runs()
    assert one.state is RunState.RUNNING and one.is_interrupted


def test_a_damaged_run_is_listed_with_its_problem(fixture_run):
    fixture_run.spec_path.write_text("{")
    (one,) = list_runs()
    assert "spec.json" in one.problem


def test_an_empty_folder_has_no_runs(tmp_path):
    assert list_runs(tmp_path / "nothing") == ()


def test_the_details_hold_the_specification(finished):
    details = show_run("last")
    assert details.spec == finished.read_spec()
    assert details.progress.state is RunState.FINISHED


def test_exported_settings_load_again(finished, tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text(export_run_settings("last"))
    assert load_given(path).settings.base == "smollm2-135m-instruct"


def test_a_deleted_run_is_gone(finished, runs_dir):
    assert delete_run(finished.run_id) == finished.run_id
    assert list(runs_dir.iterdir()) == []


def test_a_run_at_work_is_not_deleted(finished, surround):
    target = ScriptedTarget(ignores_wishes)
    target.start(finished, [])
    with pytest.raises(RunError) as caught:
        delete_run(finished.run_id, within=surround(target))
    assert caught.value.code == "run_is_busy"
    assert finished.spec_path.is_file()


def test_a_run_compared_with_a_worse_copy_of_itself_wins(finished, tmp_path):
    other = make_run_dir(tmp_path)
    worse = [replace(one, output="?") for one in other.read_predictions("tuned", "test")]
    other.save_predictions("tuned", "test", worse)
    record = compare_runs([finished.path, other.path])
    (comparison,) = record.comparisons
    assert comparison.difference > 0.5
    assert comparison.p_value < 0.001


def test_runs_with_other_rows_are_not_compared(finished, tmp_path):
    other = make_run_dir(tmp_path, task_type="text")
    with pytest.raises(RunError) as caught:
        compare_runs([finished.path, other.path])
    assert caught.value.code == "runs_differ"


def test_a_run_without_tuned_answers_is_not_compared(finished, tmp_path):
    other = make_run_dir(tmp_path, with_tuned=False)
    with pytest.raises(RunError, match="has not answered"):
        compare_runs([finished.path, other.path])


def test_a_run_is_not_compared_with_itself(finished):
    with pytest.raises(InputError) as caught:
        compare_runs([finished.path, finished.run_id])
    assert caught.value.code == "too_few_runs"
