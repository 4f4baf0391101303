"""What a run ran on: ``environment.json`` and ``measured.json``."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aliquot.core.files import write_file
from aliquot.core.records import encode_pretty
from aliquot.core.run import Event, list_steps, seconds_between
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.worker.meter import Meter

PACKAGES = (
    "aliquot",
    "torch",
    "transformers",
    "peft",
    "tokenizers",
    "safetensors",
    "accelerate",
    "numpy",
    "bitsandbytes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Choices made on the device, reused by resume and repeat.

    Attributes:
        layout: ``prefix_tree`` or ``padded``.
        layout_reason: Why rows are padded instead of sharing prefixes; empty when they share.
        sharing_difference: How far the gradient of shared prefixes was from that of rows alone, as a relative
            norm; None where prefixes are not shared.
        attention: ``flash`` or ``masked``: how a model attends over a prefix tree.
        max_pack_tokens: Most tokens of one pass.
        warmup_s: What the warm-up took; None when there was none.
        no_warmup: Why there was no warm-up.
        s_per_step: Time of a mean step as the warm-up measured it …
        planned_s_per_step: … beside what the plan reckoned, validations included.
        peak_memory_bytes: Largest memory so far, after the longest pass …
        planned_memory_bytes: … beside what the plan reckoned.
    """

    layout: str
    num_threads: int
    precision: str
    torch_version: str
    cpu_capability: str
    attention: str = "masked"
    max_pack_tokens: int = 1536
    device_name: str = ""
    layout_reason: str = ""
    sharing_difference: float | None = None
    warmup_s: float | None = None
    no_warmup: str = ""
    s_per_step: float | None = None
    planned_s_per_step: float | None = None
    peak_memory_bytes: int | None = None
    planned_memory_bytes: int | None = None

    def is_same_machine(self, other: Measured) -> bool:
        """Whether two measurements chose alike on a machine that computes alike; durations do not count."""
        names = ("attention", "num_threads", "precision", "torch_version", "cpu_capability")
        return all(getattr(self, name) == getattr(other, name) for name in (*names, "device_name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Versions, device and cost of a run so far.

    Attributes:
        stage_s: Seconds by stage, from the first to the last event of each, pauses included.
        peak_memory_bytes: Of the last worker process.
        energy_kwh: Of all training steps; None where the machine does not tell it.
        energy_of: What that energy covers, for example ``1 processor package(s), RAPL``.
    """

    python: str
    platform: str
    packages: dict[str, str]
    device: str
    device_name: str
    driver: str
    num_threads: int
    seed: int
    stage_s: dict[str, float] = field(default_factory=dict)
    peak_memory_bytes: int = 0
    energy_kwh: float | None = None
    energy_of: tuple[str, ...] = ()


def save_environment(run_dir: RunDir, spec: Spec) -> None:
    """Publish what is known now."""
    write_file(run_dir.environment_path, encode_pretty(_describe(run_dir, spec)))


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide a result."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def peak_memory_bytes() -> int:
    """Return the largest resident size of this process; macOS counts bytes, Linux kibibytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def device_name(spec: Spec) -> str:
    """Return the name of the processor or GPU that this worker uses."""
    import torch

    return torch.cuda.get_device_name() if spec.training.device == "cuda" else spec.plan.device.name


def _driver() -> str:
    """Return the GPU's driver, as the kernel tells it, and the CUDA that torch was built for."""
    import torch

    path = Path("/sys/module/nvidia/version")
    driver = [path.read_text(encoding="utf-8").strip()] if path.is_file() else []
    return ", ".join([*driver, f"CUDA {torch.version.cuda}"])


def peak_bytes(spec: Spec) -> int:
    """Return the most memory so far: of the GPU where the model is there, else of this process."""
    import torch

    return torch.cuda.max_memory_allocated() if spec.training.device == "cuda" else peak_memory_bytes()


def _describe(run_dir: RunDir, spec: Spec) -> Environment:
    is_cuda = spec.training.device == "cuda"
    events = run_dir.read_events()
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages=package_versions(),
        device=spec.training.device,
        device_name=device_name(spec),
        driver=_driver() if is_cuda else "",
        num_threads=spec.training.num_threads,
        seed=spec.training.seed,
        stage_s=_stage_seconds(events),
        peak_memory_bytes=peak_bytes(spec),
        energy_kwh=_energy_kwh(events),
        energy_of=Meter(spec.training.device).energy_sources,
    )


def _energy_kwh(events: Sequence[Event]) -> float | None:
    joules = [step.data["energy_j"] for step in list_steps(events) if "energy_j" in step.data]
    return sum(joules) / 3.6e6 if joules else None


def _stage_seconds(events: Sequence[Event]) -> dict[str, float]:
    """Sum the time of each stage over all workers of the run; pauses between workers are not counted."""
    seconds: dict[str, float] = {}
    stage, last = "", None
    for event in events:
        # A worker that takes over after a pause begins with a state event.
        if stage and last and event.kind != "state":
            seconds[stage] = round(seconds.get(stage, 0.0) + seconds_between(last, event), 3)
        stage = event.data["name"] if event.kind == "stage" else "" if event.kind == "state" else stage
        last = event
    return seconds
