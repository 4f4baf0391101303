"""The verb ``doctor``: is this installation and this machine fit, and if not, what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from aliquot.config.places import cache_dir, default_runs_dir
from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.records import decode
from aliquot.errors import AliquotError
from aliquot.workflows.device import probe
from aliquot.workflows.surroundings import Doing, Surroundings

MIN_PYTHON = (3, 11)
GIB = 1024**3
MIN_FREE_BYTES = 3 * GIB
"""A small model's prepared weights (half a gigabyte), a download beside them, and checkpoints of a run."""
MIN_MEMORY_BYTES = 2 * GIB
"""The smallest base model in float32 with its adapter, activations and Python itself."""
SLOW_GFLOPS = 5.0
"""Below this a step of the smallest base model takes a minute: the machine works, but not usefully."""
WORKER_PACKAGES = ("torch", "transformers", "peft", "safetensors", "accelerate", "gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One thing that was looked at.

    Attributes:
        remedy: What to do when it is not well.
    """

    name: str
    is_ok: bool
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(ShownInNotebook):
    """Everything that was looked at."""

    checks: tuple[HealthCheck, ...]

    @property
    def is_fit(self) -> bool:
        """Whether a run can work here."""
        return all(check.is_ok for check in self.checks)


def doctor(*, runs_dir: Path | None = None, within: Surroundings | None = None) -> Diagnosis:
    """Look at Python, packages, folders, disk and memory, let a worker test itself, measure speed.

    Args:
        runs_dir: Where runs are to be made.
        within: The surroundings, for tests.
    """
    within = within or Surroundings()
    folders = {"cache": cache_dir(), "runs": runs_dir or default_runs_dir()}
    checks = [check_python(), check_packages(), check_memory()]
    for name, folder in folders.items():
        checks += [check_writable(name, folder), check_disk(name, folder)]
    if all(check.is_ok for check in checks[:2]):
        within.tell(Doing("Letting a worker test itself"))
        checks += _from_worker("worker", lambda: _selftest(within))
        checks += _from_worker("speed", lambda: [check_speed(within), check_four_bit(within)])
    return Diagnosis(checks=tuple(checks))


def check_python(found: tuple[int, int] = sys.version_info[:2]) -> HealthCheck:
    """Look at the version of Python."""
    return HealthCheck(
        name="python",
        is_ok=found >= MIN_PYTHON,
        detail=f"{found[0]}.{found[1]} on {platform.system()} {platform.machine()}",
        remedy=f"Install Python {MIN_PYTHON[0]}.{MIN_PYTHON[1]} or newer, and Aliquot into it.",
    )


def check_packages(names: tuple[str, ...] = WORKER_PACKAGES) -> HealthCheck:
    """Look for the packages that a worker needs."""
    found = {name: _find_version(name) for name in names}
    missing = [name for name, its in found.items() if not its]
    return HealthCheck(
        name="packages",
        is_ok=not missing,
        detail=f"missing: {', '.join(missing)}"
        if missing
        else ", ".join(f"{k} {v}" for k, v in found.items()),
        remedy="Run `pip install 'aliquot[train]'`. Checking and scoring work without it.",
    )


def check_memory() -> HealthCheck:
    """Look at the memory that is free now."""
    memory = psutil.virtual_memory()
    return HealthCheck(
        name="memory",
        is_ok=memory.available >= MIN_MEMORY_BYTES,
        detail=f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free",
        remedy=f"Close other programs: {MIN_MEMORY_BYTES / GIB:.0f} GiB are needed for the smallest model.",
    )


def check_writable(name: str, folder: Path) -> HealthCheck:
    """Write a small file into a folder and remove it."""
    trial = folder / f".doctor.{os.getpid()}"
    try:
        write_file(trial, b"fit")
        trial.unlink()
        reason = ""
    except (AliquotError, OSError) as error:
        reason = str(error)
    return HealthCheck(
        name=f"{name} folder",
        is_ok=not reason,
        detail=reason or str(folder),
        remedy="Set ALIQUOT_HOME (cache) or ALIQUOT_RUNS (runs) to a folder that you may write to.",
    )


def check_disk(name: str, folder: Path) -> HealthCheck:
    """Look at the space on a folder's disk."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(nearest).free
    return HealthCheck(
        name=f"{name} disk",
        is_ok=free >= MIN_FREE_BYTES,
        detail=f"{free / GIB:.1f} GiB free",
        remedy=f"Free some space: {MIN_FREE_BYTES / GIB:.0f} GiB are needed for a small model and a run.",
    )


def check_speed(within: Surroundings) -> HealthCheck:
    """Measure matrix multiplication in a worker."""
    device = probe(within, again=True)
    fastest, gflops = max(device.gflops.items(), key=lambda item: item[1])
    return HealthCheck(
        name="speed",
        is_ok=gflops >= SLOW_GFLOPS,
        detail=f"{gflops:,.0f} GFLOP/s in {fastest} on {device.name} "
        f"({device.kind}, {device.num_threads} threads)",
        remedy="Other programs may be using the processor; end them, or use another machine.",
    )


def check_four_bit(within: Surroundings) -> HealthCheck:
    """Say whether 4-bit bases can be trained on; a machine without them is fit all the same."""
    device = probe(within)
    version = device.versions.get("bitsandbytes", "")
    return HealthCheck(
        name="4-bit weights",
        is_ok=True,
        detail=f"bitsandbytes {version}: a 4-bit layer runs on this {device.kind} device"
        if device.runs_4_bit
        else f"not here (only train.method qlora needs them): {device.why_not_4_bit}; "
        "`pip install 'aliquot[qlora]'` brings bitsandbytes, which runs on NVIDIA GPUs and CPUs",
    )


def _selftest(within: Surroundings) -> list[HealthCheck]:
    lines = within.target.call("selftest")
    return [decode(line, HealthCheck, "output of selftest") for line in lines]


def _from_worker(name: str, ask: Callable[[], list[HealthCheck]]) -> list[HealthCheck]:
    try:
        return ask()
    except AliquotError as error:
        return [HealthCheck(name=name, is_ok=False, detail=error.message, remedy=error.hint)]


def _find_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
