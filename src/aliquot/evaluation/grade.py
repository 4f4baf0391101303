"""Grading a run's answers: each grader on each model, once; what was graded before is kept.

``scores/graders/<grader>.<model>.<split>.json`` holds the grades with the hash of the grader and that of rows
and answers. Both the same: nothing is computed or asked again. Answers that changed since have no grades.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import msgspec

from aliquot.core.dataset import StoredExample
from aliquot.core.grade import Grade, GradeFile
from aliquot.core.records import encode
from aliquot.core.result import Prediction, Score
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.evaluation.graded_item import GradedItem, build_items
from aliquot.evaluation.grader import Grader, Tools
from aliquot.evaluation.judge import CheckedJudge

VERSION = 1
"""Raise it when a kind of grader gives other values than before: it is part of every hash."""
UNJUDGED = ("majority", "nearest_neighbour", "linear", "base_held", "base_few_shot_held")
"""Models whose answers are not sent to a judge, since that may cost: simple baselines, likeliest labels."""

Predictions = Mapping[str, Sequence[Prediction]]


GRADER_FAULTS = ("invalid_variable_error", "python_grader_runtime_error", "python_grader_server_error")
"""Errors that speak of the grader where no answer is without them."""


def grade_models(
    run_dir: RunDir,
    rows: Sequence[StoredExample],
    predictions: Predictions,
    graders: Sequence[Grader],
    *,
    tools: Tools,
    split: str,
    reference: str,
) -> None:
    """Grade every model's answers with every grader, and publish the grades.

    Args:
        run_dir: Where grades are kept.
        rows: N rows.
        predictions: By model, N answers in the order of the rows.
        graders: The graders.
        tools: What they may use.
        split: Of the rows.
        reference: The model that a pairwise judge compares the others with.

    Raises:
        InputError: A grader asks a judge and no address was given, its source cannot be run, or it fails on
            every answer of every model (``grader_fails``).
    """
    for grader in graders:
        _require_judge(grader, tools)
    for grader in graders:
        models = [model for model in predictions if not (grader.asks_judge and model in UNJUDGED)]
        rival = reference if grader.kind == "pairwise_model" else ""
        items = {model: _build(rows, predictions, model, rival) for model in models}
        heads = {
            model: _head(grader, model, items[model], tools=tools, split=split, rival=rival)
            for model in models
        }
        waiting = [model for model in models if not _is_kept(run_dir, heads[model])]
        graded = _grade(grader, {model: items[model] for model in waiting}, tools)
        _require_working(grader, graded)
        for model, grades in graded.items():
            human = _read_human(grader, model, items[model], reference)
            if grades:
                run_dir.save_grades(replace(heads[model], grades=grades, human_labels=human))
            else:
                run_dir.grades_path(heads[model].meaning.name, model, split).unlink(missing_ok=True)


def read_valid_grades(
    run_dir: RunDir, rows: Sequence[StoredExample], predictions: Predictions, split: str
) -> tuple[list[GradeFile], list[GradeFile]]:
    """Return the grades of the answers as they are now, and those of answers that have changed since.

    Args:
        run_dir: Where grades are kept.
        rows: N rows.
        predictions: By model, N answers in the order of the rows.
        split: Of the rows.
    """
    found: dict[bool, list[GradeFile]] = {True: [], False: []}
    hashes: dict[tuple[str, str], str] = {}
    for file in run_dir.read_grades(split):
        key = (file.model, file.rival)
        if file.model in predictions and key not in hashes:
            hashes[key] = _hash_answers(_build(rows, predictions, *key))
        found[hashes.get(key) == file.answers_sha256].append(file)
    return found[True], found[False]


def add_grades(scores: Sequence[Score], model: str, files: Sequence[GradeFile]) -> list[Score]:
    """Return a model's scores with what graders gave its answers."""
    by_grader = {
        file.meaning.name: {grade.example_id: grade.value for grade in file.grades}
        for file in files
        if file.model == model
    }
    if not by_grader:
        return list(scores)
    return [
        replace(
            score,
            grades={
                name: values[score.example_id]
                for name, values in by_grader.items()
                if score.example_id in values
            },
        )
        for score in scores
    ]


def _build(
    rows: Sequence[StoredExample], predictions: Predictions, model: str, rival: str
) -> list[GradedItem]:
    """Return what graders see of one model's answers, beside those of a rival if there is one."""
    if not rival or rival == model or rival not in predictions:
        return build_items(rows, predictions[model])
    return build_items(rows, predictions[model], build_items(rows, predictions[rival]))


def _head(
    grader: Grader, model: str, items: Sequence[GradedItem], *, tools: Tools, split: str, rival: str
) -> GradeFile:
    """Return the file of grades without the grades."""
    definition: dict[str, Any] = msgspec.to_builtins(grader)
    judge = tools.judge if grader.asks_judge else ""
    whole = encode([VERSION, definition, judge])
    return GradeFile(
        meaning=grader.describe(),
        model=model,
        split=split,
        definition=definition,
        definition_sha256=hashlib.sha256(whole).hexdigest(),
        answers_sha256=_hash_answers(items),
        grades=(),
        rival=rival,
    )


def _hash_answers(items: Sequence[GradedItem]) -> str:
    """Return the hash of rows and answers, to the letter."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(encode(item) + b"\n")
    return whole.hexdigest()


def _is_kept(run_dir: RunDir, head: GradeFile) -> bool:
    """Whether this grader has graded these very answers; what a service failed to judge is asked again."""
    found = run_dir.find_grades(head.meaning.name, head.model, head.split)
    if found is None:
        return False
    is_same = (found.definition_sha256, found.answers_sha256) == (head.definition_sha256, head.answers_sha256)
    return is_same and all(grade.error != "model_grader_server_error" for grade in found.grades)


def _grade(
    grader: Grader, items: Mapping[str, Sequence[GradedItem]], tools: Tools
) -> dict[str, tuple[Grade, ...]]:
    """Return the grades of all models, graded at once, so that a judge's cost is told at once."""
    if not items:
        return {}
    found = iter(grader.grade([item for column in items.values() for item in column], tools))
    return {
        model: tuple(grade for grade in islice(found, len(column)) if grade is not None)
        for model, column in items.items()
    }


def _read_human(grader: Grader, model: str, items: Sequence[GradedItem], reference: str) -> dict[str, str]:
    """Return what people said of a model's answers, by example; none where they judged another model's."""
    if not isinstance(grader, CheckedJudge) or not grader.human_label:
        return {}
    if model != (grader.human_model or reference):
        return {}
    labels = {item.example_id: grader.read_human(item) for item in items}
    return {example_id: label for example_id, label in labels.items() if label is not None}


def _require_judge(grader: Grader, tools: Tools) -> None:
    if grader.asks_judge and tools.complete is None:
        raise InputError(
            f"The grader {grader.name!r} asks a model, and no address was given; none is asked by default.",
            code="judge_missing",
            location="--endpoint",
            hint="Name the service with --endpoint URL, its key's variable with --endpoint-key-env, and a "
            "cap on cost with --price-in, --price-out and --max-cost-usd.",
        )


def _require_working(grader: Grader, graded: Mapping[str, Sequence[Grade]]) -> None:
    """Refuse a grader that fails on every answer: its zeros would look like a finding."""
    grades = [grade for column in graded.values() for grade in column]
    if not grades or not all(grade.error in GRADER_FAULTS for grade in grades):
        return
    raise InputError(
        f"The grader {grader.name!r} could grade none of {len(grades):,} answers: {grades[0].detail}.",
        code="grader_fails",
        location="--grader",
        hint="Correct it; nothing that it gave was kept.",
    )
