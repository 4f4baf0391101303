"""What ``check --fix`` writes: a corrected copy of the rows, and a list of every change. Never in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aliquot.core.dataset import SPLITS, Example
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.data.check import CheckedData
from aliquot.data.conversion import find_target, require_expressible, write_examples
from aliquot.data.table import UNSPLIT
from aliquot.errors import InputError


def save_fixed(checked: CheckedData, out: Path | str) -> tuple[Path, ...]:
    """Write the corrected copy and ``<name>.changes.jsonl`` beside it; return the files written.

    Splits in the copy are those of the source: a split that was only made for the check is not written.

    Args:
        checked: What the check read, after ``repair_rows`` and other remedies.
        out: The copy; its ending tells the format, ``.jsonl`` writes chat messages.

    Raises:
        InputError: Rows are still wrong (``rows_still_wrong``), a file is there already, or the format
            cannot express the rows; nothing is written then.
    """
    out = Path(out)
    _require_whole(checked)
    changes = out.with_name(f"{out.name.partition('.')[0]}.changes.jsonl")
    if changes.exists():
        raise InputError(
            "There is such a list of changes already; it is not replaced.",
            code="file_exists",
            location=str(changes),
            hint="Give the copy another name.",
        )
    target = find_target(out, None)
    examples = list(_with_own_splits(checked))
    require_expressible(examples, target, checked.report.file)
    files = write_examples(examples, out, target, force=False)
    write_file(changes, encode_lines(checked.changes))
    return (*files, changes)


def _with_own_splits(checked: CheckedData) -> Iterator[Example]:
    table = checked.table
    for place, code in enumerate(table.own_split_N.tolist()):
        yield replace(table.get(place), split=None if code == UNSPLIT else SPLITS[code])


def _require_whole(checked: CheckedData) -> None:
    """Raise when rows would be missing from the copy without anybody having asked for it."""
    wrong = [item for item in checked.report.findings if "drop_invalid" in item.remedies]
    if not wrong:
        return
    first = min(wrong, key=lambda item: item.lines)
    more = f" ({len(wrong) - 1} more kinds of errors.)" if len(wrong) > 1 else ""
    raise InputError(
        f"{first.message}{more} Nothing was written, so that no row is lost.",
        code="rows_still_wrong",
        location=f"{first.file}:{first.lines[0]}",
        hint="Correct these rows, or leave them out with --set data.remedies='[drop_invalid]'.",
    )
