"""What every page has: its templates, and a policy that lets it ask the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from aliquot.export import wording

TEMPLATES = Path(__file__).parent.parent / "templates"


def describe_policy(style: str, script: str = "") -> str:
    """Return a content security policy that allows exactly this style sheet and this script, by hash."""
    allowed = f"'{_hash(script)}'" if script else "'none'"
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def read_asset(name: str) -> str:
    """Return a file that stands beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def get_environment() -> jinja2.Environment:
    """Return what renders the templates; every text is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=wording.moment, prose=_prose)
    return environment


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _prose(text: str) -> Markup:
    """Set as code what stands in backticks; keep ``5 %``, ``p = 1`` and ``[1, 2]`` on one line."""
    bound = re.sub(r"(?<=\d) (?=%)", "\u00a0", re.sub(r"\bp ([<=]) ", "p\u00a0\\1\u00a0", text))
    bound = re.sub(r"\[([^\]\s]+), ([^\]\s]+)\]", "[\\1,\u00a0\\2]", bound)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(bound))))
