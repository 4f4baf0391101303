"""Lengths in tokens on a terminal: how long, how much is trained, how much is computed only once."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import table
from aliquot.core.dataset import DataReport, Lengths, SplitProfile, TokenProfile
from aliquot.export.lengths import describe_sharing

HEADINGS = ("tokens", "5 %", "25 %", "median", "75 %", "95 %", "99 %", "longest", "in all", "trained")


def lengths(report: DataReport) -> list[RenderableType]:
    """Return the lengths of every split, or how to get them."""
    measured = [(split, split.tokens) for split in report.splits if split.tokens]
    if not measured:
        note = (
            "Lengths in tokens are told once a base model is here: aliquot models fetch smollm2-135m-instruct"
        )
        return [Text("\n" + note, "dim")] if report.splits and not report.has_errors else []
    rows = [row for split, tokens in measured for row in _split(split, tokens)]
    first = measured[0][1]
    words = f"Under the template of {report.base}. {describe_sharing(first)}".rstrip()
    return [
        Text(),
        table(HEADINGS, rows, right="123456789"),
        Text(words, "dim"),
    ]


def _split(split: SplitProfile, tokens: TokenProfile) -> Iterator[tuple[str, ...]]:
    """Yield the line of a split; those of its prompts and answers only for the first, which is trained."""
    in_all = (f"{tokens.num_tokens:,}", f"{tokens.num_trained_tokens:,}")
    if tokens.rows:
        yield (split.split, *_numbers(tokens.rows), *in_all)
    if split.split == "train" and tokens.prompts and tokens.answers:
        yield ("  prompts", *_numbers(tokens.prompts), "", "")
        yield ("  answers", *_numbers(tokens.answers), "", "")


def _numbers(one: Lengths) -> tuple[str, ...]:
    return tuple(
        f"{number:,}" for number in (one.p5, one.p25, one.p50, one.p75, one.p95, one.p99, one.longest)
    )
