"""Share of answers that are an accepted molecule, however it is written: equal canonical SMILES."""

from aliquot.evaluation.fingerprints import rdkit_version
from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="molecule_match",
    title="Same molecule",
    task_types=("molecule",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Weininger et al., J. Chem. Inf. Comput. Sci. 29, 97 (1989), doi:10.1021/ci00062a008",
    interval="wilson",
    per_item=lambda answers: answers.normalised_N,
    signature=lambda answers: f"canonical SMILES by RDKit {rdkit_version()}",
)
