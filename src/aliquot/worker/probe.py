"""What this machine can do, in about two seconds: ``python -m aliquot.worker.probe``.

Prints a ``core.plan.Device``. Speeds are of matrix products at the shapes that small models use, so an
estimate rests on a measurement and not on a data sheet.
"""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import psutil
import torch

from aliquot.core.plan import Device
from aliquot.modeling.load import DTYPES
from aliquot.worker.environment import package_versions
from aliquot.worker.process import publish, run_program

_ROWS, _INNER, _COLUMNS = 512, 1024, 2048
_MEASURE_S = 0.25


def main(_arguments: list[str]) -> None:
    """Measure and print."""
    publish(probe())


def probe() -> Device:
    """Return the best device here with its measured speed in GFLOP/s by precision."""
    kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    num_threads = _num_threads()
    torch.set_num_threads(num_threads)
    if kind == "cuda":
        name, memory_bytes = torch.cuda.get_device_name(), torch.cuda.mem_get_info()[1]
    else:
        name, memory_bytes = _processor_name(), psutil.virtual_memory().total
    return Device(
        kind=kind,
        name=name,
        memory_bytes=memory_bytes,
        num_threads=num_threads,
        gflops={name: _speed(dtype, kind, num_threads) for name, dtype in DTYPES.items()},
        versions=package_versions(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
    )


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
    left = torch.randn(_ROWS, _INNER, device=kind).to(dtype)
    right = torch.randn(_INNER, _COLUMNS, device=kind).to(dtype)
    best, end = 0.0, time.perf_counter() + _MEASURE_S
    while time.perf_counter() < end:
        start = time.perf_counter()
        product = left @ right
        _ = product[0, 0].item()  # waits for the device
        best = max(best, 2 * _ROWS * _INNER * _COLUMNS / (time.perf_counter() - start) / 1e9)
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
