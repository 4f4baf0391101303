"""Names of checkpoints: ``step-000120``, the folder's name and that of a model that answers from it."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"step-([0-9]+)")


def checkpoint_name(step: int) -> str:
    """Return the name of the checkpoint of a step."""
    return f"step-{step:06d}"


def find_step(name: str) -> int | None:
    """Return the step that a checkpoint is named by; None for a name of something else."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder by step; by name the millionth would stand before the second."""
    steps = ((find_step(path.name), path) for path in folder.glob("step-*"))
    return [path for _, path in sorted((step, path) for step, path in steps if step is not None)]
