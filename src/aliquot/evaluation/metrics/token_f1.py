"""Mean over texts of the F1 of their words, as SQuAD counts them, the best over accepted answers."""

import re
import string
from collections import Counter

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.text_overlap import score_best

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def f1_per_item(answers: Answers) -> Floats:
    """Return N values; an answer that was cut off keeps its part."""
    return score_best(answers, token_f1)


def token_f1(output: str, expected: str) -> float:
    """Return the F1 of the words that two texts share, each as often as it stands in both.

    Words are lower case, without punctuation and the English articles. Two texts without any word agree.
    """
    answered, right = list_words(output), list_words(expected)
    if not answered or not right:
        return float(answered == right)
    return 2 * (Counter(answered) & Counter(right)).total() / (len(answered) + len(right))


def list_words(text: str) -> list[str]:
    """Return the words of a text as SQuAD's scorer normalises them."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


METRIC = Metric(
    name="token_f1",
    title="F1 of words",
    task_types=("text",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Rajpurkar et al., SQuAD, arXiv:1606.05250",
    per_item=f1_per_item,
)
