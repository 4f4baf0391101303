"""Beside the numbers of graders: what could not be graded, and whether a judge is to be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aliquot.core.grade import GradeFile
from aliquot.core.result import GraderResult
from aliquot.evaluation.wording import capitalise, join_words, model_phrase


def write_grader_notes(
    results: Sequence[GraderResult], outdated: Sequence[GradeFile], task_type: str
) -> tuple[str, ...]:
    """Return the notes on graders, one for each thing to know.

    Args:
        results: What there is to tell of each grader on each model.
        outdated: Grades of answers that have changed since.
        task_type: For the words.
    """
    graders = list(dict.fromkeys(result.grader for result in results))
    notes = [
        note
        for grader in graders
        for note in _note_errors([result for result in results if result.grader == grader], task_type)
    ]
    notes += [note for result in results for note in _notes(result, model_phrase(result.model, task_type))]
    notes += [
        f"{file.meaning.name}: the answers of {model_phrase(file.model, task_type)} are others than those "
        "that were graded, so they have no grade; name the grader again with --grader."
        for file in outdated
    ]
    if any(result.type in ("score_model", "label_model", "pairwise_model") for result in results):
        notes.append(
            "Judges are models: they may favour long answers, their own style, or what they read first. "
            "Intervals are over the choice of test items, not over the judge's own errors."
        )
    return tuple(notes)


def _note_errors(results: Sequence[GraderResult], task_type: str) -> list[str]:
    """Return what one grader could not grade, of all models together."""
    failed = [result for result in results if result.errors]
    if not failed:
        return []
    kinds = sum((Counter(result.errors) for result in failed), Counter[str]())
    models = [
        f"{sum(result.errors.values()):,} of {result.num_items:,} of {model_phrase(result.model, task_type)}"
        for result in failed
    ]
    listed = join_words([f"{count:,} {error}" for error, count in kinds.items()])
    return [
        f"{failed[0].grader}: answers that could not be graded have the lowest value: {join_words(models)} "
        f"({listed}); the first: {failed[0].first_error}"
    ]


def _notes(result: GraderResult, model: str) -> list[str]:
    notes = []
    if result.num_split:
        notes.append(
            f"{result.grader}: on {result.num_split:,} of {result.num_items:,} items of {model} the judge "
            "chose by the order in which it read the answers; these are draws."
        )
    found = result.agreement
    if found is not None:
        kappa = "undefined" if found.kappa is None else f"{found.kappa:.2f}"
        ends = f" [{found.interval.low:.2f}, {found.interval.high:.2f}]" if found.interval else ""
        notes.append(
            f"{capitalise(result.grader)} agrees with people on {100 * found.share:.0f} % of "
            f"{found.num_items:,} answers of {model}: Cohen's kappa {kappa}{ends}."
        )
    return notes
