"""``settings.csv``: every setting with who set it, why and after whom."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from aliquot.core.records import as_plain
from aliquot.core.run_dir import RunDir
from aliquot.export.settings_table import list_settings
from aliquot.export.writer import Writer

COLUMNS = ("setting", "value", "unit", "set_by", "rule", "rule_value", "reason", "source", "alternatives")


def write_settings(run_dir: RunDir) -> str:
    """Return one line per setting; a value that is no text or number is JSON."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in list_settings(run_dir.read_spec()):
        table.writerow(
            (
                row.name,
                _cell(row.value),
                row.unit,
                row.set_by,
                row.rule,
                row.rule_text,
                row.reason,
                row.source,
                "; ".join(row.alternatives),
            )
        )
    return file.getvalue()


def _cell(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(as_plain(value), ensure_ascii=False)


WRITER = Writer(
    name="settings_csv",
    filename="settings.csv",
    title="Every setting with its reason, as a table (CSV)",
    write=write_settings,
    is_of_training=True,
)
