"""Rank correlation of answers and references; unparsed answers count as the training median."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, divide, undefined


def spearman(answers: Answers, counts_RN: Floats) -> Floats:
    """Return R values: Pearson's correlation of mid-ranks; undefined when one side is constant."""
    if not np.isfinite(answers.number_N).all():
        return undefined(counts_RN)
    answer_RN = _centred_ranks(answers.number_N, counts_RN)
    reference_RN = _centred_ranks(answers.reference_number_N, counts_RN)
    weighted_RN = counts_RN * answer_RN
    shared_R = np.einsum("rn,rn->r", weighted_RN, reference_RN)
    answer_R = np.einsum("rn,rn->r", weighted_RN, answer_RN)
    reference_R = np.einsum("rn,rn,rn->r", counts_RN, reference_RN, reference_RN)
    return divide(shared_R, np.sqrt(answer_R * reference_R))


def _centred_ranks(values_N: Floats, counts_RN: Floats) -> Floats:
    """Return each item's mid-rank in each resample, minus the mean rank, without sorting R times."""
    _, first_of_value, value_N = np.unique(np.sort(values_N), return_index=True, return_inverse=True)
    order_N = np.argsort(values_N, kind="stable")
    per_value = np.add.reduceat(counts_RN[:, order_N], first_of_value, axis=1)
    # Ranks of equal values r+1 … r+c have the middle r + (c+1)/2; the mean of all n is (n+1)/2.
    middle = np.cumsum(per_value, axis=1) - per_value / 2 - counts_RN.sum(axis=1, keepdims=True) / 2
    ranks_RN = np.empty_like(counts_RN)
    ranks_RN[:, order_N] = middle[:, value_N]
    return ranks_RN


METRIC = Metric(
    name="spearman",
    title="Spearman correlation",
    task_types=("number",),
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    citation="Spearman, Am. J. Psychol. 15, 72 (1904)",
    aggregate=spearman,
)
