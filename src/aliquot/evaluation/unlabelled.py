"""Rates of a binary answer where one label is known and the other items are unlabelled, not negative.

With the class prior a, the share of positives among the unlabelled items, which the user states. Of a model
that calls a share c of the unlabelled items positive, and a share t of the known positives,
c = a t + (1 - a) f holds for its false-positive rate f: known positives are taken to be a random sample of
all positives. Source: Jain, White and Radivojac, AAAI 2017, arXiv:1702.00518.

Shape letters: R resamples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.class_totals import ClassTotals, of_class_totals
from aliquot.evaluation.metric import divide, undefined
from aliquot.evaluation.resampling import Statistic

CITATION = "Jain, White and Radivojac, AAAI 2017, arXiv:1702.00518"


@dataclass(frozen=True, slots=True)
class Rates:
    """What is known of a model in R resamples.

    Attributes:
        prior: Share of positives among the unlabelled items.
        true_positive_R: Share of the known positives answered positive; an unparsed answer is not.
        called_R: Share of the unlabelled items answered positive.
    """

    prior: float
    true_positive_R: Floats
    called_R: Floats

    @property
    def false_positive_R(self) -> Floats:
        """Share of the negatives answered positive; by chance it may come out below 0."""
        return (self.called_R - self.prior * self.true_positive_R) / (1 - self.prior)


def of_rates(answers: Answers, finish: Callable[[Rates], Floats]) -> Statistic:
    """Return a metric of these rates as a statistic; undefined where no positive label and prior are stated.

    Args:
        answers: Answers of a task with closed labels.
        finish: Rates of R resamples → R values.
    """
    label, prior = answers.positive_label, answers.class_prior
    if label is None or prior is None:
        return undefined
    place = answers.labels.index(label)

    def of_totals(totals: ClassTotals) -> Floats:
        positives_R, hits_R = totals.expected_RK[:, place], totals.hits_RK[:, place]
        called_R = totals.answered_RK[:, place] - hits_R
        unlabelled_R = totals.expected_RK.sum(axis=1) - positives_R
        return finish(Rates(prior, divide(hits_R, positives_R), divide(called_R, unlabelled_R)))

    return of_class_totals(answers, of_totals)
