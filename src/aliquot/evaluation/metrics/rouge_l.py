"""Mean over texts of ROUGE-L: the F1 of their longest common subsequence of words."""

import re

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.text_overlap import score_best

_OTHER = re.compile("[^a-z0-9]+")


def rouge_per_item(answers: Answers) -> Floats:
    """Return N values; an answer that was cut off keeps its part."""
    return score_best(answers, rouge_l)


def rouge_l(output: str, expected: str) -> float:
    """Return the ROUGE-L F1 of two texts; 0 where one of them has no word.

    Words are runs of the letters a to z and digits, in lower case, not stemmed: those of the package
    rouge-score. A text in another script has none, so its value is undefined (NaN).
    """
    from rapidfuzz.distance import LCSseq  # costs start-up time

    answered, right = list_words(output), list_words(expected)
    if not right:
        return float("nan")
    return 2 * LCSseq.similarity(answered, right) / (len(answered) + len(right))


def list_words(text: str) -> list[str]:
    """Return the words of a text as rouge-score cuts them."""
    return _OTHER.sub(" ", text.lower()).split()


METRIC = Metric(
    name="rouge_l",
    title="ROUGE-L",
    task_types=("text",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Lin, ROUGE, ACL Workshop Text Summarization Branches Out, 74 (2004), aclanthology.org/W04-1013",
    per_item=rouge_per_item,
    signature=lambda answers: "F1, lower case, no stemming, words of a-z and 0-9 as in rouge-score 0.1.2",
)
