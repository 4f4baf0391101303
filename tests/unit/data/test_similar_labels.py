import pytest

from aliquot.data.similar_labels import check_similar_labels, group_spellings


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (("High", "high ", "high."), "case, space or a final mark"),
        (("non-polar", "nonpolar"), "hyphen"),
        (("non-polar", "non\u2013polar"), "hyphen"),
        (("non_polar", "non polar"), "hyphen"),
        (("acid", "acids"), "plural"),
        (("box", "axes", "class", "classes"), "plural"),
        (("colour", "color"), "a letter or two"),
        (("cyclohexane", "cyclohexene"), "a letter or two"),
    ],
)
def test_labels_that_look_alike_are_told_with_their_difference(labels, words):
    (finding,) = check_similar_labels(labels)
    assert finding.code == "similar_labels"
    assert words in finding.message
    assert (finding.severity == "note") == ("letter" in words)


@pytest.mark.parametrize(
    "labels",
    [
        ("high", "low", "+", "-", "?"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("category II", "category III"),
        ("symmetric", "asymmetric"),
        ("propanol", "propanal"),
        ("positive", "negative"),
        ("gas", "ga"),
        ("ethane", "ethene"),
        (),
        ("only",),
    ],
)
def test_labels_that_differ_in_meaning_are_not(labels):
    assert check_similar_labels(labels) == []


def test_very_many_labels_are_compared_in_their_forms_only():
    labels = [f"compound {number}x" for number in range(1500)] + ["Compound 7x"]
    (finding,) = check_similar_labels(labels)
    assert "'compound 7x' and 'Compound 7x'" in finding.message


@pytest.mark.parametrize("labels", [("-1", "1"), ("1-2", "12"), ("A-", "A"), ("A-", "A+"), ("1 2", "12")])
def test_signs_and_charges_and_numbers_are_no_spellings(labels):
    assert group_spellings(labels) == []


def test_hyphens_between_letters_are():
    assert group_spellings(["sol-gel", "sol gel", "solgel"]) == [["sol-gel", "sol gel", "solgel"]]
