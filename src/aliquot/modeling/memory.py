"""A GPU whose memory ran out, said in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from aliquot.errors import MachineError


def memory_exhausted(cause: str, purpose: str) -> MachineError:
    """Return the error for a GPU whose memory did not suffice.

    Args:
        cause: What torch said.
        purpose: What the memory was for, as the end of a sentence: ``for one row of step 3``.
    """
    free, total = torch.cuda.mem_get_info() if torch.cuda.is_available() else (0, 0)
    return MachineError(
        f"The GPU's memory ran out {purpose}: {total / 1e9:.1f} GB in all, {free / 1e9:.1f} GB of it free "
        f"when it failed. torch says: {'. '.join(cause.split('. ')[:2]).rstrip('.')}.",
        code="memory_exhausted",
        location="train.device",
        hint="End other programs on this GPU (`nvidia-smi` lists them), or choose a smaller base or shorter "
        "rows; a smaller train.lora_rank saves little.",
    )


@contextlib.contextmanager
def naming_memory_errors(purpose: str) -> Iterator[None]:
    """Turn torch's error into ours, with what the memory was for.

    Raises:
        MachineError: The GPU's memory ran out (``memory_exhausted``).
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise memory_exhausted(str(error), purpose) from error
