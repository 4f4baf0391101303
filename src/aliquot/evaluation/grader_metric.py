"""A grader as a metric: the mean of what it gives, with the intervals and tests of every other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import get_args

import numpy as np

from aliquot.core.dataset import TaskType
from aliquot.core.grade import GradeFile
from aliquot.errors import RunError
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import METRICS_PACKAGE, Metric, get_metric
from aliquot.plugins import list_extensions


def list_grader_metrics(files: Sequence[GradeFile]) -> list[Metric]:
    """Return the metrics of the graders that graded anything, by name, those of shares that pass behind."""
    by_name = {file.meaning.name: file for file in files}
    metrics = [_mean(by_name[name]) for name in sorted(by_name)]
    passing = [file for file in by_name.values() if file.meaning.pass_threshold is not None]
    return [*metrics, *(_share(file) for file in sorted(passing, key=lambda file: file.meaning.name))]


def find_primary(name: str, graders: Sequence[Metric]) -> Metric:
    """Return the headline metric: one of the folder, or a grader.

    Raises:
        RunError: It is a grader that has graded nothing here yet.
        InputError: No metric has this name.
    """
    found = next((metric for metric in graders if metric.name == name), None)
    if found is not None or name in list_extensions(METRICS_PACKAGE) or not graders:
        return found or get_metric(name)
    raise RunError(
        f"The headline is to be {name!r}, and no answer has a grade of that name.",
        code="grades_missing",
        location="evaluate.primary_metric",
        hint="Name the grader's file again with --grader; answers changed since it graded them.",
    )


def _mean(file: GradeFile) -> Metric:
    meaning = file.meaning
    is_share = (meaning.low, meaning.high) == (0.0, 1.0)
    return Metric(
        name=meaning.name,
        title=meaning.title,
        task_types=get_args(TaskType),
        unit="share" if is_share else "",
        direction="higher",
        range=(meaning.low, meaning.high),
        citation=f"grader {meaning.type}: {meaning.words}",
        interval="wilson" if meaning.is_binary else "bootstrap",
        unlabelled="unbiased",
        per_item=partial(_values, meaning.name),
        signature=lambda answers: f"{meaning.type}, definition sha256 {file.definition_sha256[:12]}",
    )


def _share(file: GradeFile) -> Metric:
    meaning = file.meaning
    assert meaning.pass_threshold is not None, "asked for a share that passes"
    return Metric(
        name=f"{meaning.name}_passed",
        title=f"{meaning.title}, passed",
        task_types=get_args(TaskType),
        unit="share",
        direction="higher",
        range=(0.0, 1.0),
        citation=f"share of answers with {meaning.title} of {meaning.pass_threshold:g} or more",
        interval="wilson",
        unlabelled="unbiased",
        per_item=partial(_passes, meaning.name, meaning.pass_threshold),
        signature=lambda answers: f"{meaning.type}, definition sha256 {file.definition_sha256[:12]}",
    )


def _values(name: str, answers: Answers) -> Floats:
    return answers.grades.get(name, np.full(len(answers), np.nan))


def _passes(name: str, threshold: float, answers: Answers) -> Floats:
    values_N = _values(name, answers)
    return np.where(np.isnan(values_N), np.nan, values_N >= threshold)
