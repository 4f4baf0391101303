"""The verb ``crossval``: each row is test exactly once, in one of several folds; all answers are pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, add_flags
from aliquot.core.crossval import CrossvalReport
from aliquot.core.records import encode_lines, encode_pretty
from aliquot.core.run_dir import RunDir
from aliquot.core.study import Cell, Study, StudyDir
from aliquot.data.check import CheckedData
from aliquot.errors import InputError
from aliquot.evaluation.across_folds import FoldRun, Pooled, has_answered, pool_folds, require_partition
from aliquot.export.crossval_page import render_crossval_page
from aliquot.export.writers.results_csv import tabulate_results
from aliquot.export.writers.results_latex import tabulate_report
from aliquot.workflows.cells import as_cell, plan_cells
from aliquot.workflows.check import check_rows, read_settings
from aliquot.workflows.create import require_writable
from aliquot.workflows.plan import Planned, make_plan
from aliquot.workflows.setting_names import command_line, flatten
from aliquot.workflows.study import (
    Reporting,
    StudyResult,
    begin_study,
    carry_out,
    list_problems,
    settings_of,
    write_files,
)
from aliquot.workflows.surroundings import Surroundings

FOLD, GROUP, GROUP_KEY = "data.fold", "data.held_out_group", "data.group_key"
DEFAULT_FOLDS = 5
MAX_FOLDS = 99
"""As many as data.fold can name; each is a whole training."""


def crossval(
    data: Path | str,
    *,
    folds: int | None = None,
    by_group: bool = False,
    create_only: bool = False,
    config: Path | str | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> StudyResult:
    """Cross-validate: tune once per fold on the other rows, pool all test answers, and score them.

    The same call goes on with a study that was interrupted.

    Args:
        data: The file. It must not name a split of its own.
        folds: How many folds; 5 by default. Rows that belong together stay in one fold.
        by_group: Leave one group (value of ``data.group_key``) out at a time instead.
        create_only: Create the runs and start none; each can be brought to its end by itself.
        config: A settings file.
        runs_dir: Where the study's folder and its runs are made.
        within: The surroundings, for tests.
        settings: Settings of all folds by name.

    Raises:
        InputError: The data or a setting forbids it.
        Interrupted: It was stopped; the same call goes on.
        RunError: No fold has a result (``study_failed``).
    """
    within = within or Surroundings()
    require_writable(runs_dir)
    given = read_settings(config, settings)
    _require_free(given, folds, by_group)
    values = _list_groups(data, given, within) if by_group else _list_folds(folds or DEFAULT_FOLDS)
    planned = make_plan(data, add_flags(given, values[0], origin="study"), within, runs_dir)
    within.tell(planned.resolved.plan)
    study_dir = begin_study(
        "folds",
        [
            as_cell(planned, f"{'group' if by_group else 'fold'}-{number}", one)
            for number, one in enumerate(values, start=1)
        ],
        command=_say_command(planned, given, folds, by_group),
        settings=settings_of(given),
        runs_dir=runs_dir,
        within=within,
    )
    plan_cell = plan_cells(study_dir, within, given)
    return carry_out(study_dir, REPORTING, plan_cell, within, create_only=create_only)


def report_crossval(study_dir: StudyDir) -> tuple[Path, ...]:
    """Pool the folds that have answered, write the report and its tables, and return their paths.

    Raises:
        RunError: Test rows of the folds are not the rows of the data set, each once, or answers do not
            belong to the rows of their fold.
    """
    study = study_dir.read()
    runs = [_as_fold(study_dir, cell, len(study.cells)) for cell in study.cells]
    created = [fold for fold in runs if fold.run_dir.path.is_dir()]
    num_rows = _require_partition(study, created)
    finished = [fold for fold in created if has_answered(fold.run_dir)]
    if not finished:
        return ()
    pooled = pool_folds(
        study.study_id,
        finished,
        group_key=_find_group_key(study),
        num_planned=len(study.cells),
        num_rows=num_rows,
        problems=list_problems(study),
    )
    return _write(study_dir, study, pooled)


def _require_free(given: GivenSettings, folds: int | None, by_group: bool) -> None:
    """Refuse settings and options that contradict cross-validation."""
    taken = next(
        (
            name
            for name in (FOLD, GROUP, "data.test_fraction", "data.test_file", "data.without_test")
            if given.find(name)
        ),
        None,
    )
    if taken:
        raise InputError(
            f"{taken} says what the test is, and in cross-validation every row is test once.",
            code="setting_conflict",
            location=taken,
            hint=f"Leave out {taken}, or use `aliquot run`.",
        )
    if by_group and folds is not None:
        raise InputError(
            "Found --folds and --by-group, expected one of them.",
            code="options_exclusive",
            location="--by-group",
            hint="With data.group_key set, --folds keeps groups whole, too.",
        )
    if folds is not None and not 2 <= folds <= MAX_FOLDS:
        raise InputError(
            f"Found {folds} folds, expected 2 to {MAX_FOLDS}.",
            code="folds_invalid",
            location="--folds",
            hint="Five or ten are usual.",
        )
    if by_group and not given.find(GROUP_KEY):
        raise InputError(
            "--by-group leaves out one group at a time, and nothing says which field names the group.",
            code="setting_conflict",
            location=GROUP_KEY,
            hint="Add --set data.group_key=FIELD.",
        )


def _list_folds(num_folds: int) -> list[dict[str, Any]]:
    return [{FOLD: f"{number}/{num_folds}"} for number in range(1, num_folds + 1)]


def _list_groups(data: Path | str, given: GivenSettings, within: Surroundings) -> list[dict[str, Any]]:
    """Return the values of each fold, one per group.

    Raises:
        InputError: A row has no group, or there are too few or too many.
    """
    checked = check_rows(data, given, within)
    _require_groups(checked, str(given.find(GROUP_KEY)))
    groups = checked.table.groups
    if not 2 <= len(groups) <= MAX_FOLDS:
        raise InputError(
            f"Found {len(groups):,} values of {given.find(GROUP_KEY)}, expected 2 to {MAX_FOLDS}: each is a "
            "training of its own.",
            code="folds_invalid",
            location=GROUP_KEY,
            hint="--folds 5 keeps groups whole and leaves out several at a time.",
        )
    return [{GROUP: group} for group in sorted(groups)]


def _require_groups(checked: CheckedData, key: str) -> None:
    num_without = int((checked.table.group_N < 0).sum())
    if num_without:
        raise InputError(
            f"{num_without:,} of {len(checked.table):,} rows have no {key!r}, so they would never be test.",
            code="group_key_missing",
            location=f"{checked.report.file}: {key}",
            hint="Give every row a group, or use --folds.",
        )


def _say_command(planned: Planned, given: GivenSettings, folds: int | None, by_group: bool) -> str:
    values = {name: given.find(name) for name in given.origins}
    words = command_line("crossval", [planned.checked.report.file], values)
    return f"{words} {'--by-group' if by_group else f'--folds {folds or DEFAULT_FOLDS}'}"


def _as_fold(study_dir: StudyDir, cell: Cell, num_folds: int) -> FoldRun:
    fold, group = cell.values.get(FOLD), cell.values.get(GROUP)
    held_out = str(group) if fold is None else f"{str(fold).partition('/')[0]} of {num_folds}"
    return FoldRun(cell_id=cell.cell_id, held_out=held_out, run_dir=RunDir(study_dir.run_path(cell)))


def _require_partition(study: Study, created: Sequence[FoldRun]) -> int:
    is_whole = len(created) == len(study.cells)
    has_remedies = bool(flatten(study.settings).get("data.remedies"))
    return require_partition(created, is_whole=is_whole, may_lack=has_remedies) if created else 0


def _find_group_key(study: Study) -> str:
    is_by_group = any(GROUP in cell.values for cell in study.cells)
    return str(flatten(study.settings).get(GROUP_KEY, "")) if is_by_group else ""


def _write(study_dir: StudyDir, study: Study, pooled: Pooled) -> tuple[Path, ...]:
    report, folder = pooled.report, study_dir.path
    page = replace(report.pooled, headline=report.headline)
    answers = {
        folder / "predictions" / f"{model}.test.jsonl": encode_lines(found)
        for model, found in pooled.answers.items()
    }
    return write_files(
        {
            study_dir.report_path: render_crossval_page(study, report),
            study_dir.report_json_path: encode_pretty(report),
            folder / "results.csv": tabulate_results(page.results),
            folder / "results.tex": tabulate_report(page),
            **answers,
        }
    )


REPORTING = Reporting(CrossvalReport, report_crossval)
