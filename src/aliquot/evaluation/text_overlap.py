"""How far an answer's text overlaps with the accepted texts: the best of them counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aliquot.evaluation.answers import Answers, Floats


def list_accepted(answers: Answers) -> list[tuple[str, ...]]:
    """Return the texts that count as right for each of N items as they stand, the reference first."""
    return [(first, *more) for first, more in zip(answers.expected, answers.also_expected, strict=True)]


def score_best(answers: Answers, score: Callable[[str, str], float]) -> Floats:
    """Return the score of each of N outputs against the accepted text that it meets best."""
    pairs = zip(answers.outputs, list_accepted(answers), strict=True)
    return np.array(
        [np.fmax.reduce([score(output, right) for right in accepted]) for output, accepted in pairs]
    )
