"""Metrics of sets: examples by hand, bad answers, and scikit-learn where it defines the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import jaccard_score, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from aliquot.core.item_set import read_items
from aliquot.evaluation.metric import get_metric
from tests.fixtures.answers import make_answers

NAMES = ("set_match", "jaccard", "set_precision", "set_recall", "set_f1")


def _values(references, outputs, **more):
    answers = make_answers("set", references, outputs, **more)
    return {name: get_metric(name).compute(answers) for name in NAMES}


def test_the_worked_example():
    # shared / answered / expected: 2/2/2 in another order, 1/2/2, 1/1/3, nothing readable
    found = _values(["a; b", "a; b", "a; b; c", "a"], ["b; A", "a; d", "a", ""])
    assert found == pytest.approx(
        {
            "set_match": 1 / 4,
            "jaccard": (1 + 1 / 3 + 1 / 3) / 4,
            "set_precision": (1 + 1 / 2 + 1) / 4,
            "set_recall": (1 + 1 / 2 + 1 / 3) / 4,
            "set_f1": (1 + 1 / 2 + 1 / 2) / 4,
        }
    )


def test_raw_and_normalised_stand_side_by_side():
    answers = make_answers("set", ["CaO; TiO2"], ["TiO2; CaO"])
    assert get_metric("exact_match").compute(answers) == 0
    assert get_metric("set_match").compute(answers) == 1


@pytest.mark.parametrize(
    "output",
    [
        "",
        "CoCl",
        "COCl2; Li2CO3",
        "CoCl2",
        "CoCl2; Li2CO3; NaCl",
        "CoCl2, Li2CO3",
        "I would take CoCl2; Li2CO3",
    ],
    ids=["empty", "truncated", "phosgene", "too few", "too many", "other separator", "prose"],
)
def test_bad_answers_are_no_match(output):
    assert _values(["CoCl2; Li2CO3"], [output])["set_match"] == 0


def test_an_answer_that_was_cut_off_counts_as_nothing():
    assert set(_values(["a; b"], ["a; b"], status="truncated").values()) == {0.0}


def test_any_accepted_set_may_be_met_and_each_metric_takes_its_best():
    found = _values(["a; b; c"], ["d; e"], also_accepted=[("d; e", "d; e; f; g")])
    assert set(found.values()) == {1.0}
    found = _values(["a; b"], ["a; c; d"], also_accepted=[("c; d; e; f",)])
    assert found["set_precision"] == pytest.approx(2 / 3)
    assert found["set_recall"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("text", "separator", "items"),
    [
        ("CaO; TiO2;", ";", '["CaO","TiO2"]'),
        ("- iron\n- Zinc\n", "\n", '["iron","zinc"]'),
        ("b, a, a", ",", '["a","b"]'),
        ('["b", "a"]', ";", '["a","b"]'),
        ("[]", "json", "[]"),
        ("a; b", "json", None),
        (" ; ", ";", None),
        ("[1, 2]", "json", None),
    ],
)
def test_items_are_read_as_declared(text, separator, items):
    assert read_items(text, separator) == items


SETS = st.lists(st.sets(st.sampled_from("abcde"), min_size=1).map(sorted), min_size=3, max_size=3)


@settings(max_examples=60)
@given(SETS, SETS)
def test_scikit_learn_finds_the_same_means_over_samples(expected, answered):
    found = _values(["; ".join(items) for items in expected], ["; ".join(items) for items in answered])
    binarizer = MultiLabelBinarizer(classes=list("abcde"))
    true, said = binarizer.fit_transform(expected), binarizer.transform(answered)
    precision, recall, f1, _ = precision_recall_fscore_support(true, said, average="samples")
    assert found["set_precision"] == pytest.approx(precision)
    assert found["set_recall"] == pytest.approx(recall)
    assert found["set_f1"] == pytest.approx(f1)
    assert found["jaccard"] == pytest.approx(jaccard_score(true, said, average="samples"))
    assert found["set_match"] == pytest.approx(np.mean((true == said).all(axis=1)))
