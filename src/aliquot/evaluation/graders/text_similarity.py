"""How alike two texts are, 0 to 1, by one of the measures that OpenAI names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Grader, Tools, grade_each, metric_name
from aliquot.evaluation.grader_template import GradeFault, fill, require_template
from aliquot.evaluation.metrics.rouge_l import list_words, rouge_l

EvaluationMetric = Literal[
    "fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"
]
REFUSED = {
    "meteor": "it needs the WordNet data base, which is not part of Aliquot; rouge_l is near to it in spirit",
    "cosine": "it needs an embedding model, and none is connected; chrF is among the metrics",
}
LONGEST_GLEU = 4
"""Words of the longest sequence that GLEU counts, as in its definition."""


class TextSimilarity(Grader, frozen=True, kw_only=True):
    """Compares two texts by how much they share.

    Attributes:
        input: Template of the text.
        reference: Template of what it is compared with.
        evaluation_metric: The measure.
        pass_threshold: Values from here on pass.
    """

    kind = "text_similarity"

    input: str
    reference: str
    evaluation_metric: str
    pass_threshold: float | None = None

    def __post_init__(self) -> None:
        require_template(self.input)
        require_template(self.reference)
        if self.evaluation_metric in REFUSED:
            raise ValueError(f"{self.evaluation_metric} cannot be had: {REFUSED[self.evaluation_metric]}")
        if self.evaluation_metric not in get_args(EvaluationMetric):
            known = ", ".join(get_args(EvaluationMetric))
            raise ValueError(f"found evaluation_metric {self.evaluation_metric!r}, expected one of {known}")

    def describe(self) -> GraderMeaning:
        """Return what its numbers are."""
        return GraderMeaning(
            name=metric_name(self.name),
            title=self.name,
            type=self.kind,
            words=f"{_WORDS[self.evaluation_metric]} of {self.input} and {self.reference}",
            pass_threshold=self.pass_threshold,
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer; one that was cut off keeps what its part is worth."""
        measure = find_measure(self.evaluation_metric)

        def compare(item: GradedItem) -> float:
            values = {"item": item.item, "sample": item.sample}
            return measure(fill(self.input, values), fill(self.reference, values))

        return grade_each(items, compare)


def find_measure(name: str) -> Callable[[str, str], float]:
    """Return the function of text and reference that a measure is."""
    if name.startswith("rouge_"):
        return _of_words(rouge_l) if name == "rouge_l" else _of_words(_rouge_n(int(name[-1])))
    return {"fuzzy_match": fuzzy_match, "bleu": bleu, "gleu": gleu}[name]


def fuzzy_match(text: str, reference: str) -> float:
    """Return rapidfuzz's ratio: twice the longest common subsequence of characters over both lengths."""
    from rapidfuzz import fuzz  # costs start-up time

    return fuzz.ratio(text, reference) / 100


def bleu(text: str, reference: str) -> float:
    """Return sacreBLEU's BLEU of a sentence: exponential smoothing, sequences no longer than the text."""
    from sacrebleu.metrics.bleu import BLEU  # costs start-up time

    return BLEU(effective_order=True).sentence_score(text, [reference]).score / 100


def gleu(text: str, reference: str) -> float:
    """Return the sentence GLEU: the smaller of precision and recall of sequences of one to four words.

    Source: Wu et al., arXiv:1609.08144. Words are what white space separates.
    """
    answered, right = _sequences(text.split()), _sequences(reference.split())
    most = max(answered.total(), right.total())
    return (answered & right).total() / most if most else 0.0


def _sequences(words: list[str]) -> Counter[tuple[str, ...]]:
    return sum((_count(words, length) for length in range(1, LONGEST_GLEU + 1)), Counter())


def _rouge_n(length: int) -> Callable[[str, str], float]:
    def rouge_n(text: str, reference: str) -> float:
        answered, right = _count(list_words(text), length), _count(list_words(reference), length)
        total = answered.total() + right.total()
        return 2 * (answered & right).total() / total if total else 0.0

    return rouge_n


def _count(words: list[str], length: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(length)), strict=False))


def _of_words(measure: Callable[[str, str], float]) -> Callable[[str, str], float]:
    """Return a measure that refuses a reference without the words that ROUGE counts."""

    def checked(text: str, reference: str) -> float:
        if not list_words(reference):
            raise GradeFault("other_error", "ROUGE counts words of a-z and 0-9, and the reference has none")
        return measure(text, reference)

    return checked


_WORDS = {
    "fuzzy_match": "ratio of rapidfuzz",
    "bleu": "sentence BLEU of sacreBLEU, smoothed,",
    "gleu": "sentence GLEU (arXiv:1609.08144)",
    "rouge_l": "ROUGE-L, F1 (aclanthology.org/W04-1013)",
    **{f"rouge_{n}": f"ROUGE-{n}, F1 (aclanthology.org/W04-1013)" for n in range(1, 6)},
}


GRADER = TextSimilarity
