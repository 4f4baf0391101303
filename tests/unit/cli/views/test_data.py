from dataclasses import replace

import pytest
from rich.console import Console

from aliquot.cli.views.data import full
from aliquot.cli.views.layout import bar
from aliquot.core.dataset import RowField
from tests.fixtures.reports import make_finding, make_report


def _print(report, width=80, **options):
    console = Console(width=width, color_system=None, record=True, file=None, quiet=False)
    with console.capture() as capture:
        for part in full(report, **options):
            console.print(part)
    return capture.get()


def _squeezed(text):
    return " ".join(text.split())


def test_the_verdict_is_the_first_line_and_what_weighs_follows():
    findings = (
        make_finding("error", "Broken.", lines=(3,), remedy="Mend it."),
        make_finding("note", "Fine."),
    )
    lines = _print(make_report(findings=findings)).splitlines()
    assert lines[0].rstrip() == "✗ Not yet: 1 error, no warnings"
    assert [line.strip() for line in lines[3:6]] == ["✗  Broken.", "line 3", "→ Mend it."]


def test_notes_are_folded_to_a_line_each_unless_all_are_asked_for():
    note = make_finding("note", "word " * 40, lines=(1, 2), count=2, remedy="Look at them.")
    folded = _print(make_report(findings=(note,)))
    assert sum("word" in line for line in folded.splitlines()) == 1
    assert "Look at them." not in folded and "--all" in folded
    unfolded = _print(make_report(findings=(note,)), show_all=True)
    assert "Look at them." in unfolded and "lines 1, 2" in unfolded and "--all" not in unfolded


def test_long_lists_of_lines_are_shortened():
    warning = make_finding("warning", lines=tuple(range(1, 11)), count=900)
    assert "lines 1, 2, 3, 4, 5 and 895 more" in _print(make_report(findings=(warning,)))
    assert "9, 10 and 890 more" in _print(make_report(findings=(warning,)), show_all=True)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    labels = {f"a label of some length {number}": 1 for number in range(20)}
    splits = tuple(replace(one, label_counts=labels, num_examples=20) for one in make_report().splits)
    report = make_report(splits=splits, findings=(make_finding("warning", "x " * 200, remedy="y " * 100),))
    assert max(len(line) for line in _print(report, width).splitlines()) <= width


def test_labels_beyond_a_dozen_are_counted_and_shown_on_request():
    labels = tuple(f"label {number:02}" for number in range(20))
    counts = dict.fromkeys(labels, 1)
    splits = tuple(replace(one, label_counts=counts, num_examples=20) for one in make_report().splits)
    report = make_report(splits=splits, task=replace(make_report().task, labels=labels))
    assert "and 8 more labels (--all)" in _print(report)
    assert "label 19" in _print(report, show_all=True)


def test_markup_in_the_data_is_shown_as_it_is():
    splits = tuple(
        replace(one, label_counts={"[red]x[/red]": one.num_examples}) for one in make_report().splits
    )
    finding = make_finding("warning", "Found [bold]this[/bold].")
    fields = (RowField(name="[link]", kind="text", num_rows=1, is_metadata=True),)
    text = _print(make_report(splits=splits, findings=(finding,), fields=fields))
    assert all(words in text for words in ("[red]x[/red]", "[bold]this[/bold]", "[link]"))


def test_a_report_of_nothing_usable_is_shown_too():
    report = make_report(splits=(), num_examples=0, detectable=None)
    assert "12 rows, 0 usable" in _squeezed(_print(report))


@pytest.mark.parametrize(("share", "drawn"), [(0, ""), (0.001, "▏"), (0.25, "█"), (0.5, "██"), (1, "████")])
def test_bars_are_true_to_an_eighth_and_nothing_is_nothing(share, drawn):
    assert bar(share, 4) == drawn
