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


def find_collection(name: Path | str, runs_dir: Path | None, record: str) -> Path | None:
    """Return the folder of a group of seeds or of a sweep that a name or a folder means, None if none does.

    ``last`` means one when the newest run belongs to it, or when it is newer than every run.

    Args:
        name: The name, the beginning of one, a folder, or ``last``.
        runs_dir: Where runs are.
        record: The file that makes a folder one, ``seeds.json`` or ``sweep.json``.
    """
    if (Path(name) / record).is_file():
        return Path(name).absolute()
    known = list_collections(runs_dir, record)
    if str(name) != LAST:
        exact = [one for one in known if one.name == str(name)]
        begun = [one for one in known if one.name.startswith(str(name))]
        return (exact or (begun if len(begun) == 1 else [None]))[0]
    newest = max((run.run_id for run in list_run_dirs(runs_dir)), default="")
    last = known[-1] if known else None
    return last if last and (newest.startswith(last.name) or last.name > newest) else None


def list_collections(runs_dir: Path | None, record: str) -> list[Path]:
    """Return the folders that hold such a record, oldest first."""
    folder = runs_dir or default_runs_dir()
    return [path.parent for path in sorted(folder.glob(f"*/{record}")) if path.parent.name[0] != "."]


def find_run(run: Path | str, runs_dir: Path | None = None, *, is_trained: bool = False) -> RunDir:
    """Return the run that a name, the beginning of one, a folder or ``last`` means.

    Args:
        run: The name.
        runs_dir: Where runs are.
        is_trained: ``last`` means the newest run in which a model is trained, not a newer folder of answers
            made elsewhere.

    Raises:
        RunError: None or several fit (``run_not_found``, ``run_ambiguous``).
    """
    if (Path(run) / "spec.json").is_file():
        return RunDir(Path(run).absolute())
    known = list_run_dirs(runs_dir)
    fitting = _newest(known, is_trained=is_trained) if str(run) == LAST else _fitting(str(run), known)
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
        hint=_hint(str(run), known),
    )


def _newest(known: list[RunDir], *, is_trained: bool) -> list[RunDir]:
    """Return the newest run as a list, empty when there is none; answers made elsewhere only if need be."""
    newest = next((one for one in reversed(known) if not is_trained or one.trains_a_model()), None)
    return [newest] if newest else known[-1:]


def _hint(name: str, known: list[RunDir]) -> str:
    if Path(name).is_file():
        return f"To score a file of answers, say to what: `aliquot evaluate {name} --against ROWS`."
    similar = [one.run_id for one in known if name and name in one.run_id][-3:]
    if similar:
        return f"Did you mean {' or '.join(similar)}? The beginning of a name is enough."
    return "`aliquot runs list` shows them; --runs-dir looks elsewhere."


def _fitting(name: str, known: list[RunDir]) -> list[RunDir]:
    exact = [one for one in known if one.run_id == name]
    return exact or [one for one in known if name and one.run_id.startswith(name)]
