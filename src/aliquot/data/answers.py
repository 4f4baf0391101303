"""Whether the answers of a set are fit to learn from and to measure by: statistics of references alone.

Each function returns findings; nothing is changed. Called by the data check.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from aliquot.core.dataset import Finding
from aliquot.data.findings import describe_rows
from aliquot.data.keys import fold
from aliquot.data.table import ExampleTable

MIN_LABEL_ROWS = 5
"""Rows of train below which a label is rare: too few to learn from, and fewer still stand in test."""
MAX_MAJORITY_SHARE = 0.8
MIN_ROWS_FOR_LENGTHS = 20
FENCE = 3.0
"""Interquartile ranges above the third quartile: "far out" in Tukey, Exploratory Data Analysis, 1977."""
MIN_RANGE = math.log(1.5)
"""Smallest interquartile range of log lengths taken, so that nearly equal lengths make no outliers."""
MAX_SHOWN = 5

PLACEHOLDERS = frozenset(
    (
        "n/a",
        "na",
        "n.a.",
        "#n/a",
        "none",
        "null",
        "nan",
        "nil",
        "nd",
        "n.d.",
        "unknown",
        "undefined",
        "missing",
        "tbd",
        "todo",
        "not available",
        "not applicable",
        "not reported",
        "not determined",
        "no answer",
        "no data",
        "-",
        "--",
        "–",
        "—",
        "?",
        "??",
        "???",
        ".",
        "..",
        "...",
        "…",
    )
)
_ELEMENTS = frozenset({"Na", "Nd"})
"""Sodium and neodymium are answers."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly labels are spread.

    Attributes:
        num_labels: Labels that occur.
        majority: The most frequent one; the first in the alphabet of equally frequent ones.
        majority_share: Its share of the rows, from 0 to 1: the accuracy of always answering with it.
        effective_labels: Number of equally frequent labels of the same entropy (Hill, Ecology 54, 427, 1973).
    """

    num_labels: int
    majority: str
    majority_share: float
    effective_labels: float


def measure_balance(counts: Mapping[str, int]) -> Balance:
    """Return how evenly labels are spread, by how often each occurs; at least one row."""
    present = {label: count for label, count in counts.items() if count}
    total = sum(present.values())
    shares = [count / total for count in present.values()]
    majority = min(present, key=lambda label: (-present[label], label))
    entropy = -math.fsum(share * math.log(share) for share in shares)
    return Balance(len(present), majority, present[majority] / total, math.exp(entropy))


def check_label_counts(table: ExampleTable) -> list[Finding]:
    """Return labels of train with too few rows, and one that outweighs all others."""
    train = table.find("train")
    counts = table.answer_counts(train)
    rare = {label for label, count in counts.items() if count < MIN_LABEL_ROWS}
    findings = []
    if rare:
        findings += _describe_rare(table, rare, counts)
    if len(counts) > 1:
        balance = measure_balance(counts)
        if balance.majority_share > MAX_MAJORITY_SHARE:
            findings.append(_describe_majority(balance, counts))
    return findings


def check_placeholders(table: ExampleTable, *, are_labels: bool = False) -> list[Finding]:
    """Return answers that stand for a missing one, such as ``N/A``; ``-`` is none where ``+`` occurs.

    Args:
        table: All examples.
        are_labels: They are a closed set, where "none" may well be a label: a note instead of a warning.
    """
    counts = table.answer_counts()
    is_signed = any(text.strip() == "+" for text in counts)
    found = {text for text in counts if _is_placeholder(text, is_signed=is_signed)}
    rows = _find_rows(table, found)
    if not found:
        return []
    as_class = " If this is a class of its own, leave it." if are_labels else ""
    return describe_rows(
        table,
        rows,
        code="placeholder_answer",
        severity="note" if are_labels else "warning",
        message=f"{len(rows):,} of {len(table):,} answers look like a missing one: "
        f"{_show_counts(found, counts)}. The model would learn to give them.",
        remedy=f"Take these rows out, or write the true answer.{as_class}",
    )


def check_lengths(table: ExampleTable) -> list[Finding]:
    """Return rows whose messages are far longer than those of the others, judged on the logarithm."""
    if len(table) < MIN_ROWS_FOR_LENGTHS:
        return []
    log_N = np.log(table.num_chars_N.clip(min=1))
    low, high = np.quantile(log_N, (0.25, 0.75))
    limit = high + FENCE * max(high - low, MIN_RANGE)
    far = np.flatnonzero(log_N > limit)
    if not len(far):
        return []
    longest = far[np.argmax(log_N[far])]
    return describe_rows(
        table,
        far,
        code="length_outlier",
        severity="note",
        message=f"{len(far):,} of {len(table):,} rows are far longer than the others: more than "
        f"{math.exp(limit):,.0f} characters, where three quarters have at most {math.exp(high):,.0f}. "
        f"The longest has {table.num_chars_N[longest]:,} (line {table.line_N[longest]:,}).",
        remedy="Look at them: two rows run together, or a document pasted whole, look like this.",
    )


def _is_placeholder(text: str, *, is_signed: bool) -> bool:
    plain = text.strip()
    if plain in _ELEMENTS or (is_signed and plain in ("-", "–", "—")):
        return False
    return not plain or fold(plain) in PLACEHOLDERS


def _describe_rare(table: ExampleTable, rare: Collection[str], counts: Mapping[str, int]) -> list[Finding]:
    rows = np.intersect1d(_find_rows(table, rare), table.find("train"))
    return describe_rows(
        table,
        rows,
        code="rare_label",
        severity="warning",
        message=f"{len(rare):,} of {len(counts):,} labels have fewer than {MIN_LABEL_ROWS} rows in train: "
        f"{_show_counts(rare, counts)}. Too few to learn them; what test says about them is chance.",
        remedy="Add rows of these labels, or merge them with others.",
    )


def _describe_majority(balance: Balance, counts: Mapping[str, int]) -> Finding:
    share = f"{100 * balance.majority_share:.1f} %"
    return Finding(
        code="majority_label",
        severity="warning",
        message=f"{share} of the train rows are {_quote(balance.majority)}; the {balance.num_labels} labels "
        f"are as uneven as {balance.effective_labels:.1f} of equal frequency. Always answering so has an "
        f"accuracy of about {share}, so that a high accuracy says little.",
        count=counts[balance.majority],
        remedy="Set evaluate.primary_metric to balanced_accuracy or macro_f1, and add rows of other labels.",
    )


def _find_rows(table: ExampleTable, wanted: Collection[str]) -> np.ndarray:
    places = [place for place, text in enumerate(table.answers) if text in wanted]
    return np.flatnonzero(np.isin(table.answer_N, places))


def _show_counts(texts: Collection[str], counts: Mapping[str, int]) -> str:
    ordered = sorted(texts, key=lambda text: (-counts[text], text))
    shown = ", ".join(f"{_quote(text)} ({counts[text]:,})" for text in ordered[:MAX_SHOWN])
    return shown + (f" and {len(ordered) - MAX_SHOWN:,} more" if len(ordered) > MAX_SHOWN else "")


def _quote(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
