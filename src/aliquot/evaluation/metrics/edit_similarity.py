"""Mean of 1 - Levenshtein distance / longer length, as texts stand, the best over accepted answers."""

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.text_overlap import score_best


def similarity_per_item(answers: Answers) -> Floats:
    """Return N similarities, 1.0 for equal texts; an answer that was cut off keeps its part."""
    from rapidfuzz.distance import Levenshtein  # costs start-up time

    return score_best(answers, Levenshtein.normalized_similarity)


METRIC = Metric(
    name="edit_similarity",
    title="Edit similarity",
    task_types=("text",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Levenshtein, Sov. Phys. Dokl. 10, 707 (1966)",
    per_item=similarity_per_item,
)
