"""Checkpoints: published by one rename, verified by hashes, rotated without ever losing a good one.

A checkpoint holds the trained weights, AdamW's moments and a few numbers. Data order, dropout and
learning rate are functions of the step, so nothing else is needed to continue with equal bits.
Safetensors and JSON only.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from aliquot.core.checkpoint_name import checkpoint_name, find_step, list_checkpoints
from aliquot.core.files import new_folder, translate_os_errors
from aliquot.core.records import decode, encode_pretty, sha256_file, sha256_of
from aliquot.core.spec import TrainingSpec
from aliquot.errors import RunError
from aliquot.modeling.trained_weights import (
    make_trainable,
    set_trained_tensors,
    trained_tensors,
    weights_file,
)
from aliquot.training.divergence import LossTrace
from aliquot.training.optimizer import trained_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """Where training stands, beyond its tensors.

    Attributes:
        step: Optimizer steps done.
        best_loss: Validation loss at the best validation so far.
        best_score: Score of the best validation, when the task's metric chooses; higher is better.
        best_step: The step of the best validation.
        num_worse: Validations since then.
        max_pack_tokens: Most tokens of a pass, when passes had to be cut to fit the memory.
        trace: Losses by which a divergence is noticed.
    """

    step: int = 0
    best_loss: float | None = None
    best_step: int | None = None
    num_worse: int = 0
    best_score: float | None = None
    max_pack_tokens: int | None = None
    trace: LossTrace = field(default_factory=LossTrace)

    def after(self, loss: float, max_pack_tokens: int) -> TrainingState:
        """Return the state one step later."""
        return replace(self, step=self.step + 1, max_pack_tokens=max_pack_tokens, trace=self.trace.add(loss))


class _Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attributes: sha256 is of state and files; empty in checkpoints of the first versions."""

    state: TrainingState
    files: dict[str, str]
    sha256: str = ""


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
        """Publish a checkpoint, then remove the ones that are no longer needed.

        Raises:
            MachineError: The disk is full (``disk_full``); the checkpoints before are as they were.
        """
        target = self._path(state.step)
        if target.exists():  # damaged, else training would have continued from it
            self._remove(target)
        tensors = {
            weights_file(model): trained_tensors(model),
            "optimizer.safetensors": _moments(model, optimizer),
        }
        needed_bytes = sum(tensor.nbytes for part in tensors.values() for tensor in part.values())
        with new_folder(target, needed_bytes=needed_bytes) as folder:
            for name, part in tensors.items():
                _save_tensors(part, folder / name)
            hashes = {path.name: sha256_file(path) for path in sorted(folder.iterdir())}
            manifest = _Manifest(state=state, files=hashes, sha256=sha256_of([state, hashes]))
            (folder / "manifest.json").write_bytes(encode_pretty(manifest))
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
        for path in reversed(self._list()):
            fault = find_damage(path)
            if fault:
                damaged.append(f"passed over {path.name}: {fault}")
                continue
            set_trained_tensors(model, load_file(path / weights_file(model)))
            _set_moments(model, optimizer, load_file(path / "optimizer.safetensors"))
            return self._without_damaged_best(_read_manifest(path).state, damaged)
        if damaged:
            raise RunError(
                f"Every checkpoint is damaged: {'; '.join(damaged)}.",
                code="checkpoints_damaged",
                location=str(self._folder),
                hint="Only your word starts over: `aliquot resume RUN --from-start` trains from step 0.",
            )
        return TrainingState(), []

    def clear(self) -> None:
        """Remove every checkpoint, so that training starts from nothing: only at the user's word."""
        for path in self._list():
            self._remove(path)

    def load_weights(self, model: Any, step: int) -> None:
        """Put the weights of one checkpoint into the model.

        Raises:
            RunError: That checkpoint is damaged.
        """
        _load_weights(model, self._path(step))

    def _path(self, step: int) -> Path:
        return self._folder / checkpoint_name(step)

    def _list(self) -> list[Path]:
        return list_checkpoints(self._folder)

    def _rotate(self, state: TrainingState) -> None:
        for half_removed in self._folder.glob(".step-*.removed"):
            shutil.rmtree(half_removed)
        for step in list_unneeded([_step_of(path) for path in self._list()], state, self._num_kept):
            self._remove(self._path(step))

    def _remove(self, path: Path) -> None:
        """Remove a checkpoint: by one rename first, so that a crash leaves no half of it under its name."""
        doomed = path.with_name(f".{path.name}.removed")
        with translate_os_errors(path):
            shutil.rmtree(doomed, ignore_errors=True)
            os.replace(path, doomed)
            shutil.rmtree(doomed)

    def _without_damaged_best(
        self, state: TrainingState, damaged: list[str]
    ) -> tuple[TrainingState, list[str]]:
        """Forget a best checkpoint that is damaged, and say so.

        One that is not there was removed when a later validation was better, and that one will come again.
        """
        best = self._path(state.best_step or 0)
        fault = find_damage(best) if best.exists() else None
        if not fault:
            return state, damaged
        sentence = (
            f"the best checkpoint, step {state.best_step}, cannot be used ({fault}); the best is now chosen "
            f"among the validations after step {state.step}"
        )
        return replace(state, best_loss=None, best_score=None, best_step=None, num_worse=0), [
            *damaged,
            sentence,
        ]


def list_unneeded(steps: Sequence[int], state: TrainingState, num_kept: int) -> list[int]:
    """Return the checkpoints that may go, now that one of ``state`` is written.

    That one is whole, so the only good one is never removed; nor is the best. Later ones are damaged, or
    training would have gone on from them: they would only stand in the place of good ones.
    """
    later = [step for step in steps if step > state.step]
    earlier = sorted(step for step in steps if step < state.step and step != state.best_step)
    return later + earlier[: max(0, len(earlier) - num_kept)]


def load_checkpoint(base: Any, spec: TrainingSpec, path: Path) -> Any:
    """Return a base model with the weights of a checkpoint, for answering.

    Args:
        base: The model as it is before training; it is changed.
        spec: How it was trained.
        path: The checkpoint.

    Raises:
        RunError: The checkpoint is damaged (``checkpoint_damaged``).
        ModelError: It is one of another model.
    """
    model = make_trainable(base, spec)
    _load_weights(model, path)
    return model.requires_grad_(False).eval()


def _load_weights(model: Any, path: Path) -> None:
    fault = find_damage(path)
    if fault:
        raise RunError(
            f"The checkpoint {path.name} is damaged: {fault}.",
            code="checkpoint_damaged",
            location=str(path),
            hint="Use another checkpoint, or train from step 0 again: `aliquot resume RUN --from-start`.",
        )
    set_trained_tensors(model, load_file(path / weights_file(model)))


def find_damage(path: Path) -> str | None:
    """Return what is wrong with a checkpoint folder, or None when every file has its hash."""
    try:
        manifest = _read_manifest(path)
    except (OSError, RunError) as error:
        return f"manifest unreadable ({type(error).__name__})"
    if manifest.sha256 not in ("", sha256_of([manifest.state, manifest.files])):
        return "manifest.json does not have the hash that it names"
    for name, expected in manifest.files.items():
        if not (path / name).is_file():
            return f"{name} is missing"
        if sha256_file(path / name) != expected:
            return f"{name} does not have the hash of its manifest"
    return None


def _step_of(path: Path) -> int:
    return find_step(path.name) or 0


def _save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write a safetensors file; the library hides the system's error number in a text."""
    try:
        save_file(tensors, path, metadata={"format": "pt"})
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


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
