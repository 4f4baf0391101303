"""Share of the references' variance that the answers explain; negative when the mean would do better."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, divide
from aliquot.evaluation.resampling import Sums


def r_squared(answers: Answers) -> Sums:
    """Return 1 - residual / total sum of squares as a statistic; undefined for constant references."""
    # Centring on the mean of all items keeps the sums of squares small; the result is the same.
    centred_N = answers.reference_number_N - answers.reference_number_N.mean()
    columns = (answers.error_N**2, centred_N, centred_N**2, np.ones(len(answers)))
    return Sums(np.stack(columns, axis=1), _explained)


def _explained(sums_RC: Floats) -> Floats:
    residual_R, centred_R, squared_R, items_R = sums_RC.T
    total_R = squared_R - divide(centred_R**2, items_R)
    is_constant_R = total_R <= 1e-12 * squared_R
    return 1 - divide(residual_R, np.where(is_constant_R, 0.0, total_R))


METRIC = Metric(
    name="r_squared",
    title="R²",
    task_types=("number",),
    unit="",
    direction="higher",
    range=(None, 1.0),
    citation="Wright, J. Agric. Res. 20, 557 (1921)",
    prepare=r_squared,
)
