"""The methods text of answers made elsewhere: what a paper must say, and what only their makers know."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.answer_source import AnswerSource
from aliquot.export.data_wording import describe_answers
from aliquot.export.methods import describe_statistics
from aliquot.export.record import ScoredRecord
from aliquot.export.source_files import name_hash
from aliquot.export.wording import count, listed


def describe_scored_methods(record: ScoredRecord) -> tuple[str, ...]:
    """Return the paragraphs: items and answers, evaluation, and what is not recorded."""
    sources = list_sources(record)
    its, was = ("its", "it was") if len(sources) == 1 else ("their", "they were")
    return (
        f"{_describe_items(record)} {_describe_sources(sources)}",
        " ".join([*_describe_baselines(record), *describe_statistics(record)]),
        f"Not recorded: how {listed([source.model for source in sources])} made "
        f"{its} answers (version, system prompt, decoding, date), and whether the items were among what "
        f"{was} trained on.",
    )


def list_sources(record: ScoredRecord) -> list[AnswerSource]:
    """Return how each model's answers were made, the model first that the others are compared with."""
    found = (record.run_dir.find_source(*pair) for pair in record.run_dir.list_predictions())
    sources = [source for source in found if source is not None]
    return sorted(sources, key=lambda source: source.model != record.spec.reference)


def _describe_items(record: ScoredRecord) -> str:
    data = record.spec.data
    num_test = data.get_split("test").num_examples
    return (
        f"The items were {count(num_test, 'test row')} ({describe_answers(record.spec.task)}; "
        f"{name_hash(data)} {data.file_sha256[:16]}…). {data.split_rule}"
    )


def _describe_sources(sources: Sequence[AnswerSource]) -> str:
    files = [
        f"{source.title or source.model} ({source.settings.get('file', 'a file')}, SHA-256 "
        f"{source.settings.get('sha256', '')[:16]}…; {source.num_answers:,} answers)"
        for source in sources
    ]
    return f"Answers were made elsewhere and read from files: {listed(files)}. Nothing was trained."


def _describe_baselines(record: ScoredRecord) -> list[str]:
    num_train = record.spec.data.get_split("train").num_examples
    if not num_train:
        return []
    return [f"Simple baselines learned from {count(num_train, 'training row')} of the same data."]
