"""Render the report page: one self-contained file that asks the network for nothing.

A content security policy allows exactly the one style sheet and the one script inside, by hash; every
text from data or models is escaped by Jinja2 or sits in a JSON block that is only ever set as text.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.export.answers import read_answers
from aliquot.export.history import read_history
from aliquot.export.methods import describe_methods
from aliquot.export.page.answers import answers_data, before_and_after
from aliquot.export.page.data import describe_data
from aliquot.export.page.header import describe_header
from aliquot.export.page.json_block import as_json_block
from aliquot.export.page.repeat import describe_repeat
from aliquot.export.page.results import describe_results
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.page.tokens import describe_tokens
from aliquot.export.page.training import describe_training
from aliquot.export.record import RunRecord, read_record
from aliquot.export.settings_table import group_settings, list_settings

REFRESH_S = {RunState.STOPPED: 30, RunState.PAUSED: 30, RunState.FAILED: 30}
"""A run that stands still is looked at less often; it may be resumed."""


def render_page(run_dir: RunDir) -> str:
    """Return the page for what the run has so far.

    Raises:
        RunError: ``spec.json`` is missing or a record is damaged.
    """
    record = read_record(run_dir)
    style, script = read_asset("report.css"), read_asset("report.js")
    return (
        get_environment()
        .get_template("report.html.j2")
        .render(
            style=Markup(style),
            script=Markup(script),
            policy=describe_policy(style, script),
            refresh_s=None if record.is_settled else REFRESH_S.get(record.state, 4),
            **_sections(record),
        )
    )


def _sections(record: RunRecord) -> dict[str, Any]:
    rows = read_answers(record)
    history = read_history(record.events)
    return {
        "spec": record.spec,
        "report": record.report,
        "header": describe_header(record),
        "results": describe_results(record, rows),
        "training": describe_training(record, history),
        "pairs": before_and_after(record, rows),
        "answers": as_json_block(answers_data(record, rows)) if rows else None,
        "num_answers": len(rows),
        "data": describe_data(record.spec),
        "tokens": describe_tokens(view) if (view := record.run_dir.find_token_view()) else None,
        "settings": group_settings(list_settings(record.spec)),
        "methods": describe_methods(record),
        "repeat": describe_repeat(record),
    }
