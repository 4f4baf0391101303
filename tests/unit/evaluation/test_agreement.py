import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.grade import Grade, GradeFile, GraderMeaning
from aliquot.evaluation.agreement import cohen_kappa, describe_grades
from aliquot.evaluation.resampling import Resampling

LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=30)


def _kappa(pairs):
    return float(cohen_kappa(dict(enumerate(pairs)), len(pairs))(np.ones((1, len(pairs))))[0])


def test_kappa_of_a_worked_example():
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert _kappa(pairs) == pytest.approx(0.4)  # observed 0.7, by chance 0.5


@given(LABELS)
def test_kappa_is_that_of_scikit_learn(pairs):
    from sklearn.metrics import cohen_kappa_score

    one, other = zip(*pairs, strict=True)
    if len(set(one) | set(other)) < 2 or (len(set(one)) == 1 and set(one) == set(other)):
        assert np.isnan(_kappa(pairs))
        return
    assert _kappa(pairs) == pytest.approx(cohen_kappa_score(one, other))


def test_agreement_is_over_the_answers_that_people_and_the_judge_labelled():
    grades = [Grade(example_id=str(n), value=1.0, label="pass" if n % 2 else "fail") for n in range(10)]
    grades[0] = Grade(example_id="0", value=0.0, error="model_grader_parse_error", detail="no result")
    human = {str(n): "pass" if n % 2 else "fail" for n in range(8)} | {"3": "fail"}
    file = GradeFile(
        meaning=GraderMeaning(name="judge", title="Judge", type="score_model", words="judged"),
        model="tuned", split="test", definition={}, definition_sha256="", answers_sha256="",
        grades=tuple(grades), human_labels=human,
    )  # fmt: skip
    resampling = Resampling(unit_N=np.arange(10), num_resamples=200, seed=0)
    result = describe_grades(file, [str(n) for n in range(10)], resampling, 0.95)
    assert result.errors == {"model_grader_parse_error": 1} and result.first_error == "no result"
    assert result.agreement is not None
    assert (result.agreement.num_items, result.agreement.share) == (7, pytest.approx(6 / 7))
    assert result.agreement.interval.low <= result.agreement.kappa <= result.agreement.interval.high
