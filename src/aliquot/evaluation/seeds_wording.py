"""What the joint report of several seeds says in words: the bad news first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aliquot.core.result import Comparison, ModelResult
from aliquot.core.seeds import Consistency, SeedScore, SeedsMetric
from aliquot.core.wording import in_sentence, p_text
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.wording import (
    begin_with,
    capitalise,
    format_difference,
    join_words,
    model_phrase,
)


def is_told_apart(comparison: Comparison) -> bool:
    """Whether both hold: the test over items is below the level, and the interval over seeds excludes 0."""
    low, high = comparison.interval.low, comparison.interval.high
    return comparison.p_value_holm < 1 - comparison.interval.confidence and not low <= 0 <= high


def say_comparison(comparison: Comparison, metric: Metric, names: tuple[str, str]) -> Comparison:
    """Return the comparison with its sentence, told from the better side.

    Args:
        comparison: Two models, one of them or both a mean over seeds.
        metric: What they are compared on.
        names: Of the first and of the other, as they stand inside a sentence.
    """
    is_first_better = metric.is_better(comparison.difference, 0.0) or not comparison.difference
    sign = 1 if (metric.direction == "higher") == is_first_better else -1
    ends = sorted((sign * comparison.interval.low, sign * comparison.interval.high))
    interval = replace(comparison.interval, low=ends[0], high=ends[1])
    amount = format_difference(sign * comparison.difference, interval, metric)
    in_metric = "" if metric.unit == "share" else f" in {in_sentence(metric.title)}"
    first, other = names
    p_value = p_text(comparison.p_value_holm)
    if is_told_apart(comparison):
        winner, loser = (first, other) if is_first_better else (other, first)
        sentence = f"{winner} beats {loser} by {amount}{in_metric}, {p_value}."
    else:
        sentence = f"{first} and {other} cannot be told apart (difference {amount}{in_metric}, {p_value})."
    # Who is named first is a phrase of ours, "the mean of …", or a model whose name is written as it is.
    return replace(comparison, sentence=capitalise(sentence) if sentence.startswith("the ") else sentence)


def write_seeds_headline(
    primary: SeedsMetric,
    comparisons: Sequence[Comparison],
    consistency: Consistency,
    *,
    metric: Metric,
    others: Sequence[ModelResult],
    scores: Sequence[SeedScore],
    task_type: str,
) -> str:
    """Return the first thing to know: what does not hold, then mean, spread and agreement."""
    level = [one for one in comparisons if not is_told_apart(one)]
    better = [one for one in comparisons if is_told_apart(one) and not metric.is_better(one.difference, 0)]
    said = [_say_better(better, len(scores), task_type)] if better else []
    if level:
        said.append(f"The mean of {len(scores)} seeds cannot be told apart from {_name(level, task_type)}.")
    said += [_say_difference(one, scores) for one in scores if one.differs]
    said.append(_say_mean(primary, len(scores)))
    if not (level or better) and comparisons:
        base = next((one for one in comparisons if one.other == "base"), None)
        everything = "every other model" if len(comparisons) == len(others) else "all that could be compared"
        said.append(base.sentence if base else f"It beats {everything}.")
    if consistency.num_items:
        share = 100 * consistency.share_all_agree
        said.append(f"All seeds give the same answer to {share:.0f} % of the items.")
    return " ".join(said)


def write_seeds_notes(
    scores: Sequence[SeedScore],
    primary: SeedsMetric,
    consistency: Consistency,
    others: Sequence[ModelResult],
    *,
    problems: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what limits the figures."""
    num_seeds = len(scores)
    notes = [
        f"{run_id} has no result and is not in the mean: {problem}" for run_id, problem in problems.items()
    ]
    notes.append(
        "Rows and split are the same in all runs; the training seed decides the adapter's first weights, the "
        "order of rows and dropout."
    )
    if consistency.share_all_agree == 1.0:
        notes.append("All seeds gave the same answers throughout; the seed changed nothing that shows here.")
    if primary.interval:
        notes.append(
            "Intervals of the mean resample seeds, one fewer than there are, then items; so the variance of "
            f"the mean is right, but {num_seeds} seeds say little about the form of its distribution."
        )
    notes.append(
        "Tests are over items, for the mean of these seeds; a difference counts when the interval over seeds "
        "and items excludes 0, too."
    )
    if any(other.model.startswith("base_few_shot") for other in others):
        notes.append(
            "Models without training were asked once. The examples shown to the few-shot base were drawn "
            f"with seed {scores[0].seed}; another draw may score otherwise."
        )
    return tuple(notes)


def _say_better(comparisons: Sequence[Comparison], num_seeds: int, task_type: str) -> str:
    sentence = f"{_name(comparisons, task_type)} beat the mean of {num_seeds} seeds."
    return begin_with(comparisons[0].other, sentence)


def _name(comparisons: Sequence[Comparison], task_type: str) -> str:
    return join_words([model_phrase(one.other, task_type) for one in comparisons])


def _say_difference(score: SeedScore, scores: Sequence[SeedScore]) -> str:
    rest = [one.primary.value for one in scores if one is not score and one.primary.value is not None]
    return (
        f"Seed {score.seed} differs from the others by more than the test items explain: "
        f"{_number(score.primary.value)} against {_number(sum(rest) / len(rest))} on average."
    )


def _say_mean(primary: SeedsMetric, num_seeds: int) -> str:
    name = in_sentence(primary.title)
    if primary.mean is None or primary.sd is None:
        return f"{capitalise(name)} is undefined for some of the {num_seeds} seeds."
    interval = primary.interval
    ends = (
        f"; {100 * interval.confidence:g} % interval over seeds and items "
        f"[{_number(interval.low)}, {_number(interval.high)}]"
        if interval
        else ""
    )
    known = [value for value in primary.values if value is not None]
    return (
        f"Over {num_seeds} seeds {name} is {_number(primary.mean)} on average (standard deviation "
        f"{_number(primary.sd)}; from {_number(min(known))} to {_number(max(known))}{ends})."
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
