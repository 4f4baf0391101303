from dataclasses import replace

import pytest

from aliquot.core.records import encode_lines
from aliquot.errors import RunError
from aliquot.evaluation import evaluate as module
from aliquot.workflows.evaluate import evaluate, has_new_predictions
from tests.fixtures.run_dirs import make_run_dir


def test_other_answers_are_news_and_the_same_ones_are_not(tmp_path):
    run_dir = make_run_dir(tmp_path)
    evaluate(run_dir.path)
    assert not has_new_predictions(run_dir)
    first, *others = run_dir.read_predictions("tuned", "test")
    run_dir.predictions_path("tuned", "test").write_bytes(encode_lines([first, *others]))
    assert not has_new_predictions(run_dir)
    changed = replace(first, output=first.output + "!")
    run_dir.predictions_path("tuned", "test").write_bytes(encode_lines([changed, *others]))
    assert has_new_predictions(run_dir)


def test_a_model_that_answers_while_others_are_scored_is_news_afterwards(tmp_path, monkeypatch):
    run_dir = make_run_dir(tmp_path)
    path = run_dir.predictions_path("tuned", "test")
    late = path.read_bytes()
    path.unlink()
    score = module.score_split

    def score_while_the_tuned_model_ends(*arguments):
        scored = score(*arguments)
        path.write_bytes(late)  # published before the report is, and not in it
        return scored

    monkeypatch.setattr(module, "score_split", score_while_the_tuned_model_ends)
    assert evaluate(run_dir.path).get_result("tuned") is None
    assert has_new_predictions(run_dir)
    monkeypatch.undo()
    assert evaluate(run_dir.path).get_result("tuned") is not None
    assert not has_new_predictions(run_dir)


def test_a_run_without_answers_is_refused(tmp_path):
    run_dir = make_run_dir(tmp_path)
    for pair in run_dir.list_predictions():
        run_dir.predictions_path(*pair).unlink()
    with pytest.raises(RunError) as caught:
        evaluate(run_dir.path)
    assert caught.value.code == "no_predictions"
