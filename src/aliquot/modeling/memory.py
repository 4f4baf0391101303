"""Memory that ran out, of a GPU or of the machine, said in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psutil
import torch

from aliquot.errors import MachineError


def is_memory_error(error: BaseException) -> bool:
    """Whether an error says that memory ran out; for a CPU torch raises a plain RuntimeError."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


def memory_exhausted(error: BaseException | str, purpose: str) -> MachineError:
    """Return the error for memory that did not suffice.

    Args:
        error: What torch or Python raised, or its words.
        purpose: What the memory was for, as the end of a sentence: ``for one row of step 3``.
    """
    cause = str(error) or "out of memory"
    is_on_gpu = "CUDA" in cause
    if is_on_gpu:
        whose, (free, total) = "The GPU's", torch.cuda.mem_get_info() if torch.cuda.is_available() else (0, 0)
    else:
        memory = psutil.virtual_memory()
        whose, free, total = "This machine's", memory.available, memory.total
    return MachineError(
        f"{whose} memory ran out {purpose}: {total / 1e9:.1f} GB in all, {free / 1e9:.1f} GB of it free "
        f"when it failed. torch says: {'. '.join(cause.split('. ')[:2]).rstrip('.')}.",
        code="memory_exhausted",
        location="train.device",
        hint="End other programs on this GPU (`nvidia-smi` lists them), or choose a smaller base or shorter "
        "rows; a smaller train.lora_rank saves little."
        if is_on_gpu
        else "End other programs on this machine, choose a smaller base, or shorten the longest rows.",
    )


@contextlib.contextmanager
def naming_memory_errors(purpose: str) -> Iterator[None]:
    """Turn torch's error into ours, with what the memory was for.

    Raises:
        MachineError: Memory ran out (``memory_exhausted``).
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_memory_error(error):
            raise
        raise memory_exhausted(error, purpose) from error
