"""Fine-tuning, of an adapter or of all weights: the loop that a paper describes.

Minimise the objective (the mean negative log-likelihood of the answer tokens, end of turn included, or of
all tokens of plain texts; or the loss of ``preference_loss.py``) with AdamW, gradients clipped by their
global norm, over a fixed number of steps. Every quantity below is a function of the specification and the
step, so a run that was interrupted continues with equal bits.

The loop knows no files and no clocks of its own: what it tells goes to a ``Journal``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from aliquot.core.spec import TrainingSpec
from aliquot.errors import Interrupted
from aliquot.tokenization.batches import rows_of_step
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.checkpoint import CheckpointStore, TrainingState
from aliquot.training.finite import is_finite, list_culprits, not_finite
from aliquot.training.journal import WISHES, Journal
from aliquot.training.loss import Packing, StepLoss, mean_loss
from aliquot.training.memory_step import step_within_memory
from aliquot.training.objective import Objective
from aliquot.training.optimizer import build_optimizer, set_learning_rate, trained_parameters
from aliquot.training.process_group import ALONE, ProcessGroup
from aliquot.training.supervised_loss import SUPERVISED
from aliquot.training.validation import ScoreFunction, agreed_score, judge


def train(
    model: Any,
    rows: Sequence[EncodedRow],
    validation_rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    *,
    packing: Packing,
    checkpoints: CheckpointStore,
    journal: Journal,
    objective: Objective = SUPERVISED,
    group: ProcessGroup = ALONE,
    name_row: Callable[[int], str] = lambda index: f"row {index + 1}",
    score: ScoreFunction | None = None,
) -> TrainingState:
    """Train what has gradients; on return the model holds the chosen weights.

    Chosen are the weights with the highest ``score`` where one is given, ties by validation loss; else those
    with the lowest validation loss; without validation rows the last ones. ``name_row`` names a training row
    in messages. Of several processes (``group``) each computes its share of every step.

    Raises:
        Interrupted: A wish ended training at a step border; a checkpoint of that step is saved.
        RunError: The loss is not finite (``loss_not_finite``); the step was not applied.
    """
    optimizer = build_optimizer(model, spec)
    state = _restore(model, optimizer, checkpoints, journal)
    packing = packing.limited(state.max_pack_tokens)
    model.train()

    while state.step < spec.num_steps and not _is_exhausted(state, spec):
        chosen = rows_of_step(state.step, num_rows=len(rows), batch_size=spec.batch_size, seed=spec.seed)
        learning_rate = set_learning_rate(optimizer, state.step, spec)
        batch = [rows[index] for index in chosen]
        together = {"step": state.step, "objective": objective, "journal": journal, "group": group}
        result, packing = step_within_memory(model, batch, spec, packing=packing, **together)
        norm = torch.nn.utils.clip_grad_norm_(trained_parameters(model), spec.max_grad_norm).item()
        if not is_finite(result.loss, norm):
            culprits = map(name_row, list_culprits(model, rows, chosen, packing))
            raise not_finite(result.loss, norm, state.step + 1, list(culprits))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

        state = state.after(result.loss, packing.max_pack_tokens)
        _tell_step(journal, result, state, learning_rate=learning_rate, norm=norm)
        if validation_rows and _is_due(state.step, spec.validation_interval_steps, spec):
            loss = mean_loss(objective, model, validation_rows, spec, packing, group=group)
            state = judge(state, loss, agreed_score(score, model, group), journal)
        wish = _find_wish(journal, group)
        if group.is_first and (wish or _is_to_keep(state, spec)):
            path = checkpoints.save(model, optimizer, state)
            journal.write("checkpoint", step=state.step, path=path.name)
        _leave_when_asked(wish, state, spec)

    if state.best_step is not None and state.best_step != state.step:
        checkpoints.load_weights(model, state.best_step)
    model.eval()
    return state


def _restore(
    model: Any, optimizer: torch.optim.AdamW, checkpoints: CheckpointStore, journal: Journal
) -> TrainingState:
    state, damaged = checkpoints.restore(model, optimizer)
    for sentence in damaged:
        journal.write("warning", code="checkpoint_damaged", message=f"Damaged checkpoint: {sentence}.")
    journal.write("resumed", from_step=state.step)
    return state


def _tell_step(
    journal: Journal, result: StepLoss, state: TrainingState, *, learning_rate: float, norm: float
) -> None:
    journal.write(
        "step",
        step=state.step,
        loss=result.loss,
        **result.measures,
        learning_rate=learning_rate,
        grad_norm=norm,
        num_tokens=result.num_tokens,
        computed_tokens=result.computed_tokens,
        trained_tokens=result.trained_tokens,
    )
    if state.trace.begins_to_diverge:
        journal.write(
            "warning",
            code="loss_diverging",
            message=f"Step {state.step}: the training loss climbed to {result.loss:.3g} and stays far above "
            "its running median. Lower train.learning_rate, or look for broken rows; `aliquot cancel --stop` "
            "keeps a checkpoint.",
        )


def _find_wish(journal: Journal, group: ProcessGroup) -> str | None:
    """Return the wish that the first process found: all must leave at the same step."""
    wish = journal.find_wish() if group.is_first else None
    return WISHES[int(group.agree(WISHES.index(wish)))]


def _leave_when_asked(wish: str | None, state: TrainingState, spec: TrainingSpec) -> None:
    if wish not in ("stop", "cancel"):
        return
    raise Interrupted(
        f"Stopped at step {state.step} of {spec.num_steps}; a checkpoint is saved.",
        code="cancelled" if wish == "cancel" else "stopped",
        hint="" if wish == "cancel" else "`aliquot resume` continues from there.",
    )


def _is_to_keep(state: TrainingState, spec: TrainingSpec) -> bool:
    return state.best_step == state.step or _is_due(state.step, spec.checkpoint_interval_steps, spec)


def _is_due(step: int, interval: int, spec: TrainingSpec) -> bool:
    return step % interval == 0 or step == spec.num_steps


def _is_exhausted(state: TrainingState, spec: TrainingSpec) -> bool:
    """Whether validation has not improved for longer than the patience."""
    return 0 < spec.early_stopping_patience <= state.num_worse
