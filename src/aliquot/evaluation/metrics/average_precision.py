"""Area under the precision-recall curve as average precision: each label against the rest, mean."""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import Metric, divide
from aliquot.evaluation.one_against_rest import Ranking, mean_over_labels
from aliquot.evaluation.ranks import count_up


def average_precision_of_label(ranking: Ranking, counts_RN: Floats) -> Floats:
    """Return R values: precision at the probability of each item of the label, averaged; no interpolation."""
    positive_RP = counts_RN.take(ranking.positive_P, axis=1)
    found_RP = _at_least(ranking.positives.weigh(positive_RP)).take(ranking.positives.group_N, axis=1)
    called_RG = _at_least(ranking.all.weigh(counts_RN))
    called_RP = called_RG.take(ranking.all.group_N[ranking.positive_P], axis=1)
    precision_RP = np.divide(found_RP, called_RP, out=np.zeros_like(found_RP), where=called_RP > 0)
    return divide(np.einsum("rp,rp->r", positive_RP, precision_RP), positive_RP.sum(axis=1))


def _at_least(weight_RG: Floats) -> Floats:
    """Return how many items there are in each group and those above it."""
    up_to_RG = count_up(weight_RG)
    return up_to_RG[:, -1:] - up_to_RG + weight_RG


METRIC = Metric(
    name="average_precision",
    title="PR-AUC",
    task_types=("labels",),
    unit="",
    direction="higher",
    range=(0.0, 1.0),
    citation="Davis and Goadrich, ICML 2006, doi:10.1145/1143844.1143874",
    signature=lambda answers: "average precision, one label against the rest, mean over labels",
    prepare=lambda answers: mean_over_labels(answers, average_precision_of_label),
)
