"""Runs that belong together, whatever makes them: a group of seeds, a sweep or a study; for ``runs``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aliquot.core.run_dir import RunDir
from aliquot.core.seeds import GroupDir
from aliquot.core.study import StudyDir
from aliquot.core.sweep import SweepDir
from aliquot.errors import RunError
from aliquot.workflows.find import find_collection, list_collections

RECORDS = ("study.json", "seeds.json", "sweep.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """A folder with what is said of several runs.

    Attributes:
        kind: ``seeds``, ``sweep``, or the kind of a study.
        runs: The run directories, those that do not exist yet included; of a sweep its trials.
        problem: What is wrong with the record, of which then nothing else is known.
    """

    path: Path
    kind: str
    created_at: str
    data: str
    base: str
    runs: tuple[RunDir, ...]
    problem: str = ""


def list_together(runs_dir: Path | None) -> list[Together]:
    """Return all groups, sweeps and studies of a folder, oldest first; a damaged one with its problem."""
    return sorted(_list_all(runs_dir), key=lambda one: one.path.name)


def find_together(name: Path | str, runs_dir: Path | None) -> Together | None:
    """Return the group, sweep or study that a name or a folder means, None if none does."""
    for record in RECORDS:
        if path := find_collection(name, runs_dir, record):
            return _read(path, record)
    return None


def _list_all(runs_dir: Path | None) -> Iterator[Together]:
    for record in RECORDS:
        for path in list_collections(runs_dir, record):
            try:
                yield _read(path, record)
            except RunError as error:
                kind = record.removesuffix(".json")
                yield Together(
                    path=path, kind=kind, created_at="", data="", base="", runs=(), problem=str(error)
                )


def _read(path: Path, record: str) -> Together:
    return {"study.json": _read_study, "seeds.json": _read_seeds, "sweep.json": _read_sweep}[record](path)


def _read_study(path: Path) -> Together:
    study_dir = StudyDir(path)
    study = study_dir.read()
    return Together(
        path=path,
        kind=study.kind,
        created_at=study.created_at,
        data=_listed(Path(cell.data).name for cell in study.cells),
        base=_listed(cell.base for cell in study.cells),
        runs=tuple(RunDir(study_dir.run_path(cell)) for cell in study.cells),
    )


def _read_seeds(path: Path) -> Together:
    group_dir = GroupDir(path)
    group = group_dir.read()
    return Together(
        path=path,
        kind="seeds",
        created_at=group.created_at,
        data=Path(group.data).name,
        base=group.base,
        runs=tuple(RunDir(group_dir.run_path(seed)) for seed in group.seeds),
    )


def _read_sweep(path: Path) -> Together:
    sweep_dir = SweepDir(path)
    record = sweep_dir.read()
    return Together(
        path=path,
        kind="sweep",
        created_at=record.created_at,
        data=Path(record.data).name,
        base=record.base,
        runs=tuple(RunDir(sweep_dir.trial_path(trial.trial_id)) for trial in record.trials),
    )


def _listed(names: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(names))
