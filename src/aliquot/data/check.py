"""Check a file of rows: read, validate, split, compare, and say what it can show; called by workflows.

    checked = check_data(Path("rows.jsonl"), DataSettings())
    checked = add_tokens(checked, encoder, base="smollm2-135m")     # once a base model is prepared

Neither raises for what is wrong with rows: all of it stands in ``report.findings``, and those of
severity ``error`` forbid a run (``report.has_errors``). Only an unreadable file raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import (
    SPLITS,
    DataReport,
    Example,
    Finding,
    Split,
    SplitProfile,
    Task,
    TaskType,
    TokenProfile,
)
from aliquot.core.records import sha256_file, sha256_of
from aliquot.data.detectable import describe_detectable
from aliquot.data.findings import Findings, first_lines, sort_findings
from aliquot.data.overlap import check_overlap, measure_overlap
from aliquot.data.read import RowReader, find_format
from aliquot.data.source import open_source
from aliquot.data.split import DEFAULT_SEED, split_examples
from aliquot.data.task import check_task, count_labels, infer_task
from aliquot.data.tokens import Encoder, RowTokens, measure_rows, profile_tokens
from aliquot.data.validate import RowValidator

_Examples = Sequence[Example]


@dataclass(frozen=True, slots=True)
class CheckedData:
    """Examples by split, in file order, with everything that was found.

    Attributes:
        settings: What the user set about the data; token checks follow it.
    """

    examples: dict[Split, tuple[Example, ...]]
    report: DataReport
    settings: DataSettings = DataSettings()


def check_data(path: Path, settings: DataSettings, *, task_type: str | None = None) -> CheckedData:
    """Read and check a file; needs no base model.

    Args:
        path: JSON Lines, CSV or TSV, plain or gzip.
        settings: How to read and split; unset fields are automatic.
        task_type: ``labels``, ``number`` or ``text``; inferred when None.

    Raises:
        InputError: The file cannot be read as a whole, or its format is not known.
    """
    source = open_source(path)
    findings = Findings(str(path))
    data_format, reason = find_format(source, settings.format)
    rows = RowReader(source, data_format, findings)
    validator = RowValidator(findings, settings.group_key)
    read = [example for row in rows if (example := validator.validate(row)) is not None]
    task = infer_task([example.reference for example in read], cast(TaskType | None, task_type))
    split = split_examples(read, settings, task)
    findings.extend(split.findings)
    findings.extend(_check_whole(split.examples, task))
    report = DataReport(
        file=str(path),
        file_sha256=sha256_file(path),
        num_bytes=path.stat().st_size,
        format=data_format.name,
        format_reason=reason,
        num_rows=rows.num_rows,
        split_rule=split.rule,
        findings=findings.finish(),
        **_measure(split.examples, task),
    )
    return CheckedData(_by_split(split.examples), report, settings)


def add_tokens(
    checked: CheckedData, encoder: Encoder, *, base: str, max_seq_len: int | None = None
) -> CheckedData:
    """Encode every row as the base model will see it; add token profiles and findings about rows.

    A row longer than the limit is an error, or is left out (and listed) when ``data.drop_too_long`` is set.

    Args:
        checked: What ``check_data`` returned.
        encoder: The base model's encoder.
        base: Name of the base model, for the report.
        max_seq_len: Longest row accepted, in tokens; never more than the model's context window.
    """
    window = encoder.model.architecture.context_window
    limit = window if max_seq_len is None else min(max_seq_len, window)
    examples = [example for split in SPLITS for example in checked.examples[split]]
    rows = list(measure_rows(examples, encoder))
    findings = [*_check_training(examples, rows), *_check_length(examples, rows, limit, checked.settings)]
    if checked.settings.drop_too_long:
        kept = [index for index, row in enumerate(rows) if len(row.ids) <= limit]
        examples, rows = [examples[index] for index in kept], [rows[index] for index in kept]
    seed = DEFAULT_SEED if checked.settings.seed is None else checked.settings.seed
    profiles = {split: _profile(split, examples, rows, seed) for split in SPLITS}
    measured = _measure(examples, checked.report.task)
    measured["splits"] = tuple(replace(item, tokens=profiles[item.split]) for item in measured["splits"])
    located = [replace(finding, file=checked.report.file) for finding in findings]
    report = replace(
        checked.report,
        base=base,
        findings=sort_findings([*checked.report.findings, *located]),
        **measured,
    )
    return CheckedData(_by_split(examples), report, checked.settings)
