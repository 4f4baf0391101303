"""An Excel workbook: the one sheet whose first line names known columns; formulas give their last values."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from aliquot.config.settings import DataSettings
from aliquot.data.cells import as_json_value
from aliquot.data.format import Detection, Format, Problem, Row
from aliquot.data.json_lines import blank_line
from aliquot.data.shapes import find_any_shape
from aliquot.data.source import Sample, Source
from aliquot.data.tables import Record, explain_no_columns, read_records, require_unique
from aliquot.errors import AliquotError, InputError

MAX_BYTES = 512_000_000
"""What a workbook may unpack to: it is held in memory."""


class _Sheet(NamedTuple):
    name: str
    header: list[str]
    rows: list[list[Any]]
    start: int
    """1-based row of the header."""


def detect(sample: Sample) -> Detection | None:
    """Recognise a workbook by its content."""
    if sample.kind != "workbook":
        return None
    return Detection("It is an Excel workbook; the sheet whose first line names known columns is read.")


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows of the sheet, each with its row number.

    Raises:
        InputError: It is damaged, or not exactly one sheet has known columns.
    """
    _require_size(source.path)
    sheets = _read_sheets(source)
    fitting = [sheet for sheet in sheets if _is_known(sheet, source.settings)]
    if len(fitting) > 1:
        raise InputError(
            f"The sheets {' and '.join(repr(sheet.name) for sheet in fitting)} both have known columns.",
            code="ambiguous_sheet",
            location=source.name,
            hint="Keep one of them in the workbook, or save the one you mean as CSV.",
        )
    if not fitting:
        raise _explain_none(sheets, source)
    message = f"The sheet {fitting[0].name!r} was read ({len(sheets)} in the workbook)."
    yield Problem(code="sheet_read", severity="note", message=message)
    yield from read_records(_list_records(fitting[0]), source, only_flat=True)


def read_cells(source: Source) -> Iterator[Record | Problem]:
    """Yield each row's cells by the names of the first line, whatever these are, of the only sheet.

    Raises:
        InputError: It is damaged, or several sheets hold cells.
    """
    _require_size(source.path)
    sheets = _read_sheets(source)
    if len(sheets) > 1:
        names = ", ".join(repr(sheet.name) for sheet in sheets)
        raise InputError(
            f"The workbook has {len(sheets)} sheets, {names}; which one is meant cannot be told.",
            code="ambiguous_sheet",
            location=source.name,
            hint="Keep one of them in the workbook, or save the one you mean as CSV.",
        )
    for sheet in sheets:
        yield from _list_records(sheet)


def _read_sheets(source: Source) -> list[_Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with source.path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
            named = [
                (name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
                for name in workbook.sheet_names
            ]
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"The workbook cannot be read: {error}.",
            code="damaged_file",
            location=source.name,
            hint="Open it in a spreadsheet program and save it again, or save the sheet as CSV.",
        ) from error
    return [
        _as_sheet(name, rows) for name, rows in named if any(any(cell != "" for cell in row) for row in rows)
    ]


def _as_sheet(name: str, rows: list[list[Any]]) -> _Sheet:
    start = next(index for index, row in enumerate(rows) if any(cell != "" for cell in row))
    cells = [str(cell).strip() for cell in rows[start]]
    header = [cell or f"column_{index}" for index, cell in enumerate(cells, start=1)]
    return _Sheet(name, header, rows[start + 1 :], start + 1)


def _is_known(sheet: _Sheet, settings: DataSettings) -> bool:
    try:
        objects = [dict.fromkeys(sheet.header, "")]
        return find_any_shape(objects, settings, sheet.name, only_flat=True) is not None
    except AliquotError:  # columns that were set are not in this sheet
        return False


def _explain_none(sheets: list[_Sheet], source: Source) -> InputError:
    columns = [column for sheet in sheets for column in sheet.header]
    if len(sheets) == 1:  # says which column that was set is not there
        find_any_shape([dict.fromkeys(columns, "")], source.settings, source.name, only_flat=True)
    return explain_no_columns(columns, source.name)


def _list_records(sheet: _Sheet) -> Iterator[Record | Problem]:
    require_unique(sheet.header, sheet.name)
    for number, cells in enumerate(sheet.rows, start=sheet.start + 1):
        if all(cell == "" for cell in cells):
            yield blank_line(number)
        else:
            yield number, {key: as_json_value(cell) for key, cell in zip(sheet.header, cells, strict=True)}


def _require_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(
            f"The workbook is damaged: {error}.",
            code="damaged_file",
            location=str(path),
            hint="Copy or upload it again.",
        ) from error
    if size > MAX_BYTES:
        raise InputError(
            f"The workbook unpacks to {size / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:.0f} MB.",
            code="archive_too_large",
            location=str(path),
            hint="Save the sheet as CSV.",
        )


FORMAT = Format(name="xlsx_table", title="Excel workbook", detect=detect, read=read)
