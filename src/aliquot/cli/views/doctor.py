"""A diagnosis on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.workflows.doctor import Diagnosis, HealthCheck


def full(diagnosis: Diagnosis) -> list[RenderableType]:
    """Return a line per thing looked at, with the remedy of each fault, and a verdict."""
    bad = sum(not check.is_ok for check in diagnosis.checks)
    verdict = (
        Text.assemble(("✗ ", "red"), f"{bad} of {len(diagnosis.checks)} things need your attention.")
        if bad
        else Text.assemble(("✓ ", "green"), "This machine is fit.")
    )
    return [facts([_pair(check) for check in diagnosis.checks]), Text(), verdict]


def _pair(check: HealthCheck) -> tuple[Text, Text]:
    mark = Text("✓ ", "green") if check.is_ok else Text("✗ ", "red")
    detail = Text(check.detail)
    if not check.is_ok and check.remedy:
        detail.append(f"\n{check.remedy}", "yellow")
    return mark + Text(check.name), detail
