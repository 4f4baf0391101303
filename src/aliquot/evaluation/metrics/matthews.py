"""Matthews correlation of references and answers, for any number of classes."""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.class_totals import ClassTotals, of_class_totals
from aliquot.evaluation.metric import Metric, divide


def matthews(totals: ClassTotals) -> Floats:
    """Return R values; unparsed answers are one more class that is never right.

    Undefined when the references hold one class only; 0 when all answers are the same, which tells
    nothing about the reference.
    """
    items_R = totals.expected_RK.sum(axis=1)
    hits_R = totals.hits_RK.sum(axis=1)
    agreement_R = hits_R * items_R - (totals.expected_RK * totals.answered_RK).sum(axis=1)
    expected_R = items_R**2 - (totals.expected_RK**2).sum(axis=1)
    answered_R = items_R**2 - (totals.answered_RK**2).sum(axis=1) - totals.unparsed_R**2
    correlation_R = divide(agreement_R, np.sqrt(expected_R * answered_R))
    return np.where((answered_R == 0) & (expected_R > 0), 0.0, correlation_R)


METRIC = Metric(
    name="matthews",
    title="Matthews correlation",
    task_types=("labels",),
    unit="",
    direction="higher",
    range=(-1.0, 1.0),
    citation="Gorodkin, Comput. Biol. Chem. 28, 367 (2004), doi:10.1016/j.compbiolchem.2004.09.006",
    prepare=lambda answers: of_class_totals(answers, matthews),
)
