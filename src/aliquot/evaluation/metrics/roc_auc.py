"""Chance that an item of a label gets more probability for it than an item of another, mean over labels."""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import Metric, divide
from aliquot.evaluation.one_against_rest import Ranking, mean_over_labels
from aliquot.evaluation.ranks import count_up


def roc_auc_of_label(ranking: Ranking, counts_RN: Floats) -> Floats:
    """Return R areas under the curve; ties count half. NaN where the label or the rest is missing."""
    # The items below each one, with half of those at the same probability: its mid-rank, less a half.
    weight_RG = ranking.all.weigh(counts_RN)
    below_RG = count_up(weight_RG)
    items_R = below_RG[:, -1].copy()
    below_RG -= weight_RG / 2
    positive_RP = counts_RN.take(ranking.positive_P, axis=1)
    below_RP = below_RG.take(ranking.all.group_N[ranking.positive_P], axis=1)
    positives_R = positive_RP.sum(axis=1)
    # Pairs of two items of the label are among them, and sum to half the square of their number.
    won_R = np.einsum("rp,rp->r", positive_RP, below_RP) - positives_R**2 / 2
    return divide(won_R, positives_R * (items_R - positives_R))


METRIC = Metric(
    name="roc_auc",
    title="ROC-AUC",
    task_types=("labels",),
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    citation="Hanley and McNeil, Radiology 143, 29 (1982); Provost and Domingos, Mach. Learn. 52, 199 (2003)",
    signature=lambda answers: "one label against the rest, mean over labels",
    prepare=lambda answers: mean_over_labels(answers, roc_auc_of_label),
)
