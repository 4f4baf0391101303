"""Is there room for what a run will write? Asked before anything costly is done."""

from __future__ import annotations

from aliquot.core.files import disk_full, free_bytes
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec

BYTES_PER_PARAMETER = 4
"""Of a trained parameter, and of each of its two moments, in float32."""
OTHER_BYTES = 20_000_000
"""Answers, scores, events and report of a usual run; checkpoints and adapter are what grows."""


def needed_bytes(run_dir: RunDir, spec: Spec) -> int:
    """Return what the rest of a run may still write at most, roughly.

    Checkpoints that are there already take no new room: as many are removed as are written.
    """
    if run_dir.find_weights_dir() is not None:
        return OTHER_BYTES
    parameters = spec.plan.estimate.trainable_parameters
    checkpoint = 3 * BYTES_PER_PARAMETER * parameters
    num_at_once = spec.training.num_checkpoints_kept + 3  # the best, the last, and the one being written
    num_there = len(list(run_dir.checkpoints_dir.glob("step-*")))
    return max(1, num_at_once - num_there) * checkpoint + BYTES_PER_PARAMETER * parameters + OTHER_BYTES


def require_space(run_dir: RunDir, spec: Spec) -> None:
    """Raise when the disk has no room for the rest of a run.

    Raises:
        MachineError: ``disk_full``, with what is needed and what is free.
    """
    needed = needed_bytes(run_dir, spec)
    if free_bytes(run_dir.path) < needed:
        raise disk_full(run_dir.path, needed)
