"""What a worker takes: memory, and energy where the machine can tell it.

Energy is read from counters of the hardware: RAPL (processor packages, Linux) and NVML (NVIDIA GPUs, when
``nvidia-ml-py`` is installed). What cannot be read is absent, never zero.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import psutil

POWERCAP = Path("/sys/class/powercap")


class Meter:
    """Reads the counters of one process and its machine.

    Args:
        device: ``cpu``, ``cuda`` or ``mps``: where the model is.
        powercap: The folder of RAPL's counters.
    """

    def __init__(self, device: str, powercap: Path = POWERCAP) -> None:
        self._device = device
        self._process = psutil.Process()
        self._packages = [package for package in _list_packages(powercap) if _read(package) is not None]
        self._gpu = _open_gpu() if device == "cuda" else None
        self._last_uj = [_read(package) or 0 for package in self._packages]
        self._last_mj = self._read_gpu()

    @property
    def energy_sources(self) -> tuple[str, ...]:
        """What ``take_energy_j`` covers; empty when energy cannot be read."""
        packages = (f"{len(self._packages)} processor package(s), RAPL",) if self._packages else ()
        return packages + (("GPU, NVML",) if self._last_mj is not None else ())

    def memory_bytes(self) -> int:
        """Return the GPU memory held at most so far; on other devices the process's resident memory now."""
        if self._device == "cuda":
            import torch

            return torch.cuda.max_memory_allocated()
        return self._process.memory_info().rss

    def take_energy_j(self) -> float | None:
        """Return the energy since this was last asked, in joules; None when it cannot be read."""
        used = [self._take_package_j(place) for place in range(len(self._packages))]
        now = self._read_gpu()
        if now is not None and self._last_mj is not None:
            used.append((now - self._last_mj) / 1e3)
            self._last_mj = now
        return round(sum(used), 3) if used else None

    def _take_package_j(self, place: int) -> float:
        package, last = self._packages[place], self._last_uj[place]
        now = _read(package)
        if now is None:
            return 0.0
        self._last_uj[place] = now
        range_uj = _read(package.with_name("max_energy_range_uj")) or 0
        return (now - last + (range_uj if now < last else 0)) / 1e6  # the counter starts over at its range

    def _read_gpu(self) -> int | None:
        if self._gpu is None:
            return None
        library, handle = self._gpu
        try:
            return library.nvmlDeviceGetTotalEnergyConsumption(handle)
        except library.NVMLError:  # older GPUs have no such counter
            return None


def _list_packages(powercap: Path) -> list[Path]:
    """Return the counters of whole packages; ``intel-rapl:0:1`` is a part of ``intel-rapl:0``."""
    folders = powercap.glob("intel-rapl:*")
    return sorted(folder / "energy_uj" for folder in folders if folder.name.count(":") == 1)


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # only root may read it on most machines
        return None


def _open_gpu() -> tuple[Any, Any] | None:
    """Return NVML and the GPU that torch uses, or None where NVML is not there."""
    if importlib.util.find_spec("pynvml") is None:
        return None
    import pynvml  # pyrefly: ignore[missing-import]
    import torch

    try:
        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(torch.cuda.current_device()).uuid}"
        return pynvml, pynvml.nvmlDeviceGetHandleByUUID(uuid)
    except (pynvml.NVMLError, RuntimeError, AssertionError):  # the last two: torch sees no GPU
        return None
