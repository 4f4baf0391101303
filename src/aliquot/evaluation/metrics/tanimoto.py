"""Mean Tanimoto similarity of Morgan fingerprints, the best over accepted molecules; unreadable counts 0."""

from aliquot.evaluation.fingerprints import NUM_BITS, RADIUS, rdkit_version, similarity_per_item
from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="tanimoto",
    title="Tanimoto similarity",
    task_types=("molecule",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Rogers and Hahn, J. Chem. Inf. Model. 50, 742 (2010), doi:10.1021/ci100050t",
    per_item=similarity_per_item,
    signature=lambda answers: (
        f"Morgan fingerprints, radius {RADIUS}, {NUM_BITS} bits, achiral, by RDKit {rdkit_version()}"
    ),
)
