"""The records of any file, whatever its fields are called: tables, arrays, JSON Lines, lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.data.format import Problem
from aliquot.data.formats import csv_table, json_array, parquet_table, xlsx_table
from aliquot.data.json_lines import blank_line, describe_broken, read_objects
from aliquot.data.source import Broken, Source
from aliquot.data.tables import Record

TEXT = "prompt"
"""What the only field of a line of plain text is called."""


def read_record_file(source: Source) -> Iterator[Record | Problem]:
    """Yield each record with its line, or the problem that stands for it.

    In a ``.txt`` file each line is a record.

    Raises:
        InputError: It is damaged, names no columns, or is a workbook of several sheets.
    """
    if source.kind in ("parquet", "arrow"):
        return parquet_table.read_cells(source)
    if source.kind == "workbook":
        return xlsx_table.read_cells(source)
    if source.path.suffix.lower() == ".txt":
        return _read_lines(source)
    head = source.sample().head.lstrip()
    if head.startswith(b"["):
        return json_array.read_cells(source)
    return read_objects(source) if head.startswith(b"{") else csv_table.read_cells(source)


def _read_lines(source: Source) -> Iterator[Record | Problem]:
    for item in source.lines():
        if isinstance(item, Broken):
            yield describe_broken(item, item.number)
        elif not item.data.strip():
            yield blank_line(item.number)
        else:
            yield _read_line(item.number, item.data)


def _read_line(number: int, data: bytes) -> Record | Problem:
    try:
        return number, {TEXT: data.decode().strip()}
    except UnicodeDecodeError as error:
        message = f"The line is not UTF-8: byte {error.start + 1} is 0x{data[error.start]:02x}."
        return Problem(
            code="invalid_encoding", message=message, line=number, remedy="Save the file as UTF-8."
        )
