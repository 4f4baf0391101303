"""Scores of a whole corpus by sacreBLEU, recomputed from the statistics of its texts for every resample.

Shape letters: N items, R resamples, S statistics of a text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import undefined
from aliquot.evaluation.resampling import Statistic, Sums
from aliquot.evaluation.text_overlap import list_accepted

Name = Literal["bleu", "chrf"]

MIN_WORDS = 4
"""BLEU counts sequences of up to four words; where no reference is that long it is 0 even if all is right."""


def prepare_corpus(name: Name, answers: Answers) -> Statistic:
    """Return the score, 0 to 100, as a statistic; NaN for BLEU where every reference has under four words.

    sacreBLEU adds up what it counted in each text (n-grams that match, n-grams in all, lengths) and makes
    the score of the sums; under a resample they are added as often as the text is in it.
    """
    if not len(answers) or (name == "bleu" and _are_short(answers)):
        return undefined
    scorer, statistics_NS = _count(name, answers.outputs, tuple(list_accepted(answers)))
    return Sums(
        statistics_NS, lambda sums_RS: np.array([_score(scorer, row_S) for row_S in np.rint(sums_RS)])
    )


def sign_corpus(name: Name, answers: Answers) -> str:
    """Return sacreBLEU's signature: everything that determines the value, with the version."""
    scorer, _ = _count(name, answers.outputs, tuple(list_accepted(answers)))
    return f"{type(scorer).__name__} {scorer.get_signature().format()}"


@lru_cache(maxsize=32)
def _count(name: Name, outputs: tuple[str, ...], accepted: tuple[tuple[str, ...], ...]) -> tuple[Any, Floats]:
    """Return the scorer and the statistics NS of N texts, each against its accepted ones."""
    from sacrebleu.metrics.bleu import BLEU  # costs start-up time
    from sacrebleu.metrics.chrf import CHRF

    # ``force`` only silences advice about answers that end in a full stop after a space.
    scorer = BLEU(force=True) if name == "bleu" else CHRF()
    width = max(map(len, accepted))
    columns: Any = [
        [right[place] if place < len(right) else None for right in accepted] for place in range(width)
    ]
    statistics: Any = scorer._extract_corpus_statistics(outputs, columns)
    return scorer, np.array(statistics, dtype=np.float64)


def _score(scorer: Any, statistics_S: Floats) -> float:
    return float(scorer._compute_score_from_stats(statistics_S.astype(int).tolist()).score)


def _are_short(answers: Answers) -> bool:
    return all(len(text.split()) < MIN_WORDS for text in answers.expected)
