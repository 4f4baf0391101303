"""What this machine can do, measured by a worker once and remembered until it is restarted."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aliquot.compute.process import boot_id
from aliquot.config.places import cache_dir
from aliquot.core.files import write_file
from aliquot.core.plan import Device
from aliquot.core.records import decode, encode_pretty
from aliquot.errors import RunError
from aliquot.workflows.surroundings import Doing, Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    key: tuple[str, ...]
    device: Device


def probe(within: Surroundings, *, again: bool = False) -> Device:
    """Return the device that training would use.

    Args:
        within: The surroundings.
        again: Measure even if it was measured since the machine started.

    Raises:
        MachineError: The packages for training are missing.
    """
    known = None if again else find_device()
    if known:
        return known
    within.tell(Doing("Measuring this machine, once"))
    device = decode(within.target.call("probe")[-1], Device, "output of probe")
    write_file(_path(), encode_pretty(_Remembered(key=_key(), device=device)))
    return device


def find_device() -> Device | None:
    """Return the device as measured since the machine started, or None."""
    if not _path().is_file():
        return None
    try:
        remembered = decode(_path().read_bytes(), _Remembered, str(_path()))
    except RunError:  # written by another version: measured again, which costs seconds
        return None
    return remembered.device if remembered.key == _key() else None


def _path() -> Path:
    return cache_dir() / "device.json"


def _key() -> tuple[str, ...]:
    """What a measurement depends on: this start of the machine, this Python, this torch."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = ""
    return boot_id(), sys.executable, torch
