"""``report.html``: the page for people, alive while the run goes on and complete at its end."""

from aliquot.export.page.render import render_page
from aliquot.export.writer import Writer

WRITER = Writer(name="report_html", filename="report.html", title="This page", write=render_page)
