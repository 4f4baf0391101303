"""The verb ``bench``: several bases, tuned on several data sets with several seeds, on one leaderboard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, add_flags
from aliquot.core.bench import BenchReport, BenchTask
from aliquot.core.records import encode_pretty
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.core.study import Cell, Study, StudyDir
from aliquot.errors import InputError
from aliquot.evaluation.across_bases import compare_bases, rank_models
from aliquot.evaluation.across_folds import has_answered
from aliquot.evaluation.bench_wording import write_bench_headline, write_bench_notes
from aliquot.export.bench_page import render_bench_page, tabulate_latex, tabulate_leaderboard
from aliquot.workflows.cells import as_cell, plan_cells
from aliquot.workflows.check import read_settings
from aliquot.workflows.create import require_writable
from aliquot.workflows.plan import Planned, make_plan
from aliquot.workflows.seeds import SEED, list_seeds
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

BASE, RECIPE = "base", "recipe"
DEFAULT_SEEDS = 3


def bench(
    data: Path | str | Sequence[Path | str],
    *,
    bases: Sequence[str],
    seeds: int | Sequence[int] = DEFAULT_SEEDS,
    create_only: bool = False,
    config: Path | str | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> StudyResult:
    """Tune several bases on one or more data sets with several seeds, and compare them on the same rows.

    Settings are resolved once for each base and data set, by the rules or by the recipe that is named. The
    same call goes on with a study that was interrupted.

    Args:
        data: The file or files.
        bases: Names of at least one base model.
        seeds: How many training seeds, or which; 1 for a single one.
        create_only: Create the runs and start none; each can be brought to its end by itself.
        config: A settings file.
        runs_dir: Where the study's folder and its runs are made.
        within: The surroundings, for tests.
        settings: Settings of all runs by name.

    Raises:
        InputError: The data or a setting forbids it.
        Interrupted: It was stopped; the same call goes on.
        RunError: No run has a result (``study_failed``).
    """
    within = within or Surroundings()
    require_writable(runs_dir)
    given = read_settings(config, settings)
    _require_bases(bases, given)
    files = [data] if isinstance(data, Path | str) else list(data)
    chosen = list_seeds(seeds, given.find(SEED), least=1)
    # All are planned before the first is tuned: a wrong name at the end must not cost an hour.
    plans = [
        make_plan(file, add_flags(given, {BASE: base}, origin="you"), within, runs_dir)
        for file in files
        for base in bases
    ]
    study_dir = begin_study(
        "bench",
        _list_cells(plans, bases, chosen),
        command=_say_command(files, bases, chosen, given),
        settings=settings_of(given),
        runs_dir=runs_dir,
        within=within,
    )
    plan_cell = plan_cells(study_dir, within, given)
    return carry_out(study_dir, REPORTING, plan_cell, within, create_only=create_only)


def report_bench(study_dir: StudyDir) -> tuple[Path, ...]:
    """Compare the runs that have answered, write the report and its tables, and return their paths."""
    study = study_dir.read()
    runs = [(cell, RunDir(study_dir.run_path(cell))) for cell in study.cells]
    finished = [(cell, run) for cell, run in runs if run.path.is_dir() and has_answered(run)]
    if not finished:
        return ()
    by_data: dict[str, dict[str, list[RunDir]]] = {}
    for cell, run in finished:
        by_data.setdefault(cell.data, {}).setdefault(cell.base, []).append(run)
    names = _name_files(list(by_data))
    tasks = tuple(
        compare_bases(study.study_id, names[data], data, by_base) for data, by_base in by_data.items()
    )
    return _write(study_dir, study, _as_report(study, tasks, num_runs=len(finished)))


def _require_bases(bases: Sequence[str], given: GivenSettings) -> None:
    if not bases or len(set(bases)) < len(bases):
        raise InputError(
            f"Found {', '.join(bases) or 'nothing'} for bases, expected different names.",
            code="bases_invalid",
            location="--bases",
            hint="For example --bases smollm2-135m-instruct,qwen2.5-0.5b-instruct; `aliquot models list`.",
        )
    if given.settings.base:
        raise InputError(
            "base is set, and the bases to compare are named by --bases.",
            code="setting_conflict",
            location=BASE,
            hint="Leave out base.",
        )


def _list_cells(plans: Sequence[Planned], bases: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Return a cell per data set, base and seed; seeds of one base stand together, they share their plan."""
    cells: list[Cell] = []
    names = _name_files(list(dict.fromkeys(planned.checked.report.file for planned in plans)))
    for number, planned in enumerate(plans):
        base = bases[number % len(bases)]
        stem = f"{_slug(Path(names[planned.checked.report.file]).stem)}-{_slug(base)}"
        if any(cell.cell_id.startswith(f"{stem}-seed-") for cell in cells):
            stem = f"{stem}-{number + 1}"
        cells += [as_cell(planned, f"{stem}-seed-{seed}", {BASE: base, SEED: seed}) for seed in seeds]
    return cells


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[-40:].strip("-") or "x"


def _name_files(files: Sequence[str]) -> dict[str, str]:
    """Return the name of each data set for people: of the file where that tells them apart, else its path."""
    names = [Path(file).name for file in files]
    return dict(zip(files, names if len(set(names)) == len(names) else files, strict=True))


def _say_command(
    files: Sequence[Path | str], bases: Sequence[str], seeds: Sequence[int], given: GivenSettings
) -> str:
    values = {name: given.find(name) for name in given.origins if name != SEED}
    words = command_line("bench", list(map(str, files)), values)
    which = ",".join(map(str, seeds))
    counted = "1" if len(seeds) == 1 else which
    first = f" --seed {seeds[0]}" if len(seeds) == 1 and seeds[0] else ""
    return f"{words} --bases {','.join(bases)} --seeds {counted}{first}"


def _as_report(study: Study, tasks: tuple[BenchTask, ...], *, num_runs: int) -> BenchReport:
    ranking = rank_models(tasks)
    recipe = flatten(study.settings).get(RECIPE)
    num_seeds = len({cell.values[SEED] for cell in study.cells})
    return BenchReport(
        schema_version=SCHEMA_VERSION,
        study_id=study.study_id,
        settings_by=f"recipe {recipe}" if recipe else "Aliquot's rules",
        bases=tuple(dict.fromkeys(cell.base for cell in study.cells)),
        num_runs=num_runs,
        num_runs_planned=len(study.cells),
        headline=write_bench_headline(tasks, ranking),
        tasks=tasks,
        ranking=ranking,
        notes=write_bench_notes(tasks, ranking, list_problems(study), num_seeds),
    )


def _write(study_dir: StudyDir, study: Study, report: BenchReport) -> tuple[Path, ...]:
    return write_files(
        {
            study_dir.report_path: render_bench_page(study, report),
            study_dir.report_json_path: encode_pretty(report),
            study_dir.path / "leaderboard.csv": tabulate_leaderboard(report),
            study_dir.path / "results.tex": tabulate_latex(report),
        }
    )


REPORTING = Reporting(BenchReport, report_bench)
