"""The processes that train one run together, each on a device of its own.

Every process holds the adapter and the optimizer, and computes its share of a step's micro-batches; the
gradients are added up and each process applies the same step. As the loss is normalised by the trained
tokens of the whole step, the sum is the gradient that one process would have computed, up to rounding.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import distributed

from aliquot.core.spec import TrainingSpec


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """One process among those that train a run; alone unless told otherwise.

    Attributes:
        rank: Number of this process, from 0; process 0 keeps the journal and writes the checkpoints.
        size: How many there are.
        is_lockstep: Whether a pass needs all processes, as where each holds a part of every layer.
    """

    rank: int = 0
    size: int = 1
    is_lockstep: bool = False

    @property
    def is_first(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def turns(self, num_passes: int) -> range:
        """Return which of some passes this process computes: each belongs to exactly one process.

        In lockstep every process has equally many: those from ``num_passes`` on are fillers, whose result
        counts for nothing.
        """
        end = self.size * math.ceil(num_passes / self.size) if self.is_lockstep else num_passes
        return range(self.rank, end, self.size)

    def add_up(self, values: Sequence[float]) -> list[float]:
        """Return the sums of some numbers over all processes."""
        if self.size == 1:
            return list(values)
        totals = torch.tensor(values, dtype=torch.float64, device=_device())
        distributed.all_reduce(totals)
        return totals.tolist()

    def add_up_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace each gradient by its sum over all processes, in one message.

        A process that had no micro-batch in this step brings zeros.
        """
        if self.size == 1:
            return
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            for parameter in parameters
        ]
        message = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(message)
        sizes = [gradient.numel() for gradient in gradients]
        for parameter, total in zip(parameters, message.split(sizes), strict=True):
            parameter.grad = total.view_as(parameter)

    def agree(self, number: float) -> float:
        """Return the number that process 0 gave."""
        if self.size == 1:
            return number
        told = torch.tensor([number], dtype=torch.float64, device=_device())
        distributed.broadcast(told, src=0)
        return told.item()

    def wait(self) -> None:
        """Return once every process has come here."""
        self.agree(0)


ALONE = ProcessGroup()


def take_device(spec: TrainingSpec, rank: int) -> None:
    """Let this process use the device of its rank; fails where there are fewer."""
    if spec.device == "cuda":
        torch.cuda.set_device(rank)


@contextlib.contextmanager
def join(meeting_point: Path, spec: TrainingSpec, *, rank: int) -> Iterator[ProcessGroup]:
    """Meet the other processes; each waits until all are there.

    Args:
        meeting_point: A file that all of them can reach, new for this meeting: where they find each other.
        spec: Says how many are to come, and on what.
        rank: Number of this process.
    """
    size = spec.num_devices
    store = distributed.FileStore(str(meeting_point), size)
    backend = "nccl" if spec.device == "cuda" else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size)
    try:
        yield ProcessGroup(rank, size, is_lockstep=spec.sharding == "full")
    finally:
        distributed.destroy_process_group()


def _device() -> str:
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
