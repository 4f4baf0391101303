"""Share of answers with the keys and types that the training references have in common."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.record_schema import is_valid


def is_valid_per_item(answers: Answers) -> Floats:
    """Return N zeros and ones; NaN where no training references tell the form."""
    schema = answers.schema
    if schema is None:
        return np.full(len(answers), np.nan)
    return np.array([answer is not None and is_valid(answer, schema) for answer in answers.parsed], float)


METRIC = Metric(
    name="schema_valid",
    title="Schema valid",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="JSON Schema, draft 2020-12, validation: required, type (json-schema.org/draft/2020-12)",
    interval="wilson",
    per_item=is_valid_per_item,
)
