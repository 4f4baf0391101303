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
from aliquot.core.dataset import (
    SPLITS,
    Change,
    DataReport,
    Finding,
    SourceFile,
    Split,
    SplitProfile,
    Task,
    TaskType,
)
from aliquot.core.detectable import describe_detectable
from aliquot.core.records import sha256_file, sha256_of
from aliquot.core.text_window import choose_window
from aliquot.data.answers import check_lengths, check_placeholders
from aliquot.data.findings import sort_findings
from aliquot.data.hold_out import DEFAULT_SEED
from aliquot.data.lengths import profile_tokens
from aliquot.data.near_overlap import check_near_duplicates
from aliquot.data.overlap import check_overlap, find_conflicts, measure_overlap
from aliquot.data.parts import Part, open_parts
from aliquot.data.read_table import read_table
from aliquot.data.remedies import (
    DROP_TOO_LONG,
    apply_remedies,
    leave_out_too_long,
    require_remedies,
    with_remedies,
)
from aliquot.data.sizes import check_sizes, check_test_size
from aliquot.data.special_tokens import check_special_tokens
from aliquot.data.split import split_for_scoring, split_table
from aliquot.data.table import Examples, ExampleTable
from aliquot.data.task import check_task, count_labels, infer_task
from aliquot.data.template_check import check_template
from aliquot.data.texts import check_texts, check_windows, infer_document_task
from aliquot.data.tokens import (
    RowTokens,
    check_tokens,
    is_too_long,
    list_windows,
    measure_rows,
    measure_texts,
)
from aliquot.data.train_rows import keep_train_rows
from aliquot.errors import AliquotError
from aliquot.tokenization.encoder import Encoder


@dataclass(frozen=True, slots=True)
class CheckedData:
    """Examples with their splits, and everything that was found.

    Attributes:
        table: The examples, in file order.
        settings: What the user set about the data; token checks follow it.
        changes: What remedies did to rows, each by its line.
        found_reading: Findings about single rows and whole files.
        found: These and all others that stay true when further rows are left out.
        found_whole: Findings about the rows as a whole.
    """

    table: ExampleTable
    report: DataReport
    settings: DataSettings = field(default_factory=DataSettings)
    changes: tuple[Change, ...] = ()
    found_reading: tuple[Finding, ...] = ()
    found: tuple[Finding, ...] = ()
    found_whole: tuple[Finding, ...] = ()

    @property
    def examples(self) -> dict[Split, Examples]:
        """The examples of each split, in file order."""
        return {split: self.table.view(split) for split in SPLITS}


def check_data(
    path: Path | str, settings: DataSettings, *, task_type: str | None = None, is_trained: bool = True
) -> CheckedData:
    """Read and check a data set; needs no base model.

    Args:
        path: A file, a folder of files, or a data set of the Hub: see ``open_parts``.
        settings: How to read and split; unset fields are automatic.
        task_type: Kind of the answers, as in ``Task``; inferred when None.
        is_trained: Whether a model is to be trained on it. If not, no row is held out: the split of the
            files is kept, and without one all rows are the test.

    Raises:
        InputError: A file cannot be read as a whole, its format is not known, or settings of the
            split contradict one another.
        MachineError: The Hub cannot be reached, or a package is missing.
    """
    remedies = settings.remedies or []
    require_remedies(remedies)
    parts = open_parts(path, settings)
    read = read_table(parts, settings)
    before = apply_remedies(read.table, remedies, "before")
    wanted = cast(TaskType | None, task_type)
    task = infer_document_task(before.table, wanted) or infer_task(before.table.answer_counts(), wanted)
    split = split_table(before.table, settings, task) if is_trained else split_for_scoring(before.table)
    after = apply_remedies(split.table, remedies, "after")
    kept = keep_train_rows(after.table, settings if is_trained else DataSettings(), task)
    same = _check_same_files(parts)
    found = (*read.findings, *same, *before.findings, *split.findings, *after.findings, *kept.findings)
    found_whole, figures = _look_at_whole(kept.table, task, settings, is_trained=is_trained)
    report = DataReport(
        file=str(path),
        **_describe_files(parts),
        num_rows=read.num_rows,
        split_rule=" ".join(filter(None, (split.rule, kept.rule))),
        findings=_finish([*found, *found_whole], str(path)),
        fields=read.fields,
        **figures,
    )
    changes = (*read.changes, *before.changes, *after.changes, *kept.changes)
    return CheckedData(kept.table, report, settings, changes, read.findings, found, found_whole)


def _check_same_files(parts: Sequence[Part]) -> list[Finding]:
    """Return a warning where two files hold the same bytes: one was probably named in place of another."""
    names: dict[str, list[str]] = {}
    for part in parts if len(parts) > 1 else ():
        names.setdefault(sha256_file(part.source.path), []).append(part.file)
    return [
        Finding(
            code="same_file",
            severity="warning",
            message=f"{' and '.join(same)} hold the same bytes.",
            remedy="Name the file that was meant; else train and test are the same rows.",
        )
        for same in names.values()
        if len(same) > 1
    ]


def _describe_files(parts: Sequence[Part]) -> dict[str, Any]:
    """Return what the report says about the files; the hash of several is that of their hashes."""
    files = tuple(
        SourceFile(
            name=part.file,
            sha256=sha256_file(part.source.path),
            num_bytes=part.source.path.stat().st_size,
            format=part.format.name,
            format_reason=part.reason,
            split=part.split,
        )
        for part in parts
    )
    formats = dict.fromkeys(file.format for file in files)
    reasons = dict.fromkeys(file.format_reason for file in files)
    return {
        "file_sha256": files[0].sha256 if len(files) == 1 else sha256_of([file.sha256 for file in files]),
        "num_bytes": sum(file.num_bytes for file in files),
        "format": ", ".join(formats),
        "format_reason": " ".join(reasons),
        "files": files,
    }


def add_tokens(
    checked: CheckedData,
    encoder: Encoder,
    *,
    base: str,
    max_seq_len: int | None = None,
    as_pairs: bool = False,
) -> CheckedData:
    """Encode every row as the base model will see it; add token profiles and findings about rows.

    A row longer than the limit is an error, or is left out (and listed) by the remedy ``drop_too_long``.

    Args:
        checked: What ``check_data`` returned.
        encoder: The base model's encoder.
        base: Name of the base model, for the report.
        max_seq_len: Longest row accepted, in tokens; never more than the model's context window. Plain texts
            are cut into windows of so many.
        as_pairs: Whether a rejected answer is trained beside the chosen one.
    """
    if checked.report.task.task_type == "document":
        return _add_windows(checked, encoder, base=base, max_seq_len=max_seq_len)
    limit = encoder.model.architecture.context_window
    if max_seq_len is not None:
        limit = min(max_seq_len, limit)
    examples = Examples(checked.table, np.arange(len(checked.table)))
    rows = list(measure_rows(examples, encoder, as_pairs=as_pairs))
    if DROP_TOO_LONG in (checked.settings.remedies or ()):
        checked, rows = _leave_out_too_long(checked, rows, limit)
    table = checked.table
    found = [*check_template(encoder), *check_special_tokens(table, encoder)]
    if not any(finding.severity == "error" for finding in found):  # else every row would repeat it
        found += check_tokens(table, rows, limit)
    return _with_counts(checked, rows, found, base=base)


def _add_windows(
    checked: CheckedData, encoder: Encoder, *, base: str, max_seq_len: int | None
) -> CheckedData:
    """Add the token profiles of plain texts; none is too long, and no template prints them."""
    table = checked.table
    window = choose_window(max_seq_len, encoder.model.architecture.context_window)
    rows = list(measure_texts(Examples(table, np.arange(len(table))), encoder, window))
    found = [*check_special_tokens(table, encoder), *check_windows(rows, window)]
    return _with_counts(checked, rows, found, base=base)


def _with_counts(
    checked: CheckedData, rows: Sequence[RowTokens | AliquotError], found: Iterable[Finding], *, base: str
) -> CheckedData:
    """Return the data with what was found of its tokens, and how many there are."""
    table, report = checked.table, checked.report
    seed = DEFAULT_SEED if checked.settings.seed is None else checked.settings.seed
    report = replace(
        report,
        base=base,
        findings=_finish([*checked.found, *found, *checked.found_whole], report.file),
        splits=tuple(_with_tokens(item, table, rows, seed) for item in report.splits),
    )
    return replace(checked, report=report)


def _leave_out_too_long(
    checked: CheckedData, rows: Sequence[RowTokens | AliquotError], limit: int
) -> tuple[CheckedData, list[RowTokens | AliquotError]]:
    """Return the data without the rows that exceed the limit, looked at anew, and the tokens that remain."""
    is_long_N = np.array([is_too_long(row, limit) for row in rows], bool)
    if not is_long_N.any():
        return checked, list(rows)
    treated = leave_out_too_long(checked.table, np.flatnonzero(is_long_N))
    found_whole, figures = _look_at_whole(treated.table, checked.report.task, checked.settings)
    shorter = replace(
        checked,
        table=treated.table,
        report=replace(checked.report, **figures),
        changes=(*checked.changes, *treated.changes),
        found=(*checked.found, *treated.findings),
        found_whole=found_whole,
    )
    return shorter, [row for row, is_long in zip(rows, is_long_N, strict=True) if not is_long]


def _look_at_whole(
    table: ExampleTable, task: Task, settings: DataSettings, *, is_trained: bool = True
) -> tuple[tuple[Finding, ...], dict[str, Any]]:
    """Return what depends on the rows as a whole: findings, and figures of the report."""
    conflicts = find_conflicts(table)
    findings = (
        *(check_sizes(table, settings) if is_trained else check_test_size(table)),
        *check_texts(table),
        *check_task(table, task),
        *check_overlap(table, conflicts, task),
        *check_near_duplicates(table, is_wanted=settings.near_duplicates),
        *check_placeholders(table, are_labels=task.task_type == "labels"),
        *check_lengths(table),
    )
    num_test = len(table.find("test"))
    figures = {
        "num_examples": len(table),
        "splits": tuple(_profile(table, split, task) for split in SPLITS if len(table.find(split))),
        "task": task,
        "overlap": measure_overlap(table, conflicts),
        # An accuracy, or an exact match; how far a mean error can be told apart depends on its spread.
        "detectable": None
        if task.task_type == "number" or table.has_plain_texts
        else describe_detectable(num_test),
    }
    return findings, figures


def _finish(findings: Iterable[Finding], file: str) -> tuple[Finding, ...]:
    """Return findings in order, each with its remedies; those about no single file name the data set."""
    located = (finding if finding.file else replace(finding, file=file) for finding in findings)
    return sort_findings(map(with_remedies, located))


def _profile(table: ExampleTable, split: Split, task: Task) -> SplitProfile:
    places = table.find(split)
    return SplitProfile(
        split=split,
        num_examples=len(places),
        ids_sha256=sha256_of(table.sorted_ids(split)),
        label_counts=count_labels(table, split, task),
    )


def _with_tokens(
    profile: SplitProfile, table: ExampleTable, rows: Sequence[RowTokens | AliquotError], seed: int
) -> SplitProfile:
    pairs = [
        (place, row)
        for place in table.find(profile.split).tolist()
        if isinstance(row := rows[place], RowTokens)
    ]
    if not pairs:
        return profile
    listed = [(place, window) for place, row in pairs for window in list_windows(row)]
    places, tokens = zip(*listed, strict=True)
    measured = profile_tokens(table.line_N[list(places)].tolist(), tokens, seed=seed)
    measured = replace(measured, num_cut=sum(row.is_text and len(row.branches) > 1 for _, row in pairs))
    if len(table.files) > 1:
        longest = next(place for place, row in pairs if row.length == measured.longest)
        measured = replace(measured, longest_file=table.files[table.file_N[longest]])
    return replace(profile, tokens=measured)
