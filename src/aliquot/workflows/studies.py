"""Which kind of study goes on and reports how: for the verbs that take any of them."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.study import StudyDir, StudyKind
from aliquot.errors import RunError
from aliquot.workflows import bench, crossval, curve
from aliquot.workflows.cells import plan_cells
from aliquot.workflows.study import Reporting, StudyResult, carry_out
from aliquot.workflows.surroundings import Surroundings

KINDS: dict[StudyKind, Reporting] = {
    "folds": crossval.REPORTING,
    "curve": curve.REPORTING,
    "bench": bench.REPORTING,
}


def resume_study(study_dir: StudyDir, within: Surroundings) -> StudyResult:
    """Bring a study to its end; cells that have ended stay as they are."""
    reporting, plan_cell = KINDS[study_dir.read().kind], plan_cells(study_dir, within)
    return carry_out(study_dir, reporting, plan_cell, within, create_only=False)


def report_study(study_dir: StudyDir) -> tuple[Path, ...]:
    """Write the report of a study again, from the answers that there are, and return the paths.

    Raises:
        RunError: No cell has a result yet (``study_without_result``).
    """
    files = KINDS[study_dir.read().kind].write(study_dir)
    if not files:
        raise RunError(
            "No cell of this study has a result yet; there is nothing to report.",
            code="study_without_result",
            location=study_dir.study_id,
            hint=f"`aliquot resume {study_dir.study_id}` brings it to its end.",
        )
    return files
