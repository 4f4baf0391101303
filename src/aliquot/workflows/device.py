"""What this machine can do, measured by a worker and remembered for a while."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aliquot.compute.process import boot_id
from aliquot.config.places import cache_dir
from aliquot.core.files import write_file
from aliquot.core.plan import Device
from aliquot.core.records import decode, encode_pretty
from aliquot.errors import RunError
from aliquot.workflows.surroundings import Doing, Surroundings

MAX_AGE = timedelta(hours=1)
"""A plan's time estimate rests on the speed, which other programs change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    key: tuple[str, ...]
    measured_at: datetime
    device: Device


def probe(within: Surroundings, wanted: str | None = None, *, again: bool = False) -> Device:
    """Return the device that training would use.

    Args:
        within: The surroundings.
        wanted: ``cpu``, ``cuda`` or ``mps``; without it the fastest there is.
        again: Measure even if it was measured less than an hour ago.

    Raises:
        MachineError: The packages for training are missing, or there is no such device.
    """
    known = None if again else _find(wanted)
    if known and known.measured_at + MAX_AGE > within.now():
        return known.device
    within.tell(Doing("Measuring this machine"))
    device = decode(within.target.call("probe", [wanted] if wanted else [])[-1], Device, "output of probe")
    write_file(_path(wanted), encode_pretty(_Remembered(key=_key(), measured_at=within.now(), device=device)))
    return device


def find_device() -> Device | None:
    """Return the device as last measured since the machine started, or None."""
    remembered = _find()
    return remembered.device if remembered else None


def _find(wanted: str | None = None) -> _Remembered | None:
    path = _path(wanted)
    if not path.is_file():
        return None
    try:
        remembered = decode(path.read_bytes(), _Remembered, str(path))
    except RunError:  # written by another version: measured again, which costs seconds
        return None
    return remembered if remembered.key == _key() else None


def _path(wanted: str | None) -> Path:
    return cache_dir() / (f"device-{wanted}.json" if wanted else "device.json")


def _key() -> tuple[str, ...]:
    """What a measurement depends on: this start of the machine, this Python, the packages that compute."""
    return boot_id(), sys.executable, *map(_find_version, ("torch", "bitsandbytes"))


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
