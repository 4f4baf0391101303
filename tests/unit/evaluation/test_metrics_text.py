"""Metrics of short texts: examples by hand and bad answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.evaluation.metric import get_metric
from tests.fixtures.answers import make_answers


def _value(name, references, outputs, **more):
    return get_metric(name).compute(make_answers("text", references, outputs, **more))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exact_match", 1 / 4),
        ("normalised_match", 2 / 4),
        # kitten and sitting are 3 edits apart, the longer has 7 letters; "Abc." and "abc" 2 of 4.
        ("edit_similarity", (1 + 2 / 4 + 4 / 7 + 0) / 4),
        ("parse_failure_rate", 1 / 4),
    ],
)
def test_the_worked_example(name, value):
    found = _value(name, ["same", "abc", "sitting", "x"], ["same", "Abc.", "kitten", ""])
    assert found == pytest.approx(value)


def test_case_matters_to_the_exact_match_of_a_formula():
    assert _value("exact_match", ["CO"], ["Co"]) == 0.0
    assert _value("normalised_match", ["CO"], ["Co"]) == 1.0


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5), st.text(max_size=8))
def test_a_normalised_match_is_never_rarer_than_an_exact_one(references, output):
    outputs = [output] * len(references)
    exact, folded, similar = (
        _value(name, references, outputs) for name in ("exact_match", "normalised_match", "edit_similarity")
    )
    assert exact <= folded <= 1
    assert exact <= similar <= 1
