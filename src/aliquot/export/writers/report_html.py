"""``report.html``: the page for people, alive while the run goes on and complete at its end."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.export.page.render import render_page
from aliquot.export.page.scored import render_scored_page
from aliquot.export.writer import Writer


def write_page(run_dir: RunDir) -> str:
    """Return the page of a run, or that of answers made elsewhere."""
    is_run = isinstance(run_dir.read_scoring_spec(), Spec)
    return render_page(run_dir) if is_run else render_scored_page(run_dir)


WRITER = Writer(name="report_html", filename="report.html", title="This page", write=write_page)
