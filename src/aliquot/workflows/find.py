"""Which run is meant: by name, by the beginning of a name, by folder, or ``last``."""

from __future__ import annotations

from pathlib import Path

from aliquot.config.places import default_runs_dir
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError

LAST = "last"
"""Stands for the newest run."""


def list_run_dirs(runs_dir: Path | None = None) -> list[RunDir]:
    """Return all runs of a folder, oldest first; names begin with the time of creation."""
    folder = runs_dir or default_runs_dir()
    return [RunDir(path.parent) for path in sorted(folder.glob("*/spec.json")) if path.parent.name[0] != "."]


def find_run(run: Path | str, runs_dir: Path | None = None) -> RunDir:
    """Return the run that a name, the beginning of one, a folder or ``last`` means.

    Raises:
        RunError: None or several fit (``run_not_found``, ``run_ambiguous``).
    """
    if (Path(run) / "spec.json").is_file():
        return RunDir(Path(run).absolute())
    known = list_run_dirs(runs_dir)
    fitting = known[-1:] if str(run) == LAST else _fitting(str(run), known)
    if len(fitting) == 1:
        return fitting[0]
    folder = str(runs_dir or default_runs_dir())
    if fitting:
        names = ", ".join(one.run_id for one in fitting[:3])
        raise RunError(
            f"{len(fitting)} runs begin with {str(run)!r}: {names}{' …' if len(fitting) > 3 else ''}.",
            code="run_ambiguous",
            location=folder,
            hint="Give more of the name.",
        )
    raise RunError(
        f"There is no run {str(run)!r}; this folder has {len(known)} runs.",
        code="run_not_found",
        location=folder,
        hint="`aliquot runs list` shows them; --runs-dir looks elsewhere.",
    )


def _fitting(name: str, known: list[RunDir]) -> list[RunDir]:
    exact = [one for one in known if one.run_id == name]
    return exact or [one for one in known if name and one.run_id.startswith(name)]
