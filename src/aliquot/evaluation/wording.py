"""Figures in words: one way to print a value, an interval, a p-value and a model's name."""

from __future__ import annotations

import math

from aliquot.core.checkpoint_name import find_step
from aliquot.core.dataset import TEXT_TASKS
from aliquot.core.result import Interval, MetricValue
from aliquot.evaluation.metric import Metric

TITLES = {
    "tuned": "tuned",
    "base": "base",
    "base_held": "base, held to labels",
    "base_few_shot": "base, few-shot",
    "base_few_shot_held": "base, few-shot, held to labels",
    "base_nearest": "base, nearest examples",
    "base_nearest_held": "base, nearest examples, held to labels",
    "linear": "linear model",
    "nearest_neighbour": "nearest neighbour",
    "majority": "majority class",
    "byte_ngram": "byte n-grams",
}
"""Words for models in tables, in the order of tables."""

_IN_SENTENCES = {
    "base_held": "the base held to the labels",
    "base_few_shot": "the few-shot base",
    "base_few_shot_held": "the few-shot base held to the labels",
    "base_nearest": "the base shown the nearest examples",
    "base_nearest_held": "the base shown the nearest examples, held to the labels",
    "linear": "the linear model",
    "nearest_neighbour": "the nearest neighbour",
    "majority": "the majority class",
    "byte_ngram": "the byte n-gram model",
}


def model_title(model: str, task_type: str) -> str:
    """Return the words for a model in a table."""
    step = find_step(model)
    if step is not None:
        return f"checkpoint of step {step:,}"
    return _constant_answer(model, task_type) or TITLES.get(model, model)


def model_phrase(model: str, task_type: str) -> str:
    """Return the words for a model inside a sentence."""
    constant = _constant_answer(model, task_type)
    if find_step(model) is not None:
        constant = model_title(model, task_type)
    return f"the {constant}" if constant else _IN_SENTENCES.get(model, model)


def format_difference(difference: float, interval: Interval, metric: Metric) -> str:
    """Return a difference with its interval: ``25 points [20, 30]`` or ``0.42 [0.36, 0.48]``."""
    factor = 100 if metric.unit == "share" else 1
    decimals = _decimals(factor * (interval.high - interval.low) / 2)
    # Rounded as a share first: tables show the share, and both must round the same way.
    shown = decimals if factor == 1 else decimals + 2
    value, low, high = (
        factor * float(f"{number:.{shown}f}") for number in (difference, interval.low, interval.high)
    )
    figure = f"{value:.{decimals}f}"
    points = "" if factor == 1 else " point" if figure in ("1", "-1") else " points"
    return f"{_plain(figure)}{points} [{_plain(f'{low:.{decimals}f}')}, {_plain(f'{high:.{decimals}f}')}]"


def format_value(value: MetricValue) -> str:
    """Return a value with its interval: ``0.90 [0.87, 0.93]``."""
    if value.value is None:
        return "undefined"
    if value.interval is None:
        return f"{value.value:.3g}"
    low, high = value.interval.low, value.interval.high
    decimals = max(2, _decimals((high - low) / 2))
    return f"{value.value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"


def join_words(words: list[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def capitalise(sentence: str) -> str:
    """Return the sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def begin_with(model: str, sentence: str) -> str:
    """Return a sentence that begins with a model, with a capital; a name that a person gave stays as it is.

    >>> begin_with("base", "base beats llama."), begin_with("llama", "llama beats base.")
    ('Base beats llama.', 'llama beats base.')
    """
    return capitalise(sentence) if model in TITLES else sentence


def _constant_answer(model: str, task_type: str) -> str:
    if model != "majority":
        return ""
    if task_type in TEXT_TASKS:
        return "commonest answer"
    return "training median" if task_type == "number" else "majority class"


def _decimals(half_width: float) -> int:
    """Return the decimals at which an interval of this half width shows one digit."""
    return 2 if half_width <= 0 else min(6, max(0, -math.floor(math.log10(half_width))))


def _plain(figure: str) -> str:
    return figure.lstrip("-") if not figure.strip("-0.") else figure
