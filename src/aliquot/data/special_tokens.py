"""The base model's own control tokens where they stand in rows as words."""

from __future__ import annotations

import re

import numpy as np

from aliquot.core.dataset import Finding
from aliquot.data.findings import describe_rows
from aliquot.data.table import ExampleTable
from aliquot.tokenization.encoder import Encoder


def check_special_tokens(table: ExampleTable, encoder: Encoder) -> list[Finding]:
    """Return the rows whose text holds a token that this tokenizer reads as a command."""
    tokens = list_special_tokens(encoder)
    if not tokens:
        return []
    found: dict[str, list[int]] = {}
    for place in table.find_texts(_as_pattern(tokens)).tolist():
        for token in _find_tokens(table, place, tokens):
            found.setdefault(token, []).append(place)
    return [finding for token, places in found.items() for finding in _describe(table, token, places)]


def list_special_tokens(encoder: Encoder) -> tuple[str, ...]:
    """Return the texts of the tokenizer's special tokens."""
    added = encoder.tokenizer.get_added_tokens_decoder().values()
    return tuple(token.content for token in added if token.special and token.content.strip())


def _as_pattern(tokens: tuple[str, ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(token.encode()) for token in tokens))


def _find_tokens(table: ExampleTable, place: int, tokens: tuple[str, ...]) -> list[str]:
    """Return the tokens in the messages; what the search met may be metadata."""
    texts = [message.content for message in table.get(place).messages]
    return [token for token in tokens if any(token in text for text in texts)]


def _describe(table: ExampleTable, token: str, places: list[int]) -> list[Finding]:
    rows = "1 row holds" if len(places) == 1 else f"{len(places):,} rows hold"
    return describe_rows(
        table,
        np.array(places),
        code="special_token_in_text",
        severity="warning",
        message=f"{rows} {token} as text, which this base model's tokenizer reads as a command.",
        field=token,
        remedy="Write it otherwise, unless the model is to see the command there.",
    )
