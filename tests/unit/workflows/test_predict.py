import pytest

from aliquot.core.run import RunState
from aliquot.errors import InputError, RunError
from aliquot.workflows.evaluate import evaluate, has_new_predictions
from aliquot.workflows.predict import predict
from aliquot.workflows.report import report
from aliquot.workflows.train import train
from tests.fixtures.scripted import answer

QUICK = {"num_epochs": 1, "evaluate.num_resamples": 200}


def answers_as_told(run_dir, argv):
    from tests.fixtures.scripted import Journal

    Journal(run_dir).write("state", state="running")
    yield
    split = argv[argv.index("--split") + 1] if "--split" in argv else "test"
    for stage in argv[argv.index("--stages") + 1].split(","):
        answer(run_dir, stage.removeprefix("predict:"), is_right=True, split=split)
    Journal(run_dir).write("state", state="finished")


def test_training_alone_lets_no_model_answer_and_prediction_can_follow(data, surround):
    result = train(data, within=surround(), **QUICK)
    assert result.state is RunState.FINISHED
    assert result.evaluation is None
    within = surround(answers_as_told)
    result = predict(result.run_id, models=["tuned"], within=within)
    assert within.target.started[0][-2:] == ["--stages", "predict:tuned"]
    assert result.evaluation.get_result("tuned").primary.value == 1.0
    assert result.evaluation.get_result("majority") is not None


def test_an_unknown_model_is_refused(fixture_run, surround):
    with pytest.raises(InputError, match="Known: base, base_few_shot, base_nearest, tuned"):
        predict(fixture_run.run_id, models=["gpt"], within=surround())


def test_a_run_without_an_adapter_has_no_tuned_model(fixture_run, surround):
    with pytest.raises(RunError) as caught:
        predict(fixture_run.run_id, within=surround())
    assert caught.value.code == "not_trained"


def test_scoring_again_gives_the_same_report(fixture_run):
    first = evaluate(fixture_run.run_id)
    assert not has_new_predictions(fixture_run)
    assert evaluate(fixture_run.run_id) == first


def test_new_answers_are_noticed(fixture_run):
    evaluate(fixture_run.run_id)
    answer(fixture_run, "tuned", is_right=True)
    assert has_new_predictions(fixture_run)


def test_a_report_scores_what_was_not_scored_and_returns_its_paths(fixture_run):
    paths = report(fixture_run.run_id, only=["report_html"])
    assert paths == (fixture_run.report_path,)
    assert fixture_run.find_report() is not None


def test_an_unknown_artefact_is_refused(fixture_run):
    with pytest.raises(InputError):
        report(fixture_run.run_id, only=["report_pdf"])


@pytest.fixture
def is_prepared(monkeypatch, tmp_path):
    """The base of the run made by hand lies in the cache."""
    monkeypatch.setattr("aliquot.workflows.follow.get_model_dir", lambda run_dir: tmp_path)


def _keep(run_dir, *steps):
    for step in steps:
        (run_dir.checkpoints_dir / f"step-{step:06d}").mkdir(parents=True)


@pytest.mark.parametrize("given", ["step-000120", "step-120", "120"])
def test_a_checkpoint_answers_under_its_own_name(fixture_run, surround, is_prepared, given):
    _keep(fixture_run, 90, 120)
    within = surround(answers_as_told)
    result = predict(fixture_run.run_id, models=[given], within=within)
    assert within.target.started[0][-2:] == ["--stages", "predict:step-000120"]
    found = result.evaluation.get_result("step-000120")
    assert (found.title, found.primary.value) == ("checkpoint of step 120", 1.0)
    assert any("too good" in note for note in result.evaluation.notes)


def test_an_unknown_checkpoint_is_answered_with_those_there_are(fixture_run, surround):
    _keep(fixture_run, 1000000, 90, 120)
    with pytest.raises(InputError, match="It has step-000090, step-000120, step-1000000"):
        predict(fixture_run.run_id, models=["step-000121"], within=surround())


def test_another_split_is_scored_apart_from_the_test(fixture_run, surround, is_prepared):
    before = evaluate(fixture_run.run_id)
    within = surround(answers_as_told)
    result = predict(fixture_run.run_id, models=["base"], split="validation", within=within)
    rows = fixture_run.read_rows("validation")
    assert (result.evaluation.split, result.evaluation.num_items) == ("validation", len(rows))
    assert "validation items" in result.evaluation.headline
    assert fixture_run.find_report() == before, "the report of the test is as it was"
    assert evaluate(fixture_run.run_id, split="validation") == result.evaluation


def test_a_split_that_is_none_or_was_not_answered_is_refused(fixture_run, surround):
    with pytest.raises(InputError, match="no 'dev' rows") as caught:
        predict(fixture_run.run_id, models=["base"], split="dev", within=surround())
    assert caught.value.code == "unknown_split"
    with pytest.raises(RunError, match=r"predict .* --split train"):
        evaluate(fixture_run.run_id, split="train")


def test_the_few_shot_base_does_not_answer_the_rows_it_is_shown(fixture_run, surround):
    with pytest.raises(InputError, match="told their own answer"):
        predict(fixture_run.run_id, models=["base_few_shot"], split="train", within=surround())
