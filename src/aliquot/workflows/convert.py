"""The verb ``data convert``: a data set from one format to another, every row or none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, Finding
from aliquot.data.conversion import find_target, require_expressible, write_examples
from aliquot.data.parts import open_parts
from aliquot.data.read_table import read_table
from aliquot.data.table import Examples
from aliquot.errors import InputError
from aliquot.workflows.check import read_settings
from aliquot.workflows.readable import require_readable


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
        InputError: Rows cannot be read, or the format cannot express them, or remedies are set; nothing is
            written then.
        MachineError: The place cannot be written to, or a package is missing.
    """
    data_settings = read_settings(config, settings).settings.data
    _refuse_remedies(data, data_settings)
    out = Path(out)
    target = find_target(out, to)
    parts = open_parts(data, data_settings)
    read = read_table(parts, data_settings)
    require_readable(read.findings, read.num_rows)
    examples = Examples(read.table, np.arange(len(read.table)))
    require_expressible(examples, target, str(data))
    files = write_examples(examples, out, target, force=force)
    counts = Counter(example.split or "" for example in examples)
    return Conversion(
        source=str(data),
        source_formats={part.format.name: part.reason for part in parts},
        files=tuple(str(path) for path in files),
        format=target,
        num_rows=read.num_rows,
        split_counts={name: counts[name] for name in (*SPLITS, "") if counts[name]},
        findings=read.findings,
    )


def _refuse_remedies(data: Path | str, settings: DataSettings) -> None:
    if settings.remedies:
        raise InputError(
            f"Remedies are set ({', '.join(settings.remedies)}); converting writes every row as it is.",
            code="setting_conflict",
            location="data.remedies",
            hint=f"Write a corrected copy with `aliquot check {data} --fix OUT`, and convert that.",
        )
