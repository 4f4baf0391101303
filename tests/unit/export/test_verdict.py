from dataclasses import replace

import pytest

from aliquot.export.verdict import describe_asking, group_findings, judge, list_places
from tests.fixtures.reports import make_finding, make_report
from tests.unit.export.test_source_files import make_source


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
    report = make_report(findings=tuple(make_finding(one, f"{n}") for n, one in enumerate(severities)))
    assert judge(report).sentence == sentence


def test_the_gravest_finding_gives_the_colour():
    assert judge(make_report()).severity == ""
    findings = tuple(map(make_finding, ("note", "error", "warning")))
    assert judge(make_report(findings=findings)).severity == "error"


@pytest.mark.parametrize(
    ("lines", "count", "most", "place"),
    [
        ((), 3, 10, None),
        ((7,), 1, 10, "line 7"),
        ((7, 2006), 2, 10, "lines 7, 2006"),
        (tuple(range(1, 11)), 1000, 10, "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 990 more"),
        (tuple(range(1, 11)), 10, 2, "lines 1, 2 and 8 more"),
    ],
)
def test_long_lists_of_lines_are_shortened_and_counted(lines, count, most, place):
    (kind,) = group_findings([make_finding("note", lines=lines, count=count)])["note"]
    assert list_places(kind, make_report(), most) == ([place] if place else [])


def test_one_kind_in_several_files_is_counted_once_and_each_file_has_its_lines():
    files = tuple(make_source(f"/home/me/set/{name}.csv") for name in ("train", "test", "more"))
    found = [
        make_finding("warning", file=file.name, lines=(3, line), count=number)
        for file, line, number in zip(files, (5, 7, 9), (2, 2, 12), strict=True)
    ]
    other = make_finding("warning", "The test is small.", file="/home/me/set")
    report = make_report(file="/home/me/set", files=files, findings=(*found, other))
    assert judge(report).tally == "no errors, 2 warnings"
    whole, kind = group_findings(report.findings)["warning"]
    assert list_places(whole, report) == []
    assert list_places(kind, report) == [
        "train.csv: lines 3, 5",
        "test.csv: lines 3, 7",
        "more.csv: lines 3, 9 and 10 more",
    ]
    assert (kind.first, kind.count) == (found[0], 16)


@pytest.mark.parametrize(
    "change", [{"code": "other"}, {"field": "other"}, {"message": "Other."}, {"severity": "note"}]
)
def test_what_differs_in_code_field_message_or_severity_is_another_kind(change):
    one = make_finding("error", lines=(1,))
    groups = group_findings([one, replace(one, file="other.csv", **change)])
    assert sum(map(len, groups.values())) == 2


def test_a_kind_in_very_many_files_names_the_first():
    found = [make_finding("note", file=f"{number}.csv", lines=(1,)) for number in range(40)]
    places = list_places(group_findings(found)["note"][0], make_report())
    assert places[0] == "0.csv: line 1" and places[-1] == "and in 35 more files" and len(places) == 6


def test_what_concerns_most_rows_comes_first_but_errors_keep_their_order():
    few, many = (make_finding("warning", lines=(9,), count=count) for count in (2, 70))
    whole = make_finding("warning", "The test is small.")
    few = replace(few, field="prompt")
    assert [kind.first for kind in group_findings([few, many, whole])["warning"]] == [whole, many, few]
    errors = [replace(few, severity="error"), replace(many, severity="error")]
    assert [kind.first for kind in group_findings(errors)["error"]] == errors


def test_remedies_are_named_as_they_are_typed():
    assert describe_asking(make_finding("warning")) == ""
    finding = make_finding("warning", remedies=("drop_a", "keep_b"))
    assert describe_asking(finding) == "--set remedies=drop_a (or keep_b)"
