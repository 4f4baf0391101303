"""A table with a prompt and an answer column: CSV or TSV with a header line, as spreadsheets save it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple

from aliquot.data.columns import Columns, find_columns, list_pairs, read_row
from aliquot.data.format import Detection, Format, Problem, Row
from aliquot.data.json_lines import blank_line, describe_broken
from aliquot.data.source import MAX_LINE_BYTES, Broken, Sample, Source
from aliquot.errors import InputError

_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons"}


class _Header(NamedTuple):
    delimiter: str
    cells: list[str]
    columns: Columns


def detect(sample: Sample) -> Detection | None:
    """Recognise a first line that names a known pair of columns."""
    header = _find_header(sample)
    if header is None:
        return None
    parted = _DELIMITERS[header.delimiter]
    return Detection(f"The first line names the columns {header.columns.describe()}, separated by {parted}.")


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows as conversations of one turn; a quoted cell may span lines.

    Raises:
        InputError: The first line names no known pair of columns, or one column twice.
    """
    header = _find_header(source.sample())
    if header is None:
        raise InputError(
            "The first line names no known pair of columns.",
            code="missing_columns",
            location=f"{source.path}:1",
            hint=f"Name two columns as one of these pairs: {list_pairs()}.",
        )
    _require_unique(header.cells, source)
    names = header.columns.names()
    for item in _read_records(source, header.delimiter):
        if isinstance(item, Problem):
            yield item
        else:
            yield from _read_record(*item, header, names)


def _read_record(
    line: int, cells: list[str], header: _Header, names: dict[str, str]
) -> Iterator[Row | Problem]:
    expected = len(header.cells)
    if len(cells) != expected:
        yield Problem(
            code="wrong_number_of_cells",
            message=f"The row has {len(cells)} cells; the header names {expected} columns.",
            line=line,
            remedy="Put cells that contain the separator between double quotes.",
        )
        return
    bad = next((name for name, cell in zip(header.cells, cells, strict=True) if not _is_clean(cell)), None)
    if bad is not None:
        message = f'The cell "{bad}" is not valid UTF-8; the file may be Latin-1 or Windows-1252.'
        yield Problem(code="invalid_utf8", message=message, line=line, field=bad, remedy="Save it as UTF-8.")
        return
    value: dict[str, Any] = dict(zip(header.cells, cells, strict=True))
    yield from read_row(line, value, header.columns, names)


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
    if not sample.lines:
        return None
    first = sample.lines[0].decode("utf-8", "surrogateescape")
    for delimiter in _DELIMITERS:
        try:
            cells = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter, strict=True))]
        except (csv.Error, StopIteration):
            continue
        columns = find_columns(cells)
        if columns is not None:
            cells = [cell or f"column_{index}" for index, cell in enumerate(cells, start=1)]
            return _Header(delimiter, cells, columns)
    return None


def _require_unique(cells: list[str], source: Source) -> None:
    twice = next((cell for cell in cells if cells.count(cell) > 1), None)
    if twice is not None:
        raise InputError(
            f'The column "{twice}" appears twice.',
            code="duplicate_column",
            location=f"{source.path}:1",
            hint="Rename or remove one of the two.",
        )


FORMAT = Format(name="csv_table", title="table, CSV or TSV", detect=detect, read=read)
