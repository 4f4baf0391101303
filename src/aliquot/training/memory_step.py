"""The gradient of a step within the memory there is: a pass that does not fit is cut in two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from aliquot.core.spec import TrainingSpec
from aliquot.modeling.memory import is_memory_error, memory_exhausted
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.journal import Journal
from aliquot.training.loss import Packing, StepLoss, accumulate_gradients
from aliquot.training.objective import Objective
from aliquot.training.process_group import ProcessGroup


def step_within_memory(
    model: Any,
    rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    *,
    step: int,
    packing: Packing,
    objective: Objective,
    journal: Journal,
    group: ProcessGroup,
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
            result = accumulate_gradients(
                objective, model, rows, spec, step=step, packing=packing, group=group
            )
            return result, packing
        except (MemoryError, RuntimeError) as error:
            if not is_memory_error(error):
                raise
            if group.size > 1:  # the others wait for this process's gradient: it cannot begin anew alone
                raise memory_exhausted(
                    str(error), f"for a pass of step {step + 1} on device {group.rank}"
                ) from None
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
