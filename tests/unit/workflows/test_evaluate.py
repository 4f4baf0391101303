import pytest

from aliquot.core.records import encode_lines
from aliquot.errors import RunError
from aliquot.workflows.evaluate import evaluate, has_new_predictions
from tests.fixtures.run_dirs import make_run_dir


def test_answers_made_again_are_news(tmp_path):
    run_dir = make_run_dir(tmp_path)
    evaluate(run_dir.path)
    assert not has_new_predictions(run_dir)
    again = run_dir.read_predictions("tuned", "test")
    run_dir.predictions_path("tuned", "test").write_bytes(encode_lines(again))
    assert has_new_predictions(run_dir)


def test_a_run_without_answers_is_refused(tmp_path):
    run_dir = make_run_dir(tmp_path)
    for pair in run_dir.list_predictions():
        run_dir.predictions_path(*pair).unlink()
    with pytest.raises(RunError) as caught:
        evaluate(run_dir.path)
    assert caught.value.code == "no_predictions"
