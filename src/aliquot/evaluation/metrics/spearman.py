"""Rank correlation of answers and references; unparsed answers count as the training median."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, divide, undefined
from aliquot.evaluation.ranks import count_up, order_values
from aliquot.evaluation.resampling import Statistic


def spearman(answers: Answers) -> Statistic:
    """Return Pearson's correlation of mid-ranks as a statistic; undefined when one side is constant."""
    if not np.isfinite(answers.number_N).all():
        return undefined
    sides = [order_values(answers.number_N), order_values(answers.reference_number_N)]

    def correlate(counts_RN: Floats) -> Floats:
        weighted_RN, squares = counts_RN, []
        for side in sides:
            weight_RG = side.weigh(counts_RN)
            rank_RG = _centred_ranks(weight_RG)
            squares.append(np.einsum("rg,rg->r", weight_RG * rank_RG, rank_RG))
            weighted_RN = weighted_RN * rank_RG.take(side.group_N, axis=1)
        return divide(weighted_RN.sum(axis=1), np.sqrt(squares[0] * squares[1]))

    return correlate


def _centred_ranks(weight_RG: Floats) -> Floats:
    """Return the mid-rank of each group in each resample, minus the mean rank."""
    # Ranks of equal values r+1 … r+c have the middle r + (c+1)/2; the mean of all n is (n+1)/2.
    rank_RG = count_up(weight_RG)
    half_R = rank_RG[:, -1:] / 2
    rank_RG -= weight_RG / 2
    rank_RG -= half_R
    return rank_RG


METRIC = Metric(
    name="spearman",
    title="Spearman correlation",
    task_types=("number",),
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    citation="Spearman, Am. J. Psychol. 15, 72 (1904)",
    prepare=spearman,
)
