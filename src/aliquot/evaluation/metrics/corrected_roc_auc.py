"""Chance that a positive item gets more probability for its label than a negative one, by the class prior."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, undefined
from aliquot.evaluation.metrics.roc_auc import roc_auc_of_label
from aliquot.evaluation.one_against_rest import rank_label
from aliquot.evaluation.resampling import Statistic
from aliquot.evaluation.unlabelled import CITATION


def corrected_roc_auc(answers: Answers) -> Statistic:
    """Return the area as a statistic: (A - a/2) / (1 - a), of which A is that against the unlabelled.

    A share a of the unlabelled items are positives like the known ones, against which the chance is a half.
    Undefined without probabilities, positive label or prior.
    """
    label, prior = answers.positive_label, answers.class_prior
    if label is None or prior is None or answers.probabilities_NK is None:
        return undefined
    ranking = rank_label(answers, answers.labels.index(label))

    def area(counts_RN: Floats) -> Floats:
        return np.clip((roc_auc_of_label(ranking, counts_RN) - prior / 2) / (1 - prior), 0.0, 1.0)

    return area


METRIC = Metric(
    name="corrected_roc_auc",
    title="ROC-AUC, corrected",
    task_types=("labels",),
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    citation=CITATION,
    unlabelled="corrected",
    prepare=corrected_roc_auc,
)
