"""What was found in the data, as the page of a check and the report of a run print it."""

from __future__ import annotations

from dataclasses import dataclass

from aliquot.core.dataset import DataReport
from aliquot.export.verdict import FoundKind, describe_asking, group_findings, list_places


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItem:
    """One kind of finding; ``places`` are the files with their lines, and the field."""

    severity: str
    message: str
    places: tuple[str, ...]
    remedy: str
    asking: str


def list_found(report: DataReport) -> dict[str, tuple[FoundItem, ...]]:
    """Return what is printed of the findings, by severity, gravest first."""
    groups = group_findings(report.findings)
    return {severity: tuple(_item(kind, report) for kind in kinds) for severity, kinds in groups.items()}


def _item(kind: FoundKind, report: DataReport) -> FoundItem:
    finding = kind.first
    field = [f"field {finding.field}"] if finding.field else []
    return FoundItem(
        severity=finding.severity,
        message=finding.message,
        places=(*list_places(kind, report), *field),
        remedy=finding.remedy,
        asking=describe_asking(finding),
    )
