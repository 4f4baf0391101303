"""Check a file of rows: read, validate, split, compare, and say what it can show; called by workflows.

    checked = check_data(Path("rows.jsonl"), DataSettings())
    checked = add_tokens(checked, encoder, base="smollm2-135m")     # once a base model is prepared

Neither raises for what is wrong with rows: all of it stands in ``report.findings``, and those of
severity ``error`` forbid a run (``report.has_errors``). Only an unreadable file raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, Change, DataReport, Finding, Split, SplitProfile, Task, TaskType
from aliquot.core.records import sha256_file, sha256_of
from aliquot.data.answers import check_lengths, check_placeholders
from aliquot.data.detectable import describe_detectable
from aliquot.data.field_census import FieldCensus
from aliquot.data.findings import DROP_INVALID, Findings, sort_findings
from aliquot.data.format import Problem, Row
from aliquot.data.hold_out import DEFAULT_SEED
from aliquot.data.lengths import profile_tokens
from aliquot.data.near_overlap import check_near_duplicates
from aliquot.data.overlap import check_overlap, find_conflicts, measure_overlap
from aliquot.data.patterns import PatternCensus
from aliquot.data.read import RowReader, find_format
from aliquot.data.remedies import REPAIR_ROWS, apply_remedies, require_remedies, with_remedies
from aliquot.data.repair import repair_row
from aliquot.data.sizes import check_sizes
from aliquot.data.source import open_source
from aliquot.data.special_tokens import check_special_tokens
from aliquot.data.split import split_table
from aliquot.data.table import Examples, ExampleTable, TableBuilder
from aliquot.data.task import check_task, count_labels, infer_task
from aliquot.data.template_check import check_template
from aliquot.data.tokens import RowTokens, check_tokens, is_too_long, measure_rows
from aliquot.data.validate import RowValidator, show
from aliquot.errors import AliquotError
from aliquot.tokenization.encoder import Encoder


@dataclass(frozen=True, slots=True)
class CheckedData:
    """Examples with their splits, and everything that was found.

    Attributes:
        table: The examples, in file order.
        settings: What the user set about the data; token checks follow it.
        changes: What remedies did to rows, each by its line.
    """

    table: ExampleTable
    report: DataReport
    settings: DataSettings = field(default_factory=DataSettings)
    changes: tuple[Change, ...] = ()

    @property
    def examples(self) -> dict[Split, Examples]:
        """The examples of each split, in file order."""
        return {split: self.table.view(split) for split in SPLITS}


def check_data(path: Path, settings: DataSettings, *, task_type: str | None = None) -> CheckedData:
    """Read and check a file; needs no base model.

    Args:
        path: JSON Lines, CSV or TSV, plain or gzip.
        settings: How to read and split; unset fields are automatic.
        task_type: ``labels``, ``number`` or ``text``; inferred when None.

    Raises:
        InputError: The file cannot be read as a whole, its format is not known, or settings of the
            split contradict one another.
    """
    remedies = settings.remedies or []
    require_remedies(remedies)
    source = open_source(path)
    findings = Findings(str(path), leaves_out=DROP_INVALID in remedies)
    data_format, reason = find_format(source, settings.format)
    rows = RowReader(source, data_format, findings)
    census = FieldCensus()
    mended: list[Change] = []
    usable = (_mend(row, findings, mended) for row in rows) if REPAIR_ROWS in remedies else rows
    patterns = PatternCensus()
    validator = RowValidator(findings, settings.group_key)
    read = _read_table(census.watch(usable), validator, patterns, str(path))
    findings.extend(patterns.describe(read))
    before = apply_remedies(read, remedies, "before")
    task = infer_task(
        [before.table.answers[place] for place in before.table.answer_N], cast(TaskType | None, task_type)
    )
    split = split_table(before.table, settings, task)
    after = apply_remedies(split.table, remedies, "after")
    whole = _check_whole(after.table, task, settings)
    findings.extend([*before.findings, *split.findings, *after.findings, *whole])
    report = DataReport(
        file=str(path),
        file_sha256=sha256_file(path),
        num_bytes=path.stat().st_size,
        format=data_format.name,
        format_reason=reason,
        num_rows=rows.num_rows,
        split_rule=split.rule,
        findings=tuple(map(with_remedies, findings.finish())),
        fields=census.finish(),
        **_measure(after.table, task),
    )
    changes = (*mended, *findings.left_out, *before.changes, *after.changes)
    return CheckedData(after.table, report, settings, changes)


def _read_table(
    rows: Iterable[Row], validator: RowValidator, patterns: PatternCensus, file: str
) -> ExampleTable:
    """Read every row; keep those that are examples."""
    builder = TableBuilder((file,))
    examples = filter(None, map(validator.validate, rows))
    for place, example in enumerate(examples):
        builder.add(example)
        patterns.add(example, place)
    return builder.finish()


def _mend(row: Row, findings: Findings, changes: list[Change]) -> Row:
    """Return a row mended; what was mended goes to the findings and the changes."""
    mended, repairs = repair_row(row)
    for repair in repairs:
        before, after = show(repair.before), show(repair.after)
        findings.add(
            Problem(
                code="row_mended",
                severity="warning",
                message=f"{repair.field}: {before} was mended to {after}.",
                line=row.line,
                field=repair.field,
                remedy=f"Asked for by data.remedies ({REPAIR_ROWS}).",
                kind=f"{repair.field} {before}",
            )
        )
        changes.append(
            Change(
                file=findings.file,
                line=row.line,
                action="mended",
                why=REPAIR_ROWS,
                field=repair.field,
                before=before,
                after=after,
            )
        )
    return mended


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
    settings, report, table = checked.settings, checked.report, checked.table
    examples = Examples(table, np.arange(len(table)))
    rows = list(measure_rows(examples, encoder))
    findings = [*check_template(encoder), *check_special_tokens(table, encoder)]
    if not any(finding.severity == "error" for finding in findings):  # else every row would repeat it
        findings += check_tokens(examples, rows, limit, drops_too_long=bool(settings.drop_too_long))
    others = list(report.findings)
    if settings.drop_too_long and any(is_too_long(row, limit) for row in rows):
        stale = set(_locate(_check_whole(table, report.task, settings), report.file))
        kept = np.flatnonzero([not is_too_long(row, limit) for row in rows])
        table, rows = table.take(kept), [rows[place] for place in kept]
        others = [finding for finding in others if finding not in stale]
        findings += _check_whole(table, report.task, settings)
    measured = _measure(table, report.task)
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    measured["splits"] = tuple(_with_tokens(item, table, rows, seed) for item in measured["splits"])
    found = sort_findings([*others, *_locate(findings, report.file)])
    report = replace(report, base=base, findings=found, **measured)
    return CheckedData(table, report, settings, checked.changes)


def _check_whole(table: ExampleTable, task: Task, settings: DataSettings) -> list[Finding]:
    """Return the findings that depend on the rows as a whole."""
    return [
        *check_sizes(table, settings),
        *check_task(table, task),
        *check_overlap(table, find_conflicts(table), task),
        *check_near_duplicates(table, is_wanted=settings.near_duplicates),
        *check_placeholders(table, are_labels=task.task_type == "labels"),
        *check_lengths(table),
    ]


def _locate(findings: Iterable[Finding], file: str) -> list[Finding]:
    """Name the file in findings that name none."""
    return [finding if finding.file else replace(finding, file=file) for finding in findings]


def _measure(table: ExampleTable, task: Task) -> dict[str, Any]:
    """Return the figures of the report that depend on the rows as a whole."""
    num_test = len(table.find("test"))
    return {
        "num_examples": len(table),
        "splits": tuple(_profile(table, split, task) for split in SPLITS if len(table.find(split))),
        "task": task,
        "overlap": measure_overlap(table, find_conflicts(table)),
        # An accuracy, or an exact match; how far a mean error can be told apart depends on its spread.
        "detectable": None if task.task_type == "number" else describe_detectable(num_test),
    }


def _profile(table: ExampleTable, split: Split, task: Task) -> SplitProfile:
    places = table.find(split)
    return SplitProfile(
        split=split,
        num_examples=len(places),
        ids_sha256=sha256_of(sorted(table.example_ids(places))),
        label_counts=count_labels(table, split, task),
    )


def _with_tokens(
    profile: SplitProfile, table: ExampleTable, rows: Sequence[RowTokens | AliquotError], seed: int
) -> SplitProfile:
    pairs = [
        (int(table.line_N[place]), row)
        for place in table.find(profile.split).tolist()
        if isinstance(row := rows[place], RowTokens)
    ]
    if not pairs:
        return profile
    lines, tokens = zip(*pairs, strict=True)
    return replace(profile, tokens=profile_tokens(lines, tokens, seed=seed))
