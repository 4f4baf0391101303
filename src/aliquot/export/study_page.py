"""What the pages of all kinds of studies share: paired tests as text, the frame, the seal on its style."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from aliquot.core.result import Comparison
from aliquot.core.study import Study
from aliquot.core.wording import p_text
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.wording import fixed, interval_text
from aliquot.version import __version__


def render_study_page(template: str, study: Study, **parts: Any) -> str:
    """Return a page: one self-contained file in the look of the run report, without a script.

    Args:
        template: Name of its template.
        study: The study.
        parts: What the template prints besides.
    """
    style = read_asset("report.css")
    page = get_environment().get_template(template)
    return page.render(
        style=Markup(style), policy=describe_policy(style), version=__version__, study=study, **parts
    )


def list_pairs(comparisons: Iterable[Comparison], decimals: int) -> list[tuple[str, str, str, str]]:
    """Return sentence, difference, interval and adjusted p-value of paired comparisons, as text."""
    return [
        (
            one.sentence,
            fixed(one.difference, decimals, is_signed=True),
            interval_text(one.interval, decimals, is_signed=True),
            p_text(one.p_value_holm),
        )
        for one in comparisons
    ]
