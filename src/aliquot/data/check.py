"""Check a file of rows: read, validate, split, compare, and say what it can show; called by workflows.

    checked = check_data(Path("rows.jsonl"), DataSettings())
    checked = add_tokens(checked, encoder, base="smollm2-135m")     # once a base model is prepared

Neither raises for what is wrong with rows: all of it stands in ``report.findings``, and those of
severity ``error`` forbid a run (``report.has_errors``). Only an unreadable file raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, DataReport, Example, Finding, Split, SplitProfile, Task, TaskType
from aliquot.core.records import sha256_file, sha256_of
from aliquot.data.detectable import describe_detectable
from aliquot.data.findings import Findings, sort_findings
from aliquot.data.lengths import profile_tokens
from aliquot.data.overlap import check_overlap, measure_overlap
from aliquot.data.read import RowReader, find_format
from aliquot.data.source import open_source
from aliquot.data.split import DEFAULT_SEED, check_sizes, split_examples
from aliquot.data.task import check_task, count_labels, infer_task
from aliquot.data.template_check import check_template
from aliquot.data.tokens import RowTokens, check_tokens, is_too_long, measure_rows
from aliquot.data.validate import RowValidator
from aliquot.errors import AliquotError
from aliquot.tokenization.encoder import Encoder


@dataclass(frozen=True, slots=True)
class CheckedData:
    """Examples by split, in file order, with everything that was found.

    Attributes:
        settings: What the user set about the data; token checks follow it.
    """

    examples: dict[Split, tuple[Example, ...]]
    report: DataReport
    settings: DataSettings = field(default_factory=DataSettings)


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
    findings.extend(_check_whole(split.examples, task, settings))
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
    limit = encoder.model.architecture.context_window
    if max_seq_len is not None:
        limit = min(max_seq_len, limit)
    settings, report = checked.settings, checked.report
    examples = [example for split in SPLITS for example in checked.examples[split]]
    rows = list(measure_rows(examples, encoder))
    findings = check_template(encoder)
    if not any(finding.severity == "error" for finding in findings):  # else every row would repeat it
        findings += check_tokens(examples, rows, limit, drops_too_long=bool(settings.drop_too_long))
    others = list(report.findings)
    if settings.drop_too_long and any(is_too_long(row, limit) for row in rows):
        stale = {
            replace(finding, file=report.file) for finding in _check_whole(examples, report.task, settings)
        }
        kept = [index for index, row in enumerate(rows) if not is_too_long(row, limit)]
        examples, rows = [examples[index] for index in kept], [rows[index] for index in kept]
        others = [finding for finding in others if finding not in stale]
        findings += _check_whole(examples, report.task, settings)
    measured = _measure(examples, report.task)
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    measured["splits"] = tuple(_with_tokens(item, examples, rows, seed) for item in measured["splits"])
    located = [replace(finding, file=report.file) for finding in findings]
    report = replace(report, base=base, findings=sort_findings([*others, *located]), **measured)
    return CheckedData(_by_split(examples), report, settings)


def _check_whole(examples: Sequence[Example], task: Task, settings: DataSettings) -> list[Finding]:
    """Return the findings that depend on the rows as a whole."""
    return [*check_sizes(examples, settings), *check_task(examples, task), *check_overlap(examples, task)]


def _measure(examples: Sequence[Example], task: Task) -> dict[str, Any]:
    """Return the figures of the report that depend on the rows as a whole."""
    by_split = _by_split(examples)
    return {
        "num_examples": len(examples),
        "splits": tuple(_profile(split, by_split[split], task) for split in SPLITS if by_split[split]),
        "task": task,
        "overlap": measure_overlap(examples),
        # An accuracy, or an exact match; how far a mean error can be told apart depends on its spread.
        "detectable": None if task.task_type == "number" else describe_detectable(len(by_split["test"])),
    }


def _by_split(examples: Sequence[Example]) -> dict[Split, tuple[Example, ...]]:
    return {split: tuple(example for example in examples if example.split == split) for split in SPLITS}


def _profile(split: Split, examples: Sequence[Example], task: Task) -> SplitProfile:
    return SplitProfile(
        split=split,
        num_examples=len(examples),
        ids_sha256=sha256_of(sorted(example.example_id for example in examples)),
        label_counts=count_labels(examples, task),
    )


def _with_tokens(
    profile: SplitProfile, examples: Sequence[Example], rows: Sequence[RowTokens | AliquotError], seed: int
) -> SplitProfile:
    pairs = [
        (example.line, row)
        for example, row in zip(examples, rows, strict=True)
        if example.split == profile.split and isinstance(row, RowTokens)
    ]
    if not pairs:
        return profile
    lines, tokens = zip(*pairs, strict=True)
    return replace(profile, tokens=profile_tokens(lines, tokens, seed=seed))
