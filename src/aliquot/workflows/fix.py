"""What ``check --fix`` writes: a corrected copy of the rows, and a list of every change. Never in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aliquot.core.dataset import SPLITS, Example
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.data.check import CheckedData
from aliquot.data.conversion import explain_exists, find_target, require_expressible, write_examples
from aliquot.data.findings import DROP_INVALID
from aliquot.data.packing import split_suffix
from aliquot.data.table import UNSPLIT
from aliquot.errors import InputError
from aliquot.workflows.readable import require_readable


def save_fixed(checked: CheckedData, out: Path | str) -> tuple[Path, ...]:
    """Write the corrected copy and ``<name>.changes.jsonl`` beside it; return the files written.

    Splits in the copy are those of the source: a split that was only made for the check is not written.

    Args:
        checked: What the check read, after ``repair_rows`` and other remedies.
        out: The copy; its ending tells the format, ``.jsonl`` writes chat messages, or plain texts as such.

    Raises:
        InputError: Rows are still wrong, a file is there already, or the format cannot express the rows;
            nothing is written then.
    """
    out = Path(out)
    require_readable(checked.found_reading, checked.report.num_rows, hint=_hint(checked))
    if out.exists():
        raise explain_exists(out)
    changes = out.with_name(f"{Path(split_suffix(out.name)[0]).stem}.changes.jsonl")
    if changes.exists():
        raise InputError(
            "There is such a list of changes already; it is not replaced.",
            code="file_exists",
            location=str(changes),
            hint="Give the copy another name.",
        )
    target = _find_target(checked, out)
    examples = list(_with_own_splits(checked))
    require_expressible(examples, target, checked.report.file)
    write_file(changes, encode_lines(checked.changes))  # first: a copy never stands without its list
    files = write_examples(examples, out, target, force=False)
    return (*files, changes)


def _with_own_splits(checked: CheckedData) -> Iterator[Example]:
    table = checked.table
    for place, code in enumerate(table.own_split_N.tolist()):
        yield replace(table.get(place), split=None if code == UNSPLIT else SPLITS[code])


def _find_target(checked: CheckedData, out: Path) -> str:
    target = find_target(out, None)
    return "plain_text" if target == "chat_jsonl" and checked.table.has_plain_texts else target


def _hint(checked: CheckedData) -> str:
    errors = [finding for finding in checked.found_reading if finding.severity == "error"]
    if errors and all(DROP_INVALID in finding.remedies for finding in errors):
        return f"Correct these rows, or leave them out with --set data.remedies='[{DROP_INVALID}]'."
    return ""
