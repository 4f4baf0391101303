"""Share of answers with the elements of an accepted composition in the same ratio: equal reduced formulas."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="composition_match",
    title="Same composition",
    task_types=("composition",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Ong et al., pymatgen, Comput. Mater. Sci. 68, 314 (2013), doi:10.1016/j.commatsci.2012.10.028",
    interval="wilson",
    per_item=lambda answers: answers.normalised_N,
)
