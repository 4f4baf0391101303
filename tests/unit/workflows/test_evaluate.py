import pytest

from aliquot.core.records import encode_lines
from aliquot.errors import InputError, RunError
from aliquot.workflows.evaluate import evaluate, has_new_predictions
from tests.fixtures.run_dirs import make_run_dir


def test_answers_made_again_are_news(tmp_path):
    run_dir = make_run_dir(tmp_path)
    evaluate(run_dir.path)
    assert not has_new_predictions(run_dir)
    again = run_dir.read_predictions("tuned", "test")
    run_dir.predictions_path("tuned", "test").write_bytes(encode_lines(again))
    assert has_new_predictions(run_dir)


@pytest.mark.parametrize("split", ["banana", "../test", ""])
def test_an_unknown_split_is_refused(tmp_path, split):
    with pytest.raises(InputError) as caught:
        evaluate(make_run_dir(tmp_path).path, split=split)
    assert caught.value.code == "unknown_split"


def test_a_split_that_no_model_has_answered_is_refused(tmp_path):
    with pytest.raises(RunError) as caught:
        evaluate(make_run_dir(tmp_path).path, split="validation")
    assert caught.value.code == "no_predictions"
