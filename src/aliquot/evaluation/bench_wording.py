"""What a comparison of bases says in words: what is open first, then who is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aliquot.core.bench import BenchRank, BenchTask
from aliquot.core.wording import in_sentence
from aliquot.evaluation.wording import capitalise, format_value, join_words, model_phrase


def write_bench_headline(tasks: Sequence[BenchTask], ranking: Sequence[BenchRank]) -> str:
    """Return the first thing to know."""
    if len(tasks) == 1:
        return _say_task(tasks[0])
    num_open = sum(bool(task.open_to) for task in tasks)
    found = (
        f"On {num_open} of {len(tasks)} data sets the best model cannot be told apart from some other."
        if num_open
        else f"On all {len(tasks)} data sets the best model is told apart from every other."
    )
    if not ranking:
        return found
    first = [row for row in ranking if row.mean_rank == ranking[0].mean_rank]
    names = join_words([row.model for row in first])
    return f"{found} Lowest mean rank: {names} ({ranking[0].mean_rank:.3g} of {len(ranking)})."


def write_bench_notes(
    tasks: Sequence[BenchTask], ranking: Sequence[BenchRank], problems: Mapping[str, str], num_seeds: int
) -> tuple[str, ...]:
    """Return what limits the figures.

    Args:
        tasks: What was scored.
        ranking: Models with a value on every data set.
        problems: Why a run has no result, by cell.
        num_seeds: Training seeds of every base.
    """
    notes = [f"{cell_id} has no result: {problem}" for cell_id, problem in problems.items()]
    if num_seeds > 1:
        notes.append(
            f"What was tuned is judged by its mean over {num_seeds} training seeds; intervals resample the "
            "seeds of each base, one fewer than there are, then test items."
        )
    else:
        notes.append(
            "One training seed per base: another one may score otherwise, and no interval here knows by how "
            "much."
        )
    notes.append(
        "The best is known from the same items that it is compared on, so p-values are adjusted (Holm) for "
        "all pairs of a data set; a difference counts when its interval excludes 0, too."
    )
    if len(tasks) > 1:
        notes.append(
            f"Ranks are among the {len(ranking)} models that have a value on every data set; equal values "
            "share a rank. A mean rank hides how far apart models are."
        )
    return tuple(notes)


def _say_task(task: BenchTask) -> str:
    best = task.scores.get_result(task.scores.reference)
    if best is None:
        return "No model has a value of the primary metric."
    name = capitalise(model_phrase(best.model, task.scores.task_type))
    value = f"{name} is best: {in_sentence(best.primary.title)} {format_value(best.primary)}"
    if not task.open_to:
        return f"{value}; it is told apart from every other model."
    kinds = {one.model: one.kind for one in task.scores.results}
    tuned = [model for model in task.open_to if kinds[model] == "tuned"]
    among = f", {join_words(tuned)} among them" if tuned else ""
    num_others = len(task.scores.comparisons)
    return f"{value}; {len(task.open_to)} of {num_others} others cannot be told apart from it{among}."
