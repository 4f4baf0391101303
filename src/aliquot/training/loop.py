"""Supervised fine-tuning with LoRA: the loop that a paper describes.

Minimise the mean negative log-likelihood of the answer tokens (end of turn included) with AdamW,
gradients clipped by their global norm, over a fixed number of steps. Every quantity below is a function
of the specification and the step, so a run that was interrupted continues with equal bits.

The loop knows no files and no clocks of its own: what it tells goes to a ``Journal``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import torch

from aliquot.core.spec import TrainingSpec
from aliquot.errors import Interrupted, RunError
from aliquot.modeling.memory import is_memory_error, memory_exhausted
from aliquot.tokenization.batches import rows_of_step
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.checkpoint import CheckpointStore, TrainingState
from aliquot.training.loss import Packing, StepLoss, accumulate_gradients, mean_loss, row_losses
from aliquot.training.optimizer import build_optimizer, learning_rate_at, trained_parameters


class Journal(Protocol):
    """Who listens to the loop, and may ask it to stop."""

    def write(self, kind: str, **data: Any) -> None:
        """Record one event."""

    def find_wish(self) -> str | None:
        """Return ``stop``, ``cancel`` or ``checkpoint`` when somebody asked for it, else None."""


def train(
    model: Any,
    rows: Sequence[EncodedRow],
    validation_rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    *,
    packing: Packing,
    checkpoints: CheckpointStore,
    journal: Journal,
    name_row: Callable[[int], str] = lambda index: f"row {index + 1}",
    score: Callable[[Any], float | None] | None = None,
) -> TrainingState:
    """Train the adapter; on return the model holds the chosen weights.

    Chosen are the weights with the lowest validation loss, or the last ones without validation rows. With
    ``score`` those with the highest score, ties by loss. ``name_row`` says which row an index is.

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
        learning_rate = learning_rate_at(state.step, spec)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate

        batch = [rows[index] for index in chosen]
        result, packing = step_within_memory(
            model, batch, spec, step=state.step, packing=packing, journal=journal
        )
        norm = torch.nn.utils.clip_grad_norm_(trained_parameters(model), spec.max_grad_norm).item()
        if not (math.isfinite(result.loss) and math.isfinite(norm)):
            culprits = [name_row(index) for index in _list_culprits(model, rows, chosen, packing)]
            raise _not_finite(result.loss, norm, state, culprits)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

        state = state.after_step(result.loss, packing.max_pack_tokens)
        _tell_step(journal, result, state, learning_rate=learning_rate, norm=norm)
        if validation_rows and _is_due(state.step, spec.validation_interval_steps, spec):
            loss = mean_loss(model, validation_rows, spec, packing)
            state = _judge(state, loss, score(model) if score else None, journal)
        wish = journal.find_wish()
        if wish or state.best_step == state.step or _is_due(state.step, spec.checkpoint_interval_steps, spec):
            path = checkpoints.save(model, optimizer, state)
            journal.write("checkpoint", step=state.step, path=path.name)
        if wish in ("stop", "cancel"):
            raise _interrupted(wish, state, spec)

    if state.best_step is not None and state.best_step != state.step:
        checkpoints.load_weights(model, state.best_step)
    model.eval()
    return state


def _interrupted(wish: str, state: TrainingState, spec: TrainingSpec) -> Interrupted:
    return Interrupted(
        f"Stopped at step {state.step} of {spec.num_steps}; a checkpoint is saved.",
        code="cancelled" if wish == "cancel" else "stopped",
        hint="" if wish == "cancel" else "`aliquot resume` continues from there.",
    )


def step_within_memory(
    model: Any,
    rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    *,
    step: int,
    packing: Packing,
    journal: Journal,
) -> tuple[StepLoss, Packing]:
    """Return the step's loss, its gradient accumulated, and the packing whose passes fit the memory.

    Memory is estimated when the run is planned; where a pass needs more, it is cut in two. The gradient is
    that of the whole step however it is cut. (An operating system that promises more memory than it has
    kills the process instead of refusing; the watcher names that.)

    Raises:
        MachineError: One row alone does not fit (``memory_exhausted``).
    """
    while True:
        try:
            return accumulate_gradients(model, rows, spec, step=step, packing=packing), packing
        except (MemoryError, RuntimeError) as error:
            if not is_memory_error(error):
                raise
            smaller, cause = packing.halved(rows, spec), str(error)
        # Outside of the handler: the error itself holds the tensors of the failed pass.
        model.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        if smaller is None:
            raise memory_exhausted(cause, f"for one row of step {step + 1}")
        packing = smaller
        journal.write(
            "warning",
            code="pass_halved",
            message=f"Step {step + 1} did not fit the memory; from here on a pass holds at most "
            f"{packing.max_pack_tokens:,} tokens. The loss is that of the whole step all the same.",
        )


def _restore(
    model: Any, optimizer: torch.optim.AdamW, checkpoints: CheckpointStore, journal: Journal
) -> TrainingState:
    state, damaged = checkpoints.restore(model, optimizer)
    for sentence in damaged:
        journal.write("warning", code="checkpoint_damaged", message=f"Damaged checkpoint: {sentence}.")
    journal.write("resumed", from_step=state.step)
    return state


def _judge(state: TrainingState, loss: float, score: float | None, journal: Journal) -> TrainingState:
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


def _tell_step(
    journal: Journal, result: StepLoss, state: TrainingState, *, learning_rate: float, norm: float
) -> None:
    journal.write(
        "step",
        step=state.step,
        loss=result.loss,
        token_accuracy=result.token_accuracy,
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


def _is_due(step: int, interval: int, spec: TrainingSpec) -> bool:
    return step % interval == 0 or step == spec.num_steps


def _is_exhausted(state: TrainingState, spec: TrainingSpec) -> bool:
    """Whether validation has not improved for longer than the patience."""
    return 0 < spec.early_stopping_patience <= state.num_worse


def _list_culprits(
    model: Any, rows: Sequence[EncodedRow], chosen: Sequence[int], packing: Packing
) -> list[int]:
    """Return the rows of a step whose own loss is not finite; all of them when only the gradient is not."""
    # One by one: in a pass of several, one row's NaN may reach the others.
    losses = {index: row_losses(model, [rows[index]], packing)[0][0] for index in sorted(chosen)}
    return [index for index, loss in losses.items() if not math.isfinite(loss)] or list(losses)


def _not_finite(loss: float, norm: float, state: TrainingState, culprits: Sequence[str]) -> RunError:
    named = ", ".join(culprits[:10]) + (f" and {len(culprits) - 10} more" if len(culprits) > 10 else "")
    return RunError(
        f"Loss became {loss} (gradient norm {norm}) at step {state.step + 1}, on the training rows {named}. "
        "The step was not applied; the last checkpoint is kept.",
        code="loss_not_finite",
        hint="Try a lower train.learning_rate, or train.precision float32, or look at these rows.",
    )
