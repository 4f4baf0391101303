"""How answers are scored, settled rule by rule: the same for a run and for answers made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aliquot.core.dataset import Task
from aliquot.core.plan import Choice
from aliquot.core.spec import EvaluationSpec
from aliquot.plan import rules
from aliquot.plan.refusals import require_unlabelled
from aliquot.plan.rules.evaluation import NORMALISERS


def settle_evaluation(task: Task, settle: Callable[[Choice], Any]) -> EvaluationSpec:
    """Return every value that scoring reads.

    Args:
        task: Kind of answers, with the labels.
        settle: A rule's choice → the value that holds: the user's, or the rule's.

    Raises:
        InputError: A positive label and a class prior do not go together, or not with the task.
    """
    settle(rules.evaluate_task_type(task))
    positive_label = settle(rules.evaluate_positive_label())
    class_prior = settle(rules.evaluate_class_prior())
    require_unlabelled(positive_label, class_prior, task)
    return EvaluationSpec(
        primary_metric=settle(rules.evaluate_primary_metric(task, positive_label)),
        normaliser=NORMALISERS[task.task_type],
        confidence=settle(rules.evaluate_confidence()),
        num_resamples=settle(rules.evaluate_num_resamples()),
        seed=settle(rules.evaluate_seed()),
        tolerance=settle(rules.evaluate_tolerance()),
        positive_label=positive_label,
        class_prior=class_prior,
    )
