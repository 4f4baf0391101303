"""Render the report page: one self-contained file that asks the network for nothing.

A content security policy allows exactly the one style sheet and the one script inside, by hash; every
text from data or models is escaped by Jinja2 or sits in a JSON block that is only ever set as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.export import wording
from aliquot.export.answers import read_answers
from aliquot.export.history import read_history
from aliquot.export.methods import describe_methods
from aliquot.export.page.answers import answers_data, before_and_after
from aliquot.export.page.data import describe_data
from aliquot.export.page.header import describe_header
from aliquot.export.page.repeat import describe_repeat
from aliquot.export.page.results import describe_results
from aliquot.export.page.training import describe_training
from aliquot.export.record import RunRecord, read_record
from aliquot.export.settings_table import group_settings, list_settings

TEMPLATES = Path(__file__).parent.parent / "templates"
REFRESH_S = {RunState.STOPPED: 30, RunState.FAILED: 30}
"""A run that stands still is looked at less often; it may be resumed."""


def render_page(run_dir: RunDir) -> str:
    """Return the page for what the run has so far.

    Raises:
        RunError: ``spec.json`` is missing or a record is damaged.
    """
    record = read_record(run_dir)
    style, script = read_template("report.css"), read_template("report.js")
    return (
        template_environment()
        .get_template("report.html.j2")
        .render(
            style=Markup(style),
            script=Markup(script),
            policy=policy(style, script),
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
        "answers": _json_block(answers_data(record, rows)) if rows else None,
        "num_answers": len(rows),
        "data": describe_data(record.spec),
        "settings": group_settings(list_settings(record.spec)),
        "methods": describe_methods(record),
        "repeat": describe_repeat(record),
    }


def _json_block(value: Any) -> Markup:
    """Return JSON that cannot end its script element: no ``<`` is left in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def policy(style: str, script: str = "") -> str:
    """Return the content security policy that allows this style sheet, this script and nothing else."""
    allowed = f"style-src '{_hash(style)}'" + (f"; script-src '{_hash(script)}'" if script else "")
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _prose(text: str) -> Markup:
    """Set as code what stands in backticks; keep ``5 %``, ``p = 1`` and ``[1, 2]`` on one line."""
    bound = re.sub(r"(?<=\d) (?=%)", "\u00a0", re.sub(r"\bp ([<=]) ", "p\u00a0\\1\u00a0", text))
    bound = re.sub(r"\[([^\]\s]+), ([^\]\s]+)\]", "[\\1,\u00a0\\2]", bound)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(bound))))


@cache
def read_template(name: str) -> str:
    """Return a file of the templates' folder as text."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def template_environment() -> jinja2.Environment:
    """Return the environment of all pages: escaping, strict about names, with our filters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=wording.moment, prose=_prose)
    return environment
