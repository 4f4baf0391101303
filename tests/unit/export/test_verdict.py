from dataclasses import replace

import pytest

from aliquot.export.verdict import describe_asking, describe_place, group_findings, judge
from tests.fixtures.reports import make_finding, make_report


@pytest.mark.parametrize(
    ("severities", "sentence"),
    [
        ((), "Fit for training: no errors, no warnings"),
        (("note", "note"), "Fit for training: no errors, no warnings"),
        (("warning", "note"), "Fit for training: no errors, 1 warning"),
        (("error", "warning", "warning", "error"), "Not yet: 2 errors, 2 warnings"),
    ],
)
def test_errors_alone_forbid_training(severities, sentence):
    report = make_report(findings=tuple(map(make_finding, severities)))
    assert judge(report).sentence == sentence


def test_the_gravest_finding_gives_the_colour():
    assert judge(make_report()).severity == ""
    findings = tuple(map(make_finding, ("note", "error", "warning")))
    assert judge(make_report(findings=findings)).severity == "error"


@pytest.mark.parametrize(
    ("lines", "count", "most", "place"),
    [
        ((), 3, 10, ""),
        ((7,), 1, 10, "line 7"),
        ((7, 2006), 2, 10, "lines 7, 2,006"),
        (tuple(range(1, 11)), 1000, 10, "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 990 more"),
        (tuple(range(1, 11)), 10, 2, "lines 1, 2 and 8 more"),
    ],
)
def test_long_lists_of_lines_are_shortened_and_counted(lines, count, most, place):
    assert describe_place(make_finding("note", lines=lines, count=count), most) == place


def test_what_concerns_most_rows_comes_first_but_errors_keep_their_order():
    few, many = (make_finding("warning", lines=(9,), count=count) for count in (2, 70))
    whole = make_finding("warning", "The test is small.")
    assert group_findings([few, many, whole])["warning"] == [whole, many, few]
    errors = [replace(few, severity="error"), replace(many, severity="error")]
    assert group_findings(errors)["error"] == errors


def test_remedies_are_named_as_they_are_typed():
    assert describe_asking(make_finding("warning")) == ""
    finding = make_finding("warning", remedies=("drop_a", "keep_b"))
    assert describe_asking(finding) == "--set remedies=drop_a (or keep_b)"
