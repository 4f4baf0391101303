"""Which kind of study goes on and reports how: for the verbs that take any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aliquot.core.study import StudyDir
from aliquot.errors import RunError
from aliquot.workflows.bench import report_bench, resume_bench
from aliquot.workflows.crossval import report_crossval, resume_crossval
from aliquot.workflows.curve import report_of_curve, resume_curve
from aliquot.workflows.study import StudyResult
from aliquot.workflows.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Kind:
    """What the verbs ``resume`` and ``report`` do with a kind of study.

    Attributes:
        resume: Brings it to its end.
        report: Writes its report from what there is; returns the paths, none before a cell has a result.
    """

    resume: Callable[[StudyDir, Surroundings], StudyResult]
    report: Callable[[StudyDir], tuple[Path, ...]]


KINDS = {
    "folds": Kind(resume_crossval, report_crossval),
    "curve": Kind(resume_curve, report_of_curve),
    "bench": Kind(resume_bench, report_bench),
}


def resume_study(study_dir: StudyDir, within: Surroundings) -> StudyResult:
    """Bring a study to its end; cells that have ended stay as they are."""
    return KINDS[study_dir.read().kind].resume(study_dir, within)


def report_study(study_dir: StudyDir) -> tuple[Path, ...]:
    """Write the report of a study again, from the answers that there are, and return the paths.

    Raises:
        RunError: No cell has a result yet (``study_without_result``).
    """
    files = KINDS[study_dir.read().kind].report(study_dir)
    if not files:
        raise RunError(
            "No cell of this study has a result yet; there is nothing to report.",
            code="study_without_result",
            location=study_dir.study_id,
            hint=f"`aliquot resume {study_dir.study_id}` brings it to its end.",
        )
    return files
