"""What this machine can do, in about two seconds: ``python -m aliquot.worker.probe [cpu|cuda|mps]``.

Prints a ``core.plan.Device``: the one that is asked for, or the fastest there is. Speeds are of matrix
products, so an estimate rests on a measurement and not on a data sheet: on a CPU at the shapes that small
models use; on a GPU at one that fills it, as smaller ones wait for their launch.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import psutil
import torch

from aliquot.core.plan import Device
from aliquot.modeling.four_bit import find_obstacle
from aliquot.modeling.load import DTYPES, require_device
from aliquot.worker.environment import package_versions
from aliquot.worker.process import publish, run_program

_SHAPES = {"cpu": (512, 1024, 2048), "mps": (512, 1024, 2048), "cuda": (8192, 4096, 4096)}
"""Rows, inner and columns of the product."""
_MEASURE_S = 0.25


def main(arguments: list[str]) -> None:
    """Measure and print."""
    publish(probe(arguments[0] if arguments else None))


def probe(wanted: str | None = None) -> Device:
    """Return a device with its measured speed in GFLOP/s by precision, and whether 4-bit layers run on it.

    Args:
        wanted: ``cpu``, ``cuda`` or ``mps``; without it the fastest kind there is.

    Raises:
        MachineError: The wanted device does not exist here.
    """
    kind = wanted or find_fastest()
    require_device(kind)
    num_threads = _num_threads()
    torch.set_num_threads(num_threads)
    if kind == "cuda":
        name, memory_bytes = torch.cuda.get_device_name(), torch.cuda.mem_get_info()[1]
    else:
        name, memory_bytes = _processor_name(), psutil.virtual_memory().total
    obstacle = find_obstacle(kind)
    return Device(
        kind=kind,
        name=name,
        memory_bytes=memory_bytes,
        num_threads=num_threads,
        gflops={name: _speed(dtype, kind, num_threads) for name, dtype in DTYPES.items()},
        versions=package_versions(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        num_devices=torch.cuda.device_count() if kind == "cuda" else 1,
        runs_4_bit=not obstacle,
        why_not_4_bit=obstacle,
    )


def find_fastest() -> str:
    """Return the fastest kind of device that torch sees."""
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def _speed(dtype: torch.dtype, kind: str, num_threads: int) -> float:
    """Return the speed of matrix products in GFLOP/s.

    Beside another program threads wait for each other and the measured speed collapses, five-fold and
    more. One thread alone does not, so half of its ideal multiple is a floor.
    """
    together = _measure(dtype, kind)
    if kind != "cpu" or num_threads == 1:
        return together
    torch.set_num_threads(1)
    alone = _measure(dtype, kind)
    torch.set_num_threads(num_threads)
    return round(max(together, 0.5 * num_threads * alone), 1)


def _measure(dtype: torch.dtype, kind: str) -> float:
    """Return the best speed of a matrix product seen within a quarter of a second."""
    rows, inner, columns = _SHAPES[kind]
    left = torch.randn(rows, inner, device=kind).to(dtype)
    right = torch.randn(inner, columns, device=kind).to(dtype)
    best, end = 0.0, time.perf_counter() + _MEASURE_S
    while time.perf_counter() < end:
        start = time.perf_counter()
        product = left @ right
        _ = product[0, 0].item()  # waits for the device
        best = max(best, 2 * rows * inner * columns / (time.perf_counter() - start) / 1e9)
    return round(best, 1)


def _num_threads() -> int:
    """Return the cores this process may use, but no more than there are physical ones."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def _processor_name() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    run_program(main)
