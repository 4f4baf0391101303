"""Bits that a model needs for each byte of the texts: -log2 p of all of them over their bytes in UTF-8.

It does not hang on the tokenizer, so models with different ones can be compared. Worked example: a text of 3
bytes to which the model gives the probability 1/64 costs 6 bits, 2 per byte. Eight is what storing it takes.
"""

import math

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, divide, undefined
from aliquot.evaluation.resampling import Statistic, Sums


def prepare(answers: Answers) -> Statistic:
    """Return the bits of all texts over their bytes; NaN where the model gave no probabilities."""
    if answers.text_nats_N is None:
        return undefined
    columns_NC = np.stack([answers.text_nats_N / math.log(2), answers.num_bytes_N], axis=1)

    def of_sums(sums_RC: Floats) -> Floats:
        return divide(sums_RC[:, 0], sums_RC[:, 1])

    return Sums(columns_NC, of_sums)


METRIC = Metric(
    name="bits_per_byte",
    title="Bits per byte",
    task_types=("document",),
    unit="",
    direction="lower",
    range=(0.0, None),
    citation="Gao et al. 2020, The Pile, arXiv 2101.00027, section 3.1",
    prepare=prepare,
)
