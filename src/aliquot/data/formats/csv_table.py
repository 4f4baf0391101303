"""A table of texts: CSV or TSV with a header line, as spreadsheets save it; columns as set or as named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aliquot.core.dataset import Example
from aliquot.data.columns import PAIRS
from aliquot.data.format import Detection, Format, Problem, Row, Writer
from aliquot.data.json_lines import blank_line, describe_broken
from aliquot.data.shapes import find_any_shape, note_unused
from aliquot.data.source import MAX_LINE_BYTES, Broken, Sample, Source
from aliquot.data.tables import Record, explain_no_columns, require_unique
from aliquot.data.writing import as_pair, explain_pair

_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons"}
_OWN = ("system", "prompt", "completion", "split")
_MEANT = frozenset(
    (*_OWN, "messages", "conversations", "chosen", "rejected", *(name for pair in PAIRS for name in pair))
)
"""Names of columns that would be read as something else than metadata."""


class _Header(NamedTuple):
    delimiter: str
    cells: list[str]


def detect(sample: Sample) -> Detection | None:
    """Recognise a first line that names known columns, or those that were set."""
    header = _find_header(sample)
    if header is None:
        return None
    objects = [dict.fromkeys(header.cells, "")]
    shape = find_any_shape(objects, sample.settings, sample.filename, only_flat=True)
    if shape is None:
        return None
    parted = _DELIMITERS[header.delimiter]
    return Detection(f"The first line names the columns {shape.fields}, separated by {parted}.")


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows; a quoted cell may span lines.

    Raises:
        InputError: The first line names no known columns, or one column twice.
    """
    header = _require_header(source)
    objects = [dict.fromkeys(header.cells, "")]
    shape = find_any_shape(objects, source.settings, source.name, only_flat=True)
    if shape is None:
        raise explain_no_columns(header.cells, f"{source.name}:1")
    yield from note_unused(shape, source.settings)
    for record in _read_named(source, header):
        if isinstance(record, Problem):
            yield record
        else:
            yield from shape.read(*record)


def read_cells(source: Source) -> Iterator[Record | Problem]:
    """Yield each record's cells by the names of the first line, whatever these are.

    Raises:
        InputError: The first line names no columns, or one twice.
    """
    yield from _read_named(source, _require_header(source))


def _require_header(source: Source) -> _Header:
    header = _find_header(source.sample())
    if header is None:
        raise explain_no_columns(["no header line"], f"{source.name}:1")
    require_unique(header.cells, f"{source.name}:1")
    return header


def _read_named(source: Source, header: _Header) -> Iterator[Record | Problem]:
    for item in _read_records(source, header.delimiter):
        yield item if isinstance(item, Problem) else _read_record(*item, header)


def _read_record(line: int, cells: list[str], header: _Header) -> Record | Problem:
    expected = len(header.cells)
    if len(cells) != expected:
        return Problem(
            code="wrong_number_of_cells",
            message=f"The row has {len(cells)} cells; the header names {expected} columns.",
            line=line,
            remedy="Put cells that contain the separator between double quotes.",
        )
    bad = next((name for name, cell in zip(header.cells, cells, strict=True) if not _is_clean(cell)), None)
    if bad is not None:
        message = f'The cell "{bad}" is not valid UTF-8; the file may be Latin-1 or Windows-1252.'
        return Problem(code="invalid_utf8", message=message, line=line, field=bad, remedy="Save it as UTF-8.")
    return line, dict(zip(header.cells, cells, strict=True))


def _read_records(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]] | Problem]:
    """Yield each record after the header with the line on which it begins."""
    broken: list[Problem] = []
    numbers: list[int] = []  # physical lines given to the csv module and not yet made into a record
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(_decode_lines(source, broken, numbers), delimiter=delimiter, strict=True)
    has_header = False
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            yield from broken
            return
        except csv.Error as error:
            yield from broken
            yield Problem(
                code="invalid_csv",
                message=f"The row is not valid CSV: {error}{_span(numbers)}.",
                line=numbers[0],
                remedy="Close every double quote, and write a double quote inside a cell twice.",
            )
        else:
            yield from broken
            if not cells:
                yield blank_line(numbers[0])
            elif has_header:
                yield numbers[0], cells
            has_header = has_header or bool(cells)
        broken.clear()
        numbers.clear()


def _decode_lines(source: Source, broken: list[Problem], numbers: list[int]) -> Iterator[str]:
    for count, item in enumerate(source.lines()):
        if isinstance(item, Broken):
            broken.append(describe_broken(item, count))
        else:
            numbers.append(item.number)
            yield item.data.decode("utf-8", "surrogateescape") + "\n"


def _span(numbers: list[int]) -> str:
    """Say how many lines an unclosed quote swallowed."""
    return f" (lines {numbers[0]} to {numbers[-1]} were read as one row)" if len(numbers) > 1 else ""


def _is_clean(cell: str) -> bool:
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _find_header(sample: Sample) -> _Header | None:
    """Return the cells of the first line, parted by what parts it into most."""
    if not sample.lines or sample.lines[0].lstrip()[:1] in (b"{", b"[", b"<"):
        return None
    first = sample.lines[0].decode("utf-8", "surrogateescape")
    headers = []
    for delimiter in _DELIMITERS:
        try:
            cells = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter, strict=True))]
        except (csv.Error, StopIteration):
            continue
        named = [cell or f"column_{index}" for index, cell in enumerate(cells, start=1)]
        headers.append(_Header(delimiter, named))
    return max(headers, key=lambda header: len(header.cells), default=None)


def _explain(example: Example) -> str:
    reason = explain_pair(example)
    if reason:
        return reason
    if any("\r" in cell for cell in (*as_pair(example), *example.metadata.values())):
        return "a text holds a carriage return, which tables do not keep"
    taken = next(
        (key for key in example.metadata if key.strip().casefold() in _MEANT or not _is_name(key)), None
    )
    return "" if taken is None else f"its metadata field {taken!r} cannot be the name of a column"


def _is_name(key: str) -> bool:
    return bool(key) and key == key.strip() and "\n" not in key and "\r" not in key


def write(examples: Sequence[Example], filename: str) -> Iterator[bytes]:
    """Yield the table, one column for each metadata field; a name that ends in ``.tsv`` gets tabs."""
    keys = list(dict.fromkeys(key for example in examples for key in example.metadata))
    buffer = io.StringIO()
    table = csv.writer(buffer, delimiter="\t" if ".tsv" in filename.lower() else ",", lineterminator="\n")
    table.writerow([*_OWN, *keys])
    for example in examples:
        values = (example.metadata.get(key, "") for key in keys)
        table.writerow([*as_pair(example), example.split or "", *values])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


FORMAT = Format(
    name="csv_table",
    title="table, CSV or TSV",
    detect=detect,
    read=read,
    writer=Writer(_explain, write, (".csv", ".tsv")),
)
