"""Checkpoints: published by one rename, verified by hashes, rotated without ever losing a good one.

A checkpoint holds the trained weights, AdamW's moments and a few numbers. Data order, dropout and
learning rate are functions of the step, so nothing else is needed to continue with equal bits.
Safetensors and JSON only.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from aliquot.core.files import new_folder
from aliquot.core.records import decode, encode_pretty, sha256_file
from aliquot.errors import RunError
from aliquot.modeling.trained_weights import set_trained_tensors, trained_tensors, weights_file
from aliquot.training.optimizer import trained_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """Where training stands, beyond its tensors.

    Attributes:
        step: Optimizer steps done.
        best_loss: Lowest validation loss so far.
        best_step: The step it was reached at.
        num_worse: Validations since then.
    """

    step: int = 0
    best_loss: float | None = None
    best_step: int | None = None
    num_worse: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    state: TrainingState
    files: dict[str, str]


class CheckpointStore:
    """The checkpoints of one run.

    Args:
        folder: ``checkpoints/`` of the run directory.
        num_kept: How many to keep beside the best and the last.
    """

    def __init__(self, folder: Path, num_kept: int) -> None:
        self._folder = folder
        self._num_kept = num_kept

    def save(self, model: Any, optimizer: torch.optim.AdamW, state: TrainingState) -> Path:
        """Publish a checkpoint, then remove the ones that are no longer needed."""
        target = self._path(state.step)
        if target.exists():  # damaged, else training would have continued from it
            shutil.rmtree(target)
        with new_folder(target) as folder:
            save_file(trained_tensors(model), folder / weights_file(model), metadata={"format": "pt"})
            save_file(_moments(model, optimizer), folder / "optimizer.safetensors")
            hashes = {path.name: sha256_file(path) for path in sorted(folder.iterdir())}
            (folder / "manifest.json").write_bytes(encode_pretty(_Manifest(state=state, files=hashes)))
        self._rotate(state)
        return target

    def restore(self, model: Any, optimizer: torch.optim.AdamW) -> tuple[TrainingState, list[str]]:
        """Load the newest whole checkpoint; start from nothing when there is none.

        Returns:
            The state, and a sentence for each damaged checkpoint that was passed over.

        Raises:
            RunError: Checkpoints exist, but all are damaged: training never starts over silently.
        """
        damaged: list[str] = []
        for path in sorted(self._folder.glob("step-*"), reverse=True):
            fault = find_damage(path)
            if fault:
                damaged.append(f"{path.name}: {fault}")
                continue
            set_trained_tensors(model, load_file(path / weights_file(model)))
            _set_moments(model, optimizer, load_file(path / "optimizer.safetensors"))
            return _read_manifest(path).state, damaged
        if damaged:
            raise RunError(
                f"Every checkpoint is damaged: {'; '.join(damaged)}.",
                code="checkpoints_damaged",
                location=str(self._folder),
                hint="Delete the checkpoints folder to train from the beginning.",
            )
        return TrainingState(), []

    def load_weights(self, model: Any, step: int) -> None:
        """Put the weights of one checkpoint into the model.

        Raises:
            RunError: That checkpoint is damaged.
        """
        path = self._path(step)
        fault = find_damage(path)
        if fault:
            raise RunError(
                f"The best checkpoint is damaged: {fault}.",
                code="checkpoint_damaged",
                location=str(path),
                hint="Delete the checkpoints folder and run `aliquot resume` to train again.",
            )
        set_trained_tensors(model, load_file(path / weights_file(model)))

    def _path(self, step: int) -> Path:
        return self._folder / f"step-{step:06d}"

    def _rotate(self, state: TrainingState) -> None:
        paths = sorted(self._folder.glob("step-*"))
        # The one just written is whole, so the only good one is never removed; nor is the best.
        needed = {self._path(state.step), *([self._path(state.best_step)] if state.best_step else [])}
        others = [path for path in paths if path not in needed]
        for path in others[: max(0, len(others) - self._num_kept)]:
            shutil.rmtree(path)


def find_damage(path: Path) -> str | None:
    """Return what is wrong with a checkpoint folder, or None when every file has its hash."""
    try:
        manifest = _read_manifest(path)
    except (OSError, RunError) as error:
        return f"manifest unreadable ({type(error).__name__})"
    for name, expected in manifest.files.items():
        if not (path / name).is_file():
            return f"{name} is missing"
        if sha256_file(path / name) != expected:
            return f"{name} does not have the hash of its manifest"
    return None


def _read_manifest(path: Path) -> _Manifest:
    return decode((path / "manifest.json").read_bytes(), _Manifest, str(path / "manifest.json"))


def _moments(model: Any, optimizer: torch.optim.AdamW) -> dict[str, torch.Tensor]:
    """Return AdamW's state as named tensors; empty before the first step."""
    tensors = {}
    for index, parameter in enumerate(trained_parameters(model)):
        for name, value in optimizer.state[parameter].items():
            tensors[f"{index:05d}.{name}"] = value.detach().to("cpu").contiguous()
    return tensors


def _set_moments(model: Any, optimizer: torch.optim.AdamW, tensors: dict[str, torch.Tensor]) -> None:
    parameters = trained_parameters(model)
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        parameter = parameters[int(index)]
        # The step counter stays on the CPU, as AdamW made it.
        place = "cpu" if name == "step" else parameter.device
        optimizer.state[parameter][name] = value.to(place)
