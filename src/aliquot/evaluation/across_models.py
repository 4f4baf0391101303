"""Models of any folders on the items that all have answered, under one reading of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from msgspec import structs

from aliquot.core.dataset import StoredExample
from aliquot.core.grade import GradeFile
from aliquot.core.result import EvaluationReport, Prediction, Score
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import ScoringSpec
from aliquot.core.wording import in_sentence
from aliquot.errors import RunError
from aliquot.evaluation.collect import Collected
from aliquot.evaluation.compare import is_distinguished, is_model_better
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.report import build_report
from aliquot.evaluation.same_items import SameItems, match_items
from aliquot.evaluation.scored import Scored, score_split
from aliquot.evaluation.wording import TITLES, begin_with, format_value, join_words, model_phrase

SPLIT = "test"
Record = TypeVar("Record", Prediction, Score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One model of one folder.

    Attributes:
        name: What it is called in the comparison; no two are called the same.
        model: What it is called in its folder.
    """

    name: str
    run_dir: RunDir
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison found.

    Attributes:
        scored: The common items and every model's answers to them, by its name in the comparison.
        report: All scores, and the paired comparison of every other model with the reference.
        items: Which rows were the same.
    """

    scored: Scored
    report: EvaluationReport
    items: SameItems


def choose_reference(contestants: Sequence[Contestant]) -> tuple[str, str]:
    """Return with which model the others are compared, and why: the simplest; nobody's score decides it."""
    order = [
        "majority",
        "nearest_neighbour",
        "linear",
        "byte_ngram",
        *(model for model in TITLES if model.startswith("base")),
    ]
    known = [one for one in contestants if one.model in order]
    if known:
        return min(known, key=lambda one: order.index(one.model)).name, "the simplest of them"
    return contestants[0].name, "the one named first"


def compare_contestants(
    contestants: Sequence[Contestant], reference: str, *, common: bool = False
) -> Compared:
    """Return all scores on the common items, and every model's paired comparison with the reference.

    Answers are read, and metrics, confidence and resamples chosen, as the first folder says; the labels are
    those of all folders. The comparisons with the reference are one family.

    Args:
        contestants: Two or more.
        reference: The name of one of them.
        common: Leave out items that not all have answered.

    Raises:
        RunError: Items differ (``items_differ``), answers are read in other ways (``readings_differ``), or a
            model has not answered all rows of its folder (``model_not_answered``).
    """
    folders = _name_folders([one.run_dir for one in contestants])
    reading = replace(
        _agree({name: run.read_scoring_spec() for name, run in folders.items()}), reference=reference
    )
    examples = next((rows for run in folders.values() if (rows := run.read_rows("train"))), [])
    found = {
        name: score_split(run, SPLIT, reading=reading, examples=examples) for name, run in folders.items()
    }
    items = match_items({name: scored.rows for name, scored in found.items()}, common=common)
    scored = _take(contestants, folders, found, items)
    pairs = [(one.name, reference) for one in contestants if one.name != reference]
    report = build_report(scored, run_id="", families={"": pairs}, baseline_notes={})
    headline = write_comparison_headline(report, scored.primary)
    return Compared(scored=scored, report=replace(report, headline=headline), items=items)


def _name_folders(runs: Sequence[RunDir]) -> dict[str, RunDir]:
    """Return the folders by name, each once; by path where two have one name."""
    paths = {str(run.path): run for run in runs}
    names = {run.run_id: run for run in paths.values()}
    return names if len(names) == len(paths) else paths


def _agree(specs: Mapping[str, ScoringSpec]) -> ScoringSpec:
    """Return how the answers of all folders are read: as the first one's, with the labels of all."""
    (first_name, first), *others = specs.items()
    for name, spec in others:
        mine, other = _reading_of(first), _reading_of(spec)
        for what, value in mine.items():
            if other[what] != value:
                raise RunError(
                    f"Answers are not read in the same way: {what} is {value!r} in {first_name} and "
                    f"{other[what]!r} in {name}.",
                    code="readings_differ",
                    location=name,
                    hint="Make one of the folders with the setting of the other.",
                )
    labels = tuple(sorted({label for spec in specs.values() for label in spec.task.labels}))
    return replace(first, task=replace(first.task, labels=labels))


def _reading_of(spec: ScoringSpec) -> dict[str, object]:
    evaluation, task = spec.evaluation, spec.task
    return {
        "the kind of answer": task.task_type,
        "the separator": task.separator,
        "the normaliser": evaluation.normaliser,
        "evaluate.tolerance": evaluation.tolerance,
        "evaluate.positive_label": evaluation.positive_label,
        "evaluate.class_prior": evaluation.class_prior,
    }


def _take(
    contestants: Sequence[Contestant],
    folders: Mapping[str, RunDir],
    found: Mapping[str, Scored],
    items: SameItems,
) -> Scored:
    """Return the common items as one set of scored rows, every model under its name in the comparison."""
    by_path = {
        str(run.path): (found[name], places)
        for (name, run), places in zip(folders.items(), items.places, strict=True)
    }
    first, places = next(iter(by_path.values()))
    rows = _with_groups([first.rows[place] for place in places], by_path.values())
    whole, scores, answers = {}, {}, {}
    for one in contestants:
        mine, here = by_path[str(one.run_dir.path)]
        _require_answers(one, mine)
        whole[one.name] = _in_order(mine.collected.whole[one.model], mine.rows, here)
        scores[one.name] = _in_order(mine.scores[one.model], mine.rows, here)
        answers[one.name] = mine.answers[one.model].take(np.array(here, dtype=np.intp))
    seen = [
        any(scored.is_seen[here[number]] for scored, here in by_path.values()) for number in range(len(rows))
    ]
    of_models = [(one, *by_path[str(one.run_dir.path)]) for one in contestants]
    return replace(
        first,
        rows=rows,
        is_seen=seen,
        collected=Collected(whole, {}),
        scores=scores,
        answers=answers,
        titles={},
        graded=_join_grades(of_models, rows, num_folders=len(folders)),
        outdated=[
            replace(file, model=one.name)
            for one, mine, _ in of_models
            for file in mine.outdated
            if file.model == one.model
        ],
    )


def _with_groups(
    rows: Sequence[StoredExample], found: Iterable[tuple[Scored, Sequence[int]]]
) -> list[StoredExample]:
    """Return the rows in the groups of the first folder that has any: a folder without knows of none."""
    for scored, places in found:
        groups = [scored.rows[place].group for place in places]
        if any(group is not None for group in groups):
            return [structs.replace(row, group=group) for row, group in zip(rows, groups, strict=True)]
    return list(rows)


def _join_grades(
    of_models: Sequence[tuple[Contestant, Scored, Sequence[int]]],
    rows: Sequence[StoredExample],
    *,
    num_folders: int,
) -> list[GradeFile]:
    """Return what graders gave the models compared, under their names and the ids of the rows.

    A pairwise judge compared with a model of its own folder, so its grades are left out where there are more.
    """
    graded: list[GradeFile] = []
    for one, mine, here in of_models:
        ids = {mine.rows[place].example_id: row.example_id for place, row in zip(here, rows, strict=True)}
        graded += [
            replace(
                file,
                model=one.name,
                grades=tuple(
                    replace(grade, example_id=ids[grade.example_id])
                    for grade in file.grades
                    if grade.example_id in ids
                ),
                human_labels={ids[key]: label for key, label in file.human_labels.items() if key in ids},
            )
            for file in mine.graded
            if file.model == one.model and not (file.rival and num_folders > 1)
        ]
    _require_same_graders(graded)
    return graded


def _require_same_graders(graded: Sequence[GradeFile]) -> None:
    first = {file.meaning.name: file for file in reversed(graded)}
    for file in graded:
        name = file.meaning.name
        if file.definition_sha256 != first[name].definition_sha256:
            raise RunError(
                f"Answers of {first[name].model} and of {file.model} were graded by two graders, both called "
                f"{name!r}.",
                code="readings_differ",
                location=name,
                hint="Grade both with one file: `aliquot evaluate RUN --grader FILE`.",
            )


def _in_order(
    records: Sequence[Record], rows: Sequence[StoredExample], places: Sequence[int]
) -> list[Record]:
    by_id = {record.example_id: record for record in records}
    return [by_id[rows[place].example_id] for place in places]


def _require_answers(one: Contestant, scored: Scored) -> None:
    if one.model in scored.answers:
        return
    some = scored.collected.partial.get(one.model)
    what = (
        "has not answered any row" if some is None else f"has answered {some:,} of {len(scored.rows):,} rows"
    )
    known = join_words(list(scored.answers)) or "none"
    raise RunError(
        f"The model {one.model} {what} of this folder; those that have answered all are {known}.",
        code="model_not_answered",
        location=one.run_dir.run_id,
        hint="`aliquot predict` lets the models of a run answer; RUN:MODEL names another of the folder.",
    )


def write_comparison_headline(report: EvaluationReport, metric: Metric) -> str:
    """Return who has the best value, and who differs from the reference."""
    known = [result for result in report.results if result.primary.value is not None]
    if not known:
        return f"{metric.title} is undefined for every model."
    sign = 1 if metric.direction == "higher" else -1
    best = max(known, key=lambda result: sign * (result.primary.value or 0.0))
    said = [
        begin_with(
            best.model,
            f"{model_phrase(best.model, report.task_type)} has the best {in_sentence(metric.title)} of "
            f"{len(report.results)} models on {report.num_items:,} items: {format_value(best.primary)}.",
        )
    ]
    unknown = [model_phrase(one.model, report.task_type) for one in report.results if one not in known]
    if unknown:
        said.append(f"It is undefined for {join_words(unknown)}.")
    if len(report.comparisons) == 1:
        return " ".join([*said, report.comparisons[0].sentence])
    groups: dict[str, list[str]] = {
        "is better than": [],
        "cannot be told apart from": [],
        "is worse than": [],
    }
    for one in report.comparisons:
        is_better = is_model_better(one, metric)
        verdict = "is better than" if is_better else "is worse than"
        groups[verdict if is_distinguished(one) else "cannot be told apart from"].append(one.model)
    return " ".join([*said, *_say_groups(groups, report)])


def _say_groups(groups: Mapping[str, list[str]], report: EvaluationReport) -> list[str]:
    reference = model_phrase(report.reference, report.task_type)
    said = []
    for verdict, models in groups.items():
        if models:
            names = join_words([model_phrase(model, report.task_type) for model in models])
            plural = verdict.replace("is ", "are ", 1) if len(models) > 1 else verdict
            said.append(begin_with(models[0], f"{names} {plural} {reference}."))
    return said
