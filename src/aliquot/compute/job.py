"""``job.json``: which process is a run's worker, so that another command can find it, or know it is dead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aliquot.core.files import write_file
from aliquot.core.records import decode, encode_pretty
from aliquot.core.run_dir import RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A worker as a compute target sees it.

    Attributes:
        pid: None from the moment before the process is started until it has been.
        process_start: When the process started, in the unit of ``process.find_start``.
    """

    target: str
    argv: tuple[str, ...]
    boot_id: str
    pid: int | None = None
    process_start: float | None = None


def job_path(run_dir: RunDir) -> Path:
    """Return the path of a run's ``job.json``."""
    return run_dir.path / "job.json"


def find_job(run_dir: RunDir) -> Job | None:
    """Return the run's job, or None when it was never started."""
    path = job_path(run_dir)
    return decode(path.read_bytes(), Job, str(path)) if path.is_file() else None


def save_job(run_dir: RunDir, job: Job) -> None:
    """Publish the run's job."""
    write_file(job_path(run_dir), encode_pretty(job))


LOG_START = "--- a worker starts ---"
"""Divides the log of a run that was resumed."""


def log_path(run_dir: RunDir) -> Path:
    """Return the path of what a run's workers printed."""
    return run_dir.logs_dir / "worker.log"


def last_log_lines(run_dir: RunDir, number: int) -> list[str]:
    """Return the last lines that the last worker printed."""
    path = log_path(run_dir)
    if not path.is_file():
        return []
    text = path.read_text(errors="replace").rpartition(f"{LOG_START}\n")[2]
    return text.splitlines()[-number:]
