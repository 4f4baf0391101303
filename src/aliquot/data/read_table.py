"""Read every row of the files to a table of examples, with all that is found on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Change, Example, Finding, RowField
from aliquot.data.field_census import FieldCensus
from aliquot.data.findings import DROP_INVALID, REPAIR_ROWS, Findings
from aliquot.data.format import PlainRows, Problem, Row
from aliquot.data.parts import Part
from aliquot.data.patterns import PatternCensus
from aliquot.data.repair import repair_row
from aliquot.data.table import ExampleTable, TableBuilder
from aliquot.data.validate import RowValidator, show


@dataclass(frozen=True, slots=True)
class ReadRows:
    """What reading gave.

    Attributes:
        table: The usable rows, in the order of files and lines; splits are those of the files.
        num_rows: Rows met, readable or not.
        fields: The fields of the rows.
        changes: What remedies did while rows were read.
    """

    table: ExampleTable
    num_rows: int
    fields: tuple[RowField, ...]
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]


def read_table(parts: Sequence[Part], settings: DataSettings) -> ReadRows:
    """Read every row; those that are examples come into the table.

    Raises:
        InputError: A file stops being readable, or its rows have no prompt and answer.
    """
    reading = _Reading(parts, settings)
    for part in parts:
        reading.read(part)
    return reading.finish()


class _Reading:
    """Files being read, one after the other."""

    def __init__(self, parts: Sequence[Part], settings: DataSettings) -> None:
        self._settings = settings
        self._remedies = settings.remedies or []
        self._has_several = len(parts) > 1
        self._builder = TableBuilder([part.file for part in parts])
        self._fields, self._patterns = FieldCensus(settings.split_key), PatternCensus()
        self._findings: list[Finding] = []
        self._changes: list[Change] = []
        self._num_rows = 0

    def read(self, part: Part) -> None:
        """Read one file."""
        found = Findings(part.file, leaves_out=DROP_INVALID in self._remedies)
        rows = part.read(found)
        file = part.file if self._has_several else ""
        # What needs no mending passes by many at a time; to be mended, each row is looked at.
        for item in self._validate(rows if REPAIR_ROWS in self._remedies else rows.read_many(), found):
            place = len(self._builder)
            if isinstance(item, PlainRows):
                self._patterns.add_plain(item, place)
                self._builder.add_plain(item, file)
            else:
                self._patterns.add(item, place)
                self._builder.add(replace(item, file=file) if file else item)
        self._num_rows += rows.num_rows
        self._findings += found.finish()
        self._changes += found.left_out

    def finish(self) -> ReadRows:
        """Return everything."""
        table = self._builder.finish()
        findings = (*self._findings, *self._patterns.describe(table))
        return ReadRows(table, self._num_rows, self._fields.finish(), findings, tuple(self._changes))

    def _validate(self, rows: Iterable[Row | PlainRows], found: Findings) -> Iterator[Example | PlainRows]:
        validator = RowValidator(found, self._settings.group_key)
        for row in self._fields.watch(rows):
            if isinstance(row, PlainRows):
                yield row
                continue
            if REPAIR_ROWS in self._remedies:
                row = self._mend(row, found)
            example = validator.validate(row)
            if example is not None:
                yield example
            elif _is_curable(row):
                found.mark_curable(row.line)

    def _mend(self, row: Row, found: Findings) -> Row:
        """Return a row mended; what was mended goes to the findings and the changes."""
        mended, repairs = repair_row(row)
        for field, old, new in repairs:
            before, after = show(old), show(new)
            message = f"{field}: {before} was mended to {after}."
            found.add(
                Problem(
                    code="row_mended",
                    severity="warning",
                    message=message,
                    line=row.line,
                    field=field,
                    remedy=f"Asked for by data.remedies ({REPAIR_ROWS}).",
                    kind=f"{field} {before}",
                )
            )
            change = Change(
                file=found.file,
                line=row.line,
                action="mended",
                why=REPAIR_ROWS,
                field=field,
                before=before,
                after=after,
            )
            self._changes.append(change)
        return mended


def _is_curable(row: Row) -> bool:
    """Whether a row that is wrong would be right once it is mended."""
    mended, repairs = repair_row(row)
    return bool(repairs) and RowValidator(Findings("")).validate(mended) is not None
