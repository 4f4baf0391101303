"""The data sets of ../training_step.py and ../answering.py: real texts, the same ones every time."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "examples"))

import film_reviews
import solubility

Conversation = list[dict[str, str]]

LONG_SYSTEM = (
    "You are an expert medicinal chemist who classifies small molecules by aqueous solubility. You are "
    "given one molecule written as a SMILES string. Consider its size, its lipophilicity, the number of"
    " rings, hydrogen-bond donors and acceptors, and any charged or strongly polar groups, then decide "
    "in which of three classes its measured solubility in water at 25 degrees Celsius falls: low (log S"
    " below -5), medium (log S between -5 and -2) or high (log S above -2). Answer with exactly one "
    "lower-case word: low, medium or high."
)
REVIEWS_PER_ROW = 6
NUM_SHOTS = 32


def long_prefix() -> list[Conversation]:
    """Return the solubility example under a system prompt of 126 tokens; one-word answers."""
    return [
        _conversation(LONG_SYSTEM, row["messages"][1]["content"], row["messages"][2]["content"])
        for row in solubility.fetch_rows()
    ]


def chat_file(path: Path) -> list[Conversation]:
    """Return the conversations of a file of chat rows, one JSON object a line."""
    return [json.loads(line)["messages"] for line in path.read_text(encoding="utf-8").splitlines() if line]


def nothing_shared_short() -> list[Conversation]:
    """Return six film reviews as each row's own system message; the answer is the first one's direction."""
    return [
        _conversation(" ".join(one.text for one in six), "Is the first snippet positive?", six[0].label)
        for six in _sixes()
    ]


def nothing_shared_long() -> list[Conversation]:
    """Return one film review as the prompt, under a system message of its own, and five as the answer."""
    return [
        _conversation(f"{six[0].label}, {six[0].rating}", six[0].text, " ".join(one.text for one in six[1:]))
        for six in _sixes()
    ]


def few_shots() -> list[Conversation]:
    """Return film reviews under a system prompt that shows 32 others with their answers."""
    snippets = film_reviews.choose(film_reviews.fetch_snippets(), 3_000)
    shown = "\n".join(f"{one.text} => {one.label}" for one in snippets[:NUM_SHOTS])
    system = f"Is the film review positive or negative?\n{shown}"
    return [_conversation(system, one.text, one.label) for one in snippets[NUM_SHOTS:]]


def _sixes() -> list[list[Any]]:
    snippets = film_reviews.choose(film_reviews.fetch_snippets(), 10_000)
    starts = range(0, len(snippets) - REVIEWS_PER_ROW, REVIEWS_PER_ROW)
    return [snippets[start : start + REVIEWS_PER_ROW] for start in starts]


def _conversation(*texts: str) -> Conversation:
    roles = ("system", "user", "assistant")
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
