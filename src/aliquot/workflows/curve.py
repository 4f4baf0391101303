"""The verb ``curve``: tune on fewer and fewer of the training rows, and say what more of them would bring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, add_flags
from aliquot.core.curve import CurveReport
from aliquot.core.records import encode_pretty
from aliquot.core.run_dir import RunDir
from aliquot.core.study import Cell, StudyDir
from aliquot.data.sizes import MIN_TRAIN_ROWS
from aliquot.data.train_rows import TRAIN_ROWS, TRAIN_ROWS_SEED
from aliquot.errors import InputError
from aliquot.evaluation.across_folds import has_answered
from aliquot.evaluation.across_runs import TUNED
from aliquot.evaluation.across_sizes import SizeRun, report_curve
from aliquot.export.curve_page import render_curve_page, tabulate_points
from aliquot.workflows.cells import as_cell, plan_cells
from aliquot.workflows.check import read_settings
from aliquot.workflows.create import require_writable
from aliquot.workflows.plan import Planned, make_plan
from aliquot.workflows.seeds import SEED, list_seeds
from aliquot.workflows.setting_names import command_line
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

DEFAULT_POINTS, MAX_POINTS = 5, 12
DEFAULT_SEEDS, MAX_SEEDS = 2, 20
MODELS, LENGTH = "predict.models", "predict.max_new_tokens"


def curve(
    data: Path | str,
    *,
    points: int = DEFAULT_POINTS,
    seeds: int | Sequence[int] = DEFAULT_SEEDS,
    against: str | None = None,
    create_only: bool = False,
    config: Path | str | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> StudyResult:
    """Draw a learning curve: tune on all training rows, a half, a quarter and so on, and score all alike.

    The same call goes on with a study that was interrupted.

    Args:
        data: The file.
        points: How many sizes; each is half of the next, the largest is all training rows.
        seeds: How many seeds, or which; each trains on its own draw of the rows at every size.
        against: A second base model, tuned on the same rows.
        create_only: Create the runs and start none; each can be brought to its end by itself.
        config: A settings file.
        runs_dir: Where the study's folder and its runs are made.
        within: The surroundings, for tests.
        settings: Settings of all runs by name.

    Raises:
        InputError: The data or a setting forbids it, or there are too few rows for two sizes.
        Interrupted: It was stopped; the same call goes on.
        RunError: No run has a result (``study_failed``).
    """
    within = within or Surroundings()
    require_writable(runs_dir)
    given = read_settings(config, settings)
    _require_free(given)
    listed = list_seeds(seeds, None, least=1, most=MAX_SEEDS)
    planned = [make_plan(data, given, within, runs_dir)]
    _require_test(planned[0])
    if against is not None:
        planned.append(make_plan(data, add_flags(given, {"base": against}, origin="you"), within, runs_dir))
        _require_different(*planned)
    sizes = list_sizes(planned[0].checked.report.get_split("train").num_examples, points)
    for one in planned:
        within.tell(one.resolved.plan)
    within.tell(_say_sizes(sizes, points))
    study_dir = begin_study(
        "curve",
        [
            cell
            for one in planned
            for cell in _list_cells(one, sizes, listed, is_against=one is not planned[0])
        ],
        command=_say_command(planned[0], given, points, listed, against),
        settings=settings_of(given),
        runs_dir=runs_dir,
        within=within,
    )
    plan_cell = plan_cells(study_dir, within, given)
    return carry_out(study_dir, REPORTING, plan_cell, within, create_only=create_only)


def report_of_curve(study_dir: StudyDir) -> tuple[Path, ...]:
    """Score the runs that have answered, write report, page and table, and return their paths; page first.

    Raises:
        RunError: Two runs have other test rows, or answers that are read in another way (``runs_differ``).
    """
    study = study_dir.read()
    runs = [
        SizeRun(
            num_asked=int(cell.values[TRAIN_ROWS]),
            seed=int(cell.values[SEED]),
            base=cell.base,
            run_dir=RunDir(study_dir.run_path(cell)),
        )
        for cell in study.cells
    ]
    finished = [run for run in runs if has_answered(run.run_dir)]
    if not finished:
        return ()
    report = report_curve(study.study_id, finished, num_planned=len(runs), problems=list_problems(study))
    return write_files(
        {
            study_dir.report_path: render_curve_page(study, report),
            study_dir.report_json_path: encode_pretty(report),
            study_dir.path / "points.csv": tabulate_points(report),
        }
    )


def list_sizes(num_rows: int, points: int) -> tuple[int, ...]:
    """Return the numbers of training rows, each half of the next and none below ten.

    Raises:
        InputError: There are too few rows for two sizes, or the number of points is out of bounds.
    """
    if not 2 <= points <= MAX_POINTS:
        raise InputError(
            f"Found {points} points, expected 2 to {MAX_POINTS}.",
            code="points_invalid",
            location="--points",
            hint="Five are usual; a curve is fitted from four on.",
        )
    sizes = [round(num_rows / 2**halvings) for halvings in range(points)]
    kept = tuple(size for size in reversed(sizes) if size >= MIN_TRAIN_ROWS)
    if len(kept) < 2:
        raise InputError(
            f"Found {num_rows} training rows; a curve needs {2 * MIN_TRAIN_ROWS}, so that half of them "
            "can be trained on.",
            code="too_few_rows",
            location="--points",
            hint="Add rows, or run `aliquot run` on what there is.",
        )
    return kept


def _require_free(given: GivenSettings) -> None:
    """Refuse settings that the curve itself varies, and one that leaves nothing to measure."""
    for name in (TRAIN_ROWS, TRAIN_ROWS_SEED, SEED, "data.without_test"):
        if given.find(name) not in (None, False):
            reason = (
                "leaves nothing to measure" if name == "data.without_test" else "is what the curve varies"
            )
            raise InputError(
                f"{name} is set, and it {reason}.",
                code="setting_conflict",
                location=name,
                hint=f"Leave out {name}; --points and --seeds say what is varied.",
            )


def _require_test(planned: Planned) -> None:
    if not planned.checked.report.get_split("test").num_examples:
        raise InputError(
            "No row is held out for a test, so no size can be measured.",
            code="no_test",
            location=planned.checked.report.file,
            hint='Mark rows "test", or remove the split key from all rows.',
        )


def _require_different(one: Planned, other: Planned) -> None:
    base = one.resolved.plan.base
    if other.resolved.plan.base == base:
        raise InputError(
            f"Found {base} on both sides, expected another base model to compare with.",
            code="bases_same",
            location="--against",
            hint="`aliquot models list` shows what there is.",
        )


def _list_cells(
    planned: Planned, sizes: Sequence[int], seeds: Sequence[int], *, is_against: bool
) -> list[Cell]:
    prefix = "against-" if is_against else ""
    return [
        as_cell(
            planned,
            f"{prefix}rows-{size}-seed-{seed}",
            _values(planned, size, seed, is_first=size == sizes[-1] and seed == seeds[0]),
        )
        for seed in seeds
        for size in sizes
    ]


def _values(planned: Planned, size: int, seed: int, *, is_first: bool) -> dict[str, Any]:
    """Return what a cell sets: rows and seed; and what all share, so that sizes differ in nothing else.

    Answers may be as long as those of all rows ask for. Untuned models are asked once, in the first cell of
    all rows.
    """
    prediction = planned.resolved.prediction
    return {
        TRAIN_ROWS: size,
        TRAIN_ROWS_SEED: seed,
        SEED: seed,
        LENGTH: prediction.max_new_tokens,
        MODELS: list(dict.fromkeys([*prediction.models, TUNED])) if is_first else [TUNED],
    }


def _say_sizes(sizes: Sequence[int], points: int) -> str:
    fewer = f" ({points} were asked for: none has under {MIN_TRAIN_ROWS} rows)" if len(sizes) < points else ""
    return f"Training rows: {', '.join(f'{size:,}' for size in sizes)}{fewer}."


def _say_command(
    planned: Planned, given: GivenSettings, points: int, seeds: Sequence[int], against: str | None
) -> str:
    values = {name: given.find(name) for name in given.origins}
    words = command_line("curve", [planned.checked.report.file], values)
    other = f" --against {against}" if against else ""
    return f"{words} --points {points} --seeds {','.join(map(str, seeds))}{other}"


REPORTING = Reporting(CurveReport, report_of_curve)
