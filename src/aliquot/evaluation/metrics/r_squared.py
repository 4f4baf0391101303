"""Share of the references' variance that the answers explain; negative when the mean would do better."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, divide


def r_squared(answers: Answers, counts_RN: Floats) -> Floats:
    """Return R values of 1 - residual / total sum of squares; undefined for constant references."""
    # Centring on the mean of all items keeps the sums of squares small; the result is the same.
    centred_N = answers.reference_number_N - answers.reference_number_N.mean()
    sums = counts_RN @ np.stack([answers.error_N**2, centred_N, centred_N**2], axis=1)
    total_R = sums[:, 2] - divide(sums[:, 1] ** 2, counts_RN.sum(axis=1))
    is_constant_R = total_R <= 1e-12 * sums[:, 2]
    return 1 - divide(sums[:, 0], np.where(is_constant_R, 0.0, total_R))


METRIC = Metric(
    name="r_squared",
    title="R²",
    task_types=("number",),
    unit="",
    direction="higher",
    range=(None, 1.0),
    citation="Wright, J. Agric. Res. 20, 557 (1921)",
    aggregate=r_squared,
)
