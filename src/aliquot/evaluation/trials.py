"""Which trial of a sweep wins, judged on validation rows: paired, with the noise of the rows in view.

The rule's own setting is kept unless another is better by more than the noise: the lowest of several losses
is too low by selection, and a difference that another draw of rows would reverse is no reason to leave a
value that has a source. Shape letters: N validation rows, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from aliquot.core.result import Interval, RowLoss
from aliquot.core.sweep import TrialDifference
from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import divide
from aliquot.evaluation.resampling import Resampled, Resampling, number_units, resample

CONFIDENCE = 0.95
NUM_RESAMPLES = 10_000
MIN_UNITS = 5
"""Rows or groups below which resampling sees too little of the noise to say anything."""
METHOD = "paired bootstrap of validation rows, shared level (Bonferroni)"


def compare_trials(
    losses: Mapping[str, Sequence[RowLoss]], groups: Sequence[str | None], *, seed: int
) -> tuple[str, list[TrialDifference]]:
    """Return the trial with the lowest loss per trained token, and every other one's difference to it.

    Args:
        losses: Losses of the same rows, in the same order, by trial; the first of equals is the best.
        groups: The group of each row, whose rows are not independent; None for a row by itself.
        seed: Of the resamples.
    """
    resampling = Resampling(unit_N=number_units(groups), num_resamples=NUM_RESAMPLES, seed=seed)
    tokens_N = np.array([row.num_tokens for row in next(iter(losses.values()))], dtype=np.float64)
    statistics = [
        partial(_loss_per_token, tokens_N * np.array([row.loss for row in found]), tokens_N)
        for found in losses.values()
    ]
    samples = dict(zip(losses, resample(statistics, resampling), strict=True))
    best = min(samples, key=lambda trial_id: samples[trial_id].value)
    others = [trial_id for trial_id in samples if trial_id != best]
    return best, [
        _difference(
            trial_id,
            samples[trial_id].minus(samples[best]),
            num_others=len(others),
            is_judged=resampling.num_units >= MIN_UNITS,
        )
        for trial_id in others
    ]


def is_worse(difference: TrialDifference) -> bool:
    """Whether a trial is worse than the best one by more than the noise of the rows."""
    return difference.interval.low > 0


def _loss_per_token(losses_N: Floats, tokens_N: Floats, counts_RN: Floats) -> Floats:
    return divide(counts_RN @ losses_N, counts_RN @ tokens_N)


def _difference(trial_id: str, sample: Resampled, *, num_others: int, is_judged: bool) -> TrialDifference:
    confidence = 1 - (1 - CONFIDENCE) / num_others
    ends = np.quantile(sample.resamples_R, [(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = map(float, ends)
    return TrialDifference(
        trial_id=trial_id,
        difference=sample.value,
        interval=Interval(
            low=low if is_judged else min(0.0, low),
            high=high,
            confidence=confidence,
            method=METHOD if is_judged else "too few rows to be judged",
        ),
    )
