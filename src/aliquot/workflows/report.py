"""The verb ``report``: write the page for people and the files for a paper, from what a run holds now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aliquot.core.study import StudyDir
from aliquot.errors import InputError
from aliquot.export.write import write_artefacts
from aliquot.workflows.find import find_collection, find_run
from aliquot.workflows.refresh import score_news
from aliquot.workflows.studies import report_study
from aliquot.workflows.study import RECORD


def report(
    run: Path | str, *, only: Sequence[str] | None = None, runs_dir: Path | None = None
) -> tuple[Path, ...]:
    """Write a run's report, tables, Methods paragraph and script; return their paths.

    Args:
        run: Name of the run, the beginning of one, or its folder; or of a study, which has one report of all.
        only: Names of the artefacts of a run that are wanted; all of them by default.
        runs_dir: Where runs are.

    Raises:
        RunError: No such run.
        InputError: No artefact has that name, or single ones of a study are wanted.
    """
    study = find_collection(run, runs_dir, RECORD)
    if study and only:
        raise InputError(
            f"{study.name} is a study, whose files are written together.",
            code="only_of_one",
            location="--only",
            hint="Leave out --only, or give one of its runs by its folder.",
        )
    if study:
        return report_study(StudyDir(study))
    run_dir = find_run(run, runs_dir)
    score_news(run_dir)
    return tuple(write_artefacts(run_dir, only))
