"""Rules for how answers are scored."""

from __future__ import annotations

from aliquot.core.dataset import Task
from aliquot.core.plan import Choice
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import BOOTSTRAP, OURS, UNLABELLED

PRIMARY_METRICS = {
    "labels": "accuracy",
    "number": "mean_absolute_error",
    "text": "exact_match",
    "set": "set_match",
    "json": "field_f1",
    "molecule": "molecule_match",
    "composition": "composition_match",
    "document": "bits_per_byte",
}
NORMALISERS = {task: f"{task}-1" for task in PRIMARY_METRICS}
"""Name and version of the declared normaliser by task."""

_WHY = {
    "labels": "a label is right or wrong; balanced accuracy and others stand beside it",
    "number": "the mean distance from the reference, in its own unit; an unreadable answer counts as the "
    "training median",
    "text": "an answer is right when it equals the reference to the letter; the normalised match stands "
    "beside it",
    "set": "an answer is right when it lists exactly the reference's items, in any order; precision, recall "
    "and F1 of the items stand beside it",
    "json": "the share of fields that are right tells more than whole records, of which one small slip makes "
    "nothing; the whole record right stands beside it",
    "molecule": "an answer is right when it is the reference's molecule, however it is written",
    "composition": "an answer is right when it has the reference's elements in the same ratio",
    "document": "how many bits the model would need for each byte of the text; unlike perplexity per token "
    "it does not hang on the tokenizer",
}


def evaluate_task_type(task: Task) -> Choice:
    """Choose the kind of answer: what the data check found."""
    other = "text: compares answers as they are written, whatever they are."
    return choose(
        "evaluate.task_type",
        task.task_type,
        reason=task.reason or "Inferred from the references.",
        source=f"{OURS}, from the references",
        inputs={"num_labels": len(task.labels)},
        alternatives=() if task.task_type == "document" else (other,),
    )


def evaluate_primary_metric(task: Task, positive_label: str | None = None) -> Choice:
    """Choose the one metric on which models are compared, declared before any answer is seen."""
    if positive_label is not None:
        return choose(
            "evaluate.primary_metric",
            "corrected_balanced_accuracy",
            reason=f"Items not labelled {positive_label!r} are unlabelled: accuracy would count every "
            "positive found among them as wrong. This metric corrects for that, and which of two models is "
            "better in it does not depend on the class prior.",
            source=UNLABELLED,
            inputs={"positive_label": positive_label},
            alternatives=("corrected_roc_auc: where every model gives label probabilities.",),
        )
    return choose(
        "evaluate.primary_metric",
        PRIMARY_METRICS[task.task_type],
        reason=f"The task is {task.task_type}: {_WHY[task.task_type]}.",
        source=OURS,
        inputs={"task_type": task.task_type},
        alternatives=("another of the report's metrics: if your field is used to it; declare it before.",),
    )


def evaluate_tolerance() -> Choice:
    """Choose no tolerance: what difference matters is a question of the field."""
    return choose(
        "evaluate.tolerance",
        None,
        reason="None: only you know which distance counts as right in your field.",
        source=OURS,
        alternatives=("a distance: then the share of answers within it is told too.",),
    )


def evaluate_positive_label() -> Choice:
    """Choose no positive label: that the rest is unlabelled is something only the user knows."""
    return choose(
        "evaluate.positive_label",
        None,
        reason="None: every reference is taken for what it says, negatives too.",
        source=OURS,
        alternatives=("a label: where the other one means unknown, not no; then state class_prior too.",),
    )


def evaluate_class_prior() -> Choice:
    """Choose no class prior: it cannot be read off the rows."""
    return choose(
        "evaluate.class_prior",
        None,
        reason="None: how many of the unlabelled items are positive cannot be read off the rows.",
        source=UNLABELLED,
        alternatives=("a share: where positive_label is set; from the literature or a hand-checked sample.",),
    )


def evaluate_confidence() -> Choice:
    """Choose the confidence of intervals."""
    return choose(
        "evaluate.confidence",
        0.95,
        reason="The custom of most journals.",
        source=OURS,
        alternatives=("0.99: wider intervals, where a wrong claim is dear.",),
    )


def evaluate_num_resamples() -> Choice:
    """Choose the resamples of bootstrap and permutation."""
    return choose(
        "evaluate.num_resamples",
        10_000,
        reason="Enough for the ends of a 95 % interval to be stable; the seed is stored.",
        source=BOOTSTRAP,
        alternatives=("1,000: ten times quicker; the ends of intervals wander a little.",),
    )


def evaluate_seed() -> Choice:
    """Choose the seed of the resampling."""
    return choose(
        "evaluate.seed",
        0,
        reason="Any fixed seed will do; it is stored.",
        source=OURS,
        alternatives=("another: to see that the last digits alone change.",),
    )
