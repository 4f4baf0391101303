"""Mean of -ln p(reference label), in nats, over probabilities of whole labels."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric

SMALLEST_PROBABILITY = 1e-15
"""A label that was called impossible and occurs would cost infinitely much; it costs 34.5 nats."""


def surprise_per_item(answers: Answers) -> Floats:
    """Return N values; NaN everywhere when the model gave no probabilities."""
    if answers.probabilities_NK is None:
        return np.full(len(answers), np.nan)
    chosen_N = answers.probabilities_NK[np.arange(len(answers)), answers.reference_index_N]
    return -np.log(np.clip(chosen_N, SMALLEST_PROBABILITY, 1.0))


METRIC = Metric(
    name="negative_log_likelihood",
    title="Negative log-likelihood",
    task_types=("labels",),
    unit="nats",
    direction="lower",
    range=(0.0, None),
    citation="Good, J. R. Stat. Soc. B 14, 107 (1952)",
    per_item=surprise_per_item,
)
