import pytest

from aliquot.config.given import load_given
from aliquot.core.run import RunState
from aliquot.errors import RunError
from aliquot.evaluation.evaluate import evaluate_run
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
