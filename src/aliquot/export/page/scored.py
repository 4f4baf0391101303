"""The page of answers that were made elsewhere: what was compared, the rows, how to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from aliquot.core.answer_source import AnswerSource
from aliquot.core.dataset import SPLITS
from aliquot.core.run_dir import RunDir
from aliquot.core.wording import in_sentence
from aliquot.export.answers import read_answers
from aliquot.export.data_wording import describe_answers, file_name
from aliquot.export.page.answers import answers_data
from aliquot.export.page.data import describe_data
from aliquot.export.page.header import Fact
from aliquot.export.page.json_block import as_json_block
from aliquot.export.page.repeat import Command, list_files
from aliquot.export.page.results import describe_results
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.record import ScoredRecord, read_scored
from aliquot.export.scored_methods import describe_scored_methods, list_sources
from aliquot.export.source_files import list_source_files
from aliquot.export.wording import count, listed, primary_title


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswers:
    """Where one model's answers came from."""

    model: str
    file: str
    sha256: str
    matched: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """What the top of the page prints."""

    title: str
    lead: str
    facts: tuple[Fact, ...]


def render_scored_page(run_dir: RunDir) -> str:
    """Return the page.

    Raises:
        RunError: ``spec.json`` is missing or a record is damaged.
    """
    record = read_scored(run_dir)
    style, script = read_asset("report.css"), read_asset("report.js")
    rows = read_answers(record)
    given = tuple(_describe(source) for source in list_sources(record))
    parts: dict[str, Any] = {
        "spec": record.spec,
        "report": record.report,
        "top": _describe_top(record, given),
        "given": given,
        "results": describe_results(record, rows),
        "answers": as_json_block(answers_data(record, rows)) if rows else None,
        "num_answers": len(rows),
        "pairs": None,
        "data": describe_data(record.spec),
        "methods": describe_scored_methods(record),
        "commands": _list_commands(record),
        "files": tuple(list_files(record)),
        "hashes": tuple(_list_hashes(record)),
    }
    page = get_environment().get_template("scored.html.j2")
    policy = describe_policy(style, script)
    return page.render(style=Markup(style), script=Markup(script), policy=policy, **parts)


def _describe(source: AnswerSource) -> GivenAnswers:
    settings = source.settings
    return GivenAnswers(
        model=source.title or source.model,
        file=settings.get("file", ""),
        sha256=settings.get("sha256", ""),
        matched=settings.get("matched", ""),
    )


def _describe_top(record: ScoredRecord, given: tuple[GivenAnswers, ...]) -> Top:
    spec, report = record.spec, record.report
    models = listed([one.model for one in given])
    titles = [in_sentence(result.title) for result in record.results]
    held_out = report.num_items if report else spec.data.get_split("test").num_examples
    return Top(
        title=f"{models} on {file_name(spec.data)}",
        lead=report.headline if report else "These answers have not been scored yet.",
        facts=(
            Fact(label="Compared", value=count(len(titles), "model"), more=listed(titles)),
            Fact(label="On", value=count(held_out, "test row"), more=describe_answers(spec.task)),
            Fact(
                label="Measured by",
                value=primary_title(report, spec.evaluation.primary_metric),
                more=f"{spec.evaluation.confidence * 100:g} % intervals, paired tests (Holm)",
            ),
            Fact(label="Answered", value="elsewhere", more="files of answers were read; nothing was trained"),
        ),
    )


def _list_commands(record: ScoredRecord) -> tuple[Command, ...]:
    return (
        Command(line=record.spec.command, title="The same again, from the files of answers"),
        Command(line="aliquot evaluate .", title="In this folder: recompute every score from what is stored"),
    )


def _list_hashes(record: ScoredRecord) -> Iterator[tuple[str, str]]:
    for source in list_sources(record):
        yield source.settings.get("file", source.model), source.settings.get("sha256", "")
    for file in list_source_files(record.spec.data):
        yield file.name, file.sha256
    for split in SPLITS:
        if split in record.spec.rows_sha256:
            yield f"rows/{split}.jsonl", record.spec.rows_sha256[split]
