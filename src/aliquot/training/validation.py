"""Validation: whether the weights of a step are the best so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aliquot.errors import RunError
from aliquot.training.checkpoint import TrainingState
from aliquot.training.journal import Journal
from aliquot.training.process_group import ProcessGroup

ScoreFunction = Callable[[Any], float | None]
"""Gives the score of a model on the validation rows, higher is better; None where it is undefined."""


def judge(state: TrainingState, loss: float, score: float | None, journal: Journal) -> TrainingState:
    """Record a validation, and whether it is the best so far.

    Raises:
        RunError: The validation loss is not finite (``loss_not_finite``).
    """
    if not math.isfinite(loss):
        raise RunError(
            f"Validation loss became {loss} at step {state.step}; checkpoints written before are kept.",
            code="loss_not_finite",
            hint="Try a lower train.learning_rate, or train.precision float32.",
        )
    best = None if state.best_loss is None else _rank(state.best_score, state.best_loss)
    is_best = best is None or _rank(score, loss) > best
    told = {} if score is None else {"score": score}
    journal.write("validation", step=state.step, loss=loss, is_best=is_best, **told)
    if is_best:
        return replace(state, best_loss=loss, best_score=score, best_step=state.step, num_worse=0)
    return replace(state, num_worse=state.num_worse + 1)


def _rank(score: float | None, loss: float) -> tuple[float, float]:
    """Return what is compared: the score first, where there is one, then the loss."""
    return (-math.inf if score is None else score, -loss)


def agreed_score(score: ScoreFunction | None, model: Any, group: ProcessGroup) -> float | None:
    """Return the score that the first process found: all must choose the same checkpoint."""
    found = score(model) if score else None
    agreed = group.agree(math.nan if found is None else found)
    return None if math.isnan(agreed) else agreed
