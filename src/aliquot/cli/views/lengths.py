"""Lengths in tokens on a terminal: how long, how much is trained, how much is computed only once."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import table
from aliquot.core.dataset import DataReport
from aliquot.export.lengths import describe_sharing
from aliquot.export.percentiles import COLUMNS, list_percentiles
from aliquot.export.wording import count_tokens


def lengths(report: DataReport) -> list[RenderableType]:
    """Return the lengths of every split, or how to get them."""
    measured = [(split.split, split.tokens) for split in report.splits if split.tokens]
    if not measured:
        note = (
            "Lengths in tokens need a base model that is here: aliquot models fetch smollm2-135m-instruct, "
            "or --base NAME where there are several."
        )
        return [Text("\n" + note, "dim")] if report.splits and not report.has_errors else []
    in_all = [
        f"{split} {count_tokens(tokens.num_tokens, tokens.num_trained_tokens)}" for split, tokens in measured
    ]
    by = "tokenizer" if measured[0][1].num_windows else "template"
    words = f"Under the {by} of {report.base}: {'; '.join(in_all)}. {describe_sharing(measured[0][1])}"
    headings = ("tokens", *(title.lower() for _, title in COLUMNS))
    return [
        Text(),
        table(headings, list_percentiles(report), right="1234567"),
        Text(words, "dim"),
    ]
