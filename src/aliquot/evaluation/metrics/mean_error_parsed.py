"""Mean of answer - reference over the parsed answers only."""

from dataclasses import replace

import numpy as np

from aliquot.evaluation.metrics.mean_error import METRIC as IMPUTED

METRIC = replace(
    IMPUTED,
    name="mean_error_parsed",
    title="Bias of parsed answers",
    per_item=lambda answers: np.where(answers.is_parsed_N, answers.error_N, np.nan),
)
