"""Machines that people rent or own, as their makers describe them; nothing here was measured by us.

Peaks are of dense matrix products. Only formats that Aliquot trains in are listed: the T4 has no bfloat16.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from aliquot.core.plan import Device
from aliquot.errors import InputError

HERE = "here"
MATMUL_SHARE = 0.7
"""Share of the data sheet's peak that a large matrix product reaches: assumed, as for an H100 that sustains
about 700 of 989 TFLOP/s. With the utilisation of ``cost.py`` a pass then reaches a fifth of the peak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine with one accelerator.

    Attributes:
        kind: ``cuda`` or ``mps``, as torch names it.
        peak_tflops: TFLOP/s by number format.
        bandwidth_gb_s: Of its memory, in gigabytes per second.
        runs_4_bit: Whether the usual kernels for 4-bit weights run on it.
        source: Where the figures are published.
    """

    name: str
    title: str
    kind: str
    memory_gb: float
    peak_tflops: Mapping[str, float]
    bandwidth_gb_s: float
    runs_4_bit: bool
    source: str

    @property
    def device(self) -> Device:
        """A device as a probe of this machine would probably describe it."""
        return Device(
            kind=self.kind,
            name=self.title,
            memory_bytes=round(1e9 * self.memory_gb),
            num_threads=8,
            gflops={name: 1e3 * MATMUL_SHARE * peak for name, peak in self.peak_tflops.items()},
            runs_4_bit=self.runs_4_bit,
        )


MACHINES = (
    Machine(
        name="T4",
        title="NVIDIA T4, 16 GB",
        kind="cuda",
        memory_gb=16,
        peak_tflops={"float32": 8.1},
        bandwidth_gb_s=300,
        runs_4_bit=True,
        source="NVIDIA T4 data sheet, 2019",
    ),
    Machine(
        name="A100",
        title="NVIDIA A100 SXM, 80 GB",
        kind="cuda",
        memory_gb=80,
        peak_tflops={"bfloat16": 312, "float32": 19.5},
        bandwidth_gb_s=2039,
        runs_4_bit=True,
        source="NVIDIA A100 data sheet, 2021",
    ),
    Machine(
        name="H100",
        title="NVIDIA H100 SXM, 80 GB",
        kind="cuda",
        memory_gb=80,
        peak_tflops={"bfloat16": 989, "float32": 67},
        bandwidth_gb_s=3350,
        runs_4_bit=True,
        source="NVIDIA H100 data sheet, 2023",
    ),
    Machine(
        name="M2-Ultra",
        title="Apple M2 Ultra, 192 GB",
        kind="mps",
        memory_gb=192,
        peak_tflops={"float32": 27.2},
        bandwidth_gb_s=800,
        runs_4_bit=False,
        source="Apple press release of June 2023: memory; 76 cores x 128 units x 2 x 1.4 GHz: speed, not "
        "stated by Apple",
    ),
)


def require_machine_names(prices: Mapping[str, float]) -> dict[str, float]:
    """Return prices in USD per hour under the names as they are written here; case does not matter.

    Raises:
        InputError: No machine has this name (``unknown_machine``), or a price is not positive
            (``price_invalid``).
    """
    known = {name.lower(): name for name in (HERE, *(machine.name for machine in MACHINES))}
    for name, usd in prices.items():
        if name.lower() not in known:
            near = difflib.get_close_matches(name.lower(), known, n=1)
            raise InputError(
                f"No machine is called {name!r}.",
                code="unknown_machine",
                location="--price",
                hint=f"Did you mean {known[near[0]]!r}?" if near else f"Known: {', '.join(known.values())}.",
            )
        if not 0 < usd < 1e6:
            raise InputError(
                f"Found a price of {usd:g}, expected USD per hour above 0.",
                code="price_invalid",
                location="--price",
                hint=f"For example --price {known[name.lower()]}=1.79",
            )
    return {known[name.lower()]: usd for name, usd in prices.items()}
