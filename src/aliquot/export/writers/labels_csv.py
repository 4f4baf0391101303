"""``labels.csv``: precision, recall and F1 of each model on each label, with the counts behind them."""

from __future__ import annotations

import csv
import io

from aliquot.core.run_dir import RunDir
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.export.writer import Writer

COLUMNS = ("model", "label", "num_expected", "num_answered", "num_right", "precision", "recall", "f1")


def write_labels(run_dir: RunDir) -> str | None:
    """Return one line per model and label, None for other tasks; a share that is undefined is empty."""
    report = run_dir.find_report()
    if report is None or not report.per_label:
        return None
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for each in report.per_label:
        for one in each.labels:
            counts = (one.num_expected, one.num_answered, one.num_right)
            table.writerow((each.model, safe_cell(one.label), *counts, one.precision, one.recall, one.f1))
    return file.getvalue()


WRITER = Writer(
    name="labels_csv",
    filename="labels.csv",
    title="Precision, recall and F1 of each label (CSV)",
    write=write_labels,
)
