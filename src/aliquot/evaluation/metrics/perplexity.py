"""Perplexity per token: exp of the mean of -ln p over all tokens of the texts.

It depends on the tokenizer: compare only models that share one, as the tuned model and its base do. Worked
example: two tokens of probability 1/2 and 1/8 have a perplexity of 4.
"""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, divide, undefined
from aliquot.evaluation.resampling import Statistic, Sums


def prepare(answers: Answers) -> Statistic:
    """Return exp(nats / tokens); NaN where the model gave no probabilities or has no tokens."""
    if answers.text_nats_N is None:
        return undefined
    columns_NC = np.stack([answers.text_nats_N, answers.num_tokens_N], axis=1)

    def of_sums(sums_RC: Floats) -> Floats:
        return np.exp(divide(sums_RC[:, 0], sums_RC[:, 1]))

    return Sums(columns_NC, of_sums)


METRIC = Metric(
    name="perplexity",
    title="Perplexity per token",
    task_types=("document",),
    unit="",
    direction="lower",
    range=(1.0, None),
    citation="Jelinek et al. 1977, doi:10.1121/1.2016299",
    prepare=prepare,
)
