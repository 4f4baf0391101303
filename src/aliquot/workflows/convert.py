"""The verb ``data convert``: a data set from one format to another, every row or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, Example, Finding
from aliquot.data.conversion import find_target, require_expressible, write_examples
from aliquot.data.findings import Findings, sort_findings
from aliquot.data.parts import Part, open_parts
from aliquot.data.validate import RowValidator
from aliquot.errors import InputError
from aliquot.workflows.check import read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What was converted.

    Attributes:
        source: What was read, as it was named.
        source_formats: The formats it was in, with the reason for each.
        files: The files written.
        format: The format written.
        num_rows: Rows read; every one was written.
        split_counts: Rows by split; those without one under an empty name.
        findings: What was found while reading.
    """

    source: str
    source_formats: dict[str, str]
    files: tuple[str, ...]
    format: str
    num_rows: int
    split_counts: dict[str, int]
    findings: tuple[Finding, ...]


def convert(
    data: Path | str,
    out: Path | str,
    *,
    to: str | None = None,
    force: bool = False,
    config: Path | str | None = None,
    **settings: Any,
) -> Conversion:
    """Write a data set in another format. Splits that rows or files name are kept; none is made.

    Args:
        data: A file, a folder or a data set of the Hub.
        out: The file to write, or a folder for ``mlx``.
        to: The format; told by the ending of ``out`` when not given.
        force: Replace what is there.
        config: A settings file.
        settings: Settings of the data by name, for example ``prompt="Is {smiles} soluble?"``.

    Raises:
        InputError: Rows cannot be read, or the format cannot express them; nothing is written then.
        MachineError: The place cannot be written to, or a package is missing.
    """
    data_settings = read_settings(config, settings).settings.data
    out = Path(out)
    target = find_target(out, to)
    parts = open_parts(data, data_settings)
    examples, findings, num_rows = _read_all(parts, data_settings)
    _require_readable(findings, num_rows)
    require_expressible(examples, target)
    files = write_examples(examples, out, target, force=force)
    counts = Counter(example.split or "" for example in examples)
    return Conversion(
        source=str(data),
        source_formats={part.format.name: part.reason for part in parts},
        files=tuple(str(path) for path in files),
        format=target,
        num_rows=num_rows,
        split_counts={name: counts[name] for name in (*SPLITS, "") if counts[name]},
        findings=findings,
    )


def _read_all(
    parts: tuple[Part, ...], settings: DataSettings
) -> tuple[list[Example], tuple[Finding, ...], int]:
    examples: list[Example] = []
    found: list[Finding] = []
    num_rows = 0
    for part in parts:
        findings = Findings(part.file)
        rows = part.read(findings)
        validator = RowValidator(findings, settings.group_key)
        examples.extend(_locate(example, part) for row in rows if (example := validator.validate(row)))
        num_rows += rows.num_rows
        found += findings.finish()
    return examples, sort_findings(found), num_rows


def _locate(example: Example, part: Part) -> Example:
    return replace(example, file=part.file)


def _require_readable(findings: tuple[Finding, ...], num_rows: int) -> None:
    errors = list(_list_errors(findings))
    if not errors:
        return
    first = errors[0]
    lines = ", ".join(map(str, first.lines))
    more = f" {len(errors) - 1} more kinds of errors were found." if len(errors) > 1 else ""
    raise InputError(
        f"{first.message} This concerns {first.count:,} of {num_rows:,} rows"
        f"{f' (lines {lines})' if lines else ''}; nothing was written, so that no row is lost.{more}",
        code=first.code,
        location=f"{first.file}:{first.lines[0]}" if first.lines else first.file,
        hint=first.remedy or "Mend these rows; `aliquot check` lists every finding.",
    )


def _list_errors(findings: tuple[Finding, ...]) -> Iterator[Finding]:
    return (finding for finding in findings if finding.severity == "error")
