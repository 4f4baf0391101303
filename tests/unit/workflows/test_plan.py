import pytest

from aliquot.errors import InputError
from aliquot.workflows.plan import require_metric


def test_a_metric_of_the_task_is_accepted_and_none_is_automatic():
    require_metric("macro_f1", "labels")
    require_metric(None, "labels")


def test_a_corrected_metric_needs_a_positive_label():
    require_metric("corrected_precision", "labels", has_unlabelled=True)
    with pytest.raises(InputError, match="no positive label says") as caught:
        require_metric("corrected_precision", "labels")
    assert caught.value.location == "evaluate.primary_metric"


@pytest.mark.parametrize(
    ("name", "code"), [("acuracy", "unknown_metric"), ("spearman", "metric_not_for_task")]
)
def test_a_metric_that_cannot_score_the_task_is_refused_before_training(name, code):
    with pytest.raises(InputError) as caught:
        require_metric(name, "labels")
    assert caught.value.code == code
