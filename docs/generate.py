"""Write the reference pages that follow from the source. ``make docs`` runs it.

Run: python -m docs.generate          writes the pages
A test compares the pages with the source, so a setting, a field, an error or an extension cannot go
without its row.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from aliquot.config.settings import Settings
from aliquot.core.answer_source import AnswerSource
from aliquot.core.bench import BenchReport
from aliquot.core.crossval import CrossvalReport, PooledAnswer
from aliquot.core.curve import CurveReport
from aliquot.core.dataset import StoredExample
from aliquot.core.grade import GradeFile
from aliquot.core.preference import PairScore, ReferenceLogprobs
from aliquot.core.result import EvaluationReport, Prediction, RowLoss, Score
from aliquot.core.run import Event
from aliquot.core.seeds import SeedGroup, SeedsReport
from aliquot.core.spec import Spec
from aliquot.core.study import Study
from aliquot.core.sweep import SweepRecord
from aliquot.core.token_view import TokenView
from aliquot.workflows.setting_names import list_flags
from docs.command_help import list_helps
from docs.fault_scan import find_faults
from docs.record_tree import describe_fields, describe_type, first_paragraph, list_records

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "aliquot"
HEAD = "<!-- Written by `make docs` from the source; change the source instead. -->\n\n"

EXIT_CODES = {"InputError": 2, "MachineError": 3, "ModelError": 4, "RunError": 5, "Interrupted": 130}

EXTENSIONS = {
    "Data formats": "data/formats",
    "Recipes": "plan/recipes",
    "Metrics": "evaluation/metrics",
    "Graders": "evaluation/graders",
    "Report files": "export/writers",
    "Compute targets": "compute/targets",
    "Inference engines": "inference/engines",
}

_CONSTRAINTS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


def build_pages() -> dict[Path, str]:
    """Return the text of every generated page by path."""
    pages = {
        "commands.md": build_commands(),
        "settings.md": build_settings(),
        "records.md": build_records(),
        "errors.md": build_errors(),
        "extensions.md": build_extensions(),
    }
    return {REFERENCE / name: HEAD + text for name, text in pages.items()}


def build_commands() -> str:
    """Return the page of verbs: what ``--help`` says of each."""
    lines = [
        "# Commands\n",
        "What `--help` says of each verb. The Python API has the same verbs with the same words.",
    ]
    for words, text in list_helps():
        lines += [f"\n## aliquot {words}\n", "```", text, "```"]
    return "\n".join(lines) + "\n"


def build_settings() -> str:
    """Return the page of settings, group by group."""
    lines = [
        "# Settings\n",
        "No setting is required. One that is not set is chosen by a rule, and `aliquot plan` shows the value",
        "with its reason and its source. Basic settings have a flag; any is set by `--set NAME=VALUE`, in a",
        "[settings file](../how-to/use-a-settings-file.md), or in Python under its name. What you type wins",
        "over the file, the file over the rule.\n",
    ]
    top = {name: field for name, field in Settings.model_fields.items() if _group(field) is None}
    groups = {name: _group(field) for name, field in Settings.model_fields.items() if _group(field)}
    lines += ["## Base model and recipe\n", *_setting_table("", top)]
    for name, group in groups.items():
        summary = (group.__doc__ or "").strip()
        lines += [f"\n## `{name}`\n", f"{summary}\n", *_setting_table(f"{name}.", group.model_fields)]
    return "\n".join(lines) + "\n"


def build_records() -> str:
    """Return the page of every record that a run directory holds."""
    lines = [
        "# Records\n",
        "Every field of every record in a [run directory](run-directory.md), then of groups",
        "of seeds, sweeps and studies. A",
        "later version may add fields; a reader ignores those it does not know. NaN and infinity are null.\n",
    ]
    stored = (
        Spec, Event, StoredExample, TokenView, Prediction, RowLoss, Score, EvaluationReport,
        SeedGroup, SeedsReport, SweepRecord, Study, CrossvalReport, PooledAnswer, BenchReport, CurveReport,
        ReferenceLogprobs, PairScore, AnswerSource, GradeFile,
    )  # fmt: skip
    for record in list_records(*stored):
        rows = [(f"`{field.name}`", field.type, field.meaning) for field in describe_fields(record)]
        lines += [f"## {record.__name__}\n", f"{_escape(first_paragraph(record))}\n"]
        lines += [*_table(("field", "type", "meaning"), rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def build_errors() -> str:
    """Return the page of errors and of findings about data."""
    faults = find_faults(SOURCE)
    errors = [
        (f"`{fault.code}`", str(EXIT_CODES[fault.kind]), fault.message, fault.remedy)
        for fault in faults
        if fault.kind in EXIT_CODES
    ]
    findings = [
        (f"`{fault.code}`", fault.severity, fault.message, fault.remedy)
        for fault in faults
        if fault.kind not in EXIT_CODES
    ]
    lines = [
        "# Errors\n",
        "An error prints what was found, what was expected, where, and what to do next; `--json` prints the",
        "same as `code`, `message`, `location` and `hint`. `--debug` adds the traceback. `{…}` stands for a",
        "value.\n",
        "| exit code | meaning |",
        "|---|---|",
        "| 2 | the data, a setting or a name is wrong |",
        "| 3 | this machine lacks something: package, disk, memory, network |",
        "| 4 | a base model or an adapter cannot be had or used |",
        "| 5 | a run is in a state that does not allow what was asked |",
        "| 130 | asked to stop; what was done is kept |\n",
        *_table(("code", "exit code", "message", "what to do"), errors),
        "\n## Findings about data\n",
        "`aliquot check` lists these with line numbers. An error stops a run; a warning is reported; a note",
        "informs.\n",
        *_table(("code", "severity", "message", "what to do"), findings),
    ]
    return "\n".join(lines) + "\n"


def build_extensions() -> str:
    """Return the page of extensions: one row per file of an extension folder."""
    lines = [
        "# Extensions\n",
        "A file in one of these folders is an extension and bears its name. How to add one stands in",
        "[CONTRIBUTING](../../CONTRIBUTING.md).",
    ]
    for title, folder in EXTENSIONS.items():
        modules = sorted(path for path in (SOURCE / folder).glob("*.py") if not path.name.startswith("_"))
        rows = [(f"`{path.stem}`", _first_line(path)) for path in modules]
        if rows:
            lines += [f"\n## {title}\n", f"`src/aliquot/{folder}/`\n", *_table(("name", "what it is"), rows)]
    return "\n".join(lines) + "\n"


def _group(field):
    return field.annotation if hasattr(field.annotation, "model_fields") else None


def _setting_table(prefix: str, fields) -> list[str]:
    rows = []
    flags = {name: f"`{flag}`" for name, flag in list_flags().items()}
    for name, field in fields.items():
        extra = field.json_schema_extra
        rows.append(
            (
                f"`{prefix}{name}`",
                flags.get(f"{prefix}{name}", ""),
                _describe_setting(field),
                extra["unit"],
                field.description,
            )
        )
    return _table(("setting", "flag", "value", "unit", "meaning"), rows)


def _describe_setting(field) -> str:
    text = describe_type(field.annotation).removesuffix(" or null").replace("Annotated", "text")
    limits = [
        pattern.format(getattr(limit, name))
        for limit in field.metadata
        for name, pattern in _CONSTRAINTS.items()
        if getattr(limit, name, None) is not None
    ]
    return ", ".join([text, *limits])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(_escape(cell) for cell in row)} |" for row in rows]
    return lines


def _escape(text: str) -> str:
    parts = " ".join(text.replace("``", "`").replace("|", "\\|").split()).split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


if __name__ == "__main__":
    for page, text in build_pages().items():
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
