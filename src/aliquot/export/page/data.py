"""The data section: splits, labels, lengths, findings, overlaps, and what the test set can show."""

from __future__ import annotations

from dataclasses import dataclass

from aliquot.core.dataset import SPLITS, SplitProfile
from aliquot.core.spec import ScoringSpec, Spec
from aliquot.export.data_wording import describe_overlap, file_name
from aliquot.export.lengths import describe_sharing
from aliquot.export.page.findings import FoundItem, list_found
from aliquot.export.wording import count, size


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """One label's count in each split."""

    label: str
    counts: tuple[int, ...]
    shares: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What the section prints."""

    source: str
    split_rule: str
    task_reason: str
    splits: tuple[SplitProfile, ...]
    labels: tuple[LabelRow, ...]
    has_tokens: bool
    base: str
    """The model under whose template tokens were counted."""
    findings: tuple[FoundItem, ...]
    overlap: str
    detectable: str
    sharing: str
    """What training rows have in common, in words."""


def describe_data(spec: ScoringSpec) -> Data:
    """Return what was found in the data."""
    report = spec.data
    splits = tuple(report.get_split(split) for split in SPLITS)
    return Data(
        source=f"{file_name(report)}, {count(report.num_rows, 'row')}, {size(report.num_bytes)}. "
        f"{report.format_reason}",
        split_rule=report.split_rule,
        task_reason=spec.task.reason,
        splits=splits,
        labels=_labels(splits),
        has_tokens=any(split.tokens for split in splits),
        base=report.base or (spec.plan.base if isinstance(spec, Spec) else ""),
        findings=tuple(item for items in list_found(report).values() for item in items),
        overlap=describe_overlap(report),
        detectable=report.detectable.sentence if report.detectable else "",
        sharing=describe_sharing(tokens) if (tokens := report.get_split("train").tokens) else "",
    )


def _labels(splits: tuple[SplitProfile, ...]) -> tuple[LabelRow, ...]:
    labels = dict.fromkeys(label for split in splits for label in split.label_counts)
    totals = [sum(split.label_counts.values()) for split in splits]
    rows = []
    for label in labels:
        counts = tuple(split.label_counts.get(label, 0) for split in splits)
        shares = tuple(
            f"{number / total * 100:.0f} %" if total else ""
            for number, total in zip(counts, totals, strict=True)
        )
        rows.append(LabelRow(label=label, counts=counts, shares=shares))
    return tuple(rows)
