from dataclasses import replace

from aliquot.core.result import LabelScores, PerLabel
from aliquot.export.page.labels import MAX_LABELS, describe_calibration, describe_labels


def _many(report, number):
    one = LabelScores(
        label="x", num_expected=0, num_answered=0, num_right=0, precision=None, recall=None, f1=None
    )
    return replace(report, per_label=(PerLabel(model="tuned", labels=(one,) * number),))


def test_the_tuned_table_comes_first_and_holds_the_counts_of_the_confusion_matrix(scored_run):
    report = scored_run().find_report()
    tables = describe_labels(report)
    assert [table.title for table in tables][:2] == ["Tuned", "Base"]
    confusion = next(each for each in report.confusions if each.model == "tuned")
    for place, row in enumerate(tables[0].rows):
        column = [counts[place] for counts in confusion.counts]
        right = confusion.counts[place][place]
        assert row[1:4] == (str(sum(confusion.counts[place])), str(sum(column)), str(right))
        assert row[4] == f"{right / sum(column):.2f}"
        assert row[5] == f"{right / sum(confusion.counts[place]):.2f}"


def test_undefined_shares_are_dashes_and_labels_beyond_the_table_are_counted(scored_run):
    (table,) = describe_labels(_many(scored_run().find_report(), MAX_LABELS + 3))
    assert table.rows[0] == ("x", "0", "0", "0", "–", "–", "–")
    assert (len(table.rows), table.num_left_out) == (MAX_LABELS, 3)


def test_each_panel_has_its_sentence(scored_run):
    found = describe_calibration(scored_run().find_report())
    assert found.has_intervals
    assert found.svg.count("<circle") >= len(found.sentences) > 1
    assert found.sentences[0].startswith("Tuned is on average")


def test_other_tasks_have_neither(scored_run):
    report = scored_run("number").find_report()
    assert describe_labels(report) == ()
    assert describe_calibration(report) is None
