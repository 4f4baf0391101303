"""Several seeds of one run: the same rows and split, other training seeds, one report of all.

Runs follow one another. Each is an ordinary run directory beside the group's folder, so every verb works
on it; what no training seed changes (baselines, the untuned base) is computed in one and copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aliquot.config.given import load_given
from aliquot.config.places import default_runs_dir
from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.run_dir import RunDir
from aliquot.core.seeds import GroupDir, SeedGroup, SeedsReport
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.errors import InputError, RunError
from aliquot.evaluation.across_seeds import MIN_SEEDS, SeedRun, report_seeds
from aliquot.export.history import read_history
from aliquot.export.seeds_page import render_seeds_page
from aliquot.export.wording import rough_duration
from aliquot.version import __version__
from aliquot.workflows.create import create_run, run_id
from aliquot.workflows.find import list_collections
from aliquot.workflows.go_on import bring_to_end, is_done
from aliquot.workflows.part import try_part
from aliquot.workflows.plan import Planned, make_plan, replan
from aliquot.workflows.setting_names import command_line, flatten
from aliquot.workflows.share import share_answers
from aliquot.workflows.surroundings import Surroundings

MAX_SEEDS = 100
SEED = "train.seed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsResult(ShownInNotebook):
    """What several seeds came to.

    Attributes:
        report: None when fewer than two seeds have a result.
        problems: Why a seed has none, by run name.
    """

    group_id: str
    path: str
    runs: tuple[str, ...]
    report: SeedsReport | None
    report_path: str
    problems: dict[str, str]


def list_seeds(
    seeds: int | Sequence[int], first: int | None, *, least: int = MIN_SEEDS, most: int = MAX_SEEDS
) -> tuple[int, ...]:
    """Return the training seeds that a number or a list means; a number counts on from ``first``, else 0.

    Raises:
        InputError: There are fewer than ``least`` or more than ``most``, one is below 0, or one occurs twice.
    """
    start = first or 0
    if isinstance(seeds, int):
        listed = tuple(range(start, start + min(max(seeds, 0), most + 1)))
    else:
        listed = tuple(seeds)
    if least <= len(listed) <= most and len(set(listed)) == len(listed) and min(listed) >= 0:
        return listed
    raise InputError(
        f"Found {seeds!r} for seeds, expected {least} to {most} different ones.",
        code="seeds_invalid",
        location="--seeds",
        hint="Give how many (--seeds 3) or which (--seeds 0,7,42)"
        + ("; a single one is --seed 7." if least > 1 else "."),
    )


def run_seeds(
    planned: Planned, seeds: Sequence[int], runs_dir: Path | None, within: Surroundings
) -> SeedsResult:
    """Run all seeds and report them together; an unfinished group of the same command goes on.

    Raises:
        Interrupted: It was stopped; the same command goes on.
        RunError: No two seeds have a result (``seeds_failed``).
    """
    within.tell(planned.resolved.plan)
    group_dir = _find_unfinished(planned, seeds, runs_dir) or _create_group(planned, seeds, runs_dir, within)
    return _bring_to_end(group_dir, planned, within)


def resume_seeds(group_dir: GroupDir, within: Surroundings) -> SeedsResult:
    """Bring a group to its end: seeds that are finished stay as they are.

    Raises:
        InputError: A seed has still to be created, and the data file or a setting no longer fits.
        Interrupted: It was stopped again.
        RunError: No two seeds have a result.
    """
    group = group_dir.read()
    planned = None
    if not all(group_dir.run_path(seed).is_dir() for seed in group.seeds):
        planned = _plan_again(group, within, group_dir.path.parent)
    return _bring_to_end(group_dir, planned, within)


def tell_total(planned: Planned, num_seeds: int) -> str:
    """Return how long all seeds will take together, in words."""
    estimate, models = planned.resolved.plan.estimate, planned.resolved.prediction.models
    # Every seed's tuned model answers; the untuned ones answer once. A tuned one is never the slower.
    answers = estimate.predict_s * (1 + (num_seeds - 1) / max(1, len(models)))
    total = num_seeds * estimate.train_s + answers
    return (
        f"{num_seeds} seeds: training {rough_duration(num_seeds * estimate.train_s)} in all, with answers "
        f"{rough_duration(total)}; what the seed does not change is computed once."
    )


def _create_group(
    planned: Planned, seeds: Sequence[int], runs_dir: Path | None, within: Surroundings
) -> GroupDir:
    report, now = planned.checked.report, within.now()
    group_dir = GroupDir((runs_dir or default_runs_dir()) / run_id(now, report.file, within.token()))
    given = {name: planned.given.find(name) for name in planned.given.origins if name != SEED}
    group = SeedGroup(
        schema_version=SCHEMA_VERSION,
        group_id=group_dir.group_id,
        created_at=now.isoformat(timespec="seconds"),
        aliquot_version=__version__,
        command=f"{command_line('run', [report.file], given)} --seeds {','.join(map(str, seeds))}",
        data=str(Path(report.file).absolute()),
        data_sha256=report.file_sha256,
        base=planned.resolved.plan.base,
        settings=_settings_of(planned),
        seeds=tuple(seeds),
    )
    group_dir.save(group)
    return group_dir


def _settings_of(planned: Planned) -> dict[str, object]:
    return planned.given.settings.model_dump(exclude_none=True, exclude_defaults=True)


def _find_unfinished(planned: Planned, seeds: Sequence[int], runs_dir: Path | None) -> GroupDir | None:
    """Return the newest group of the same data, settings and seeds that is not at its end."""
    for folder in reversed(list_collections(runs_dir, "seeds.json")):
        group = GroupDir(folder).read()
        is_same = (group.data_sha256, group.settings, group.seeds, group.base) == (
            planned.checked.report.file_sha256,
            _settings_of(planned),
            tuple(seeds),
            planned.resolved.plan.base,
        )
        if is_same and not all(is_done(RunDir(GroupDir(folder).run_path(seed))) for seed in seeds):
            return GroupDir(folder)
    return None


def _plan_again(group: SeedGroup, within: Surroundings, runs_dir: Path) -> Planned:
    planned = make_plan(group.data, load_given(None, flatten(group.settings)), within, runs_dir)
    if planned.checked.report.file_sha256 != group.data_sha256:
        raise InputError(
            "The data file has changed since these seeds were begun; they would not share their rows.",
            code="data_changed",
            location=group.data,
            hint="Put the old file back, or start anew with `aliquot run`.",
        )
    return planned


def _bring_to_end(group_dir: GroupDir, planned: Planned | None, within: Surroundings) -> SeedsResult:
    group = group_dir.read()
    if planned:
        within.tell(tell_total(planned, len(group.seeds)))
    within.tell(f"group {group_dir.group_id}, report {group_dir.report_path}")
    problems: dict[str, str] = {}
    for number, seed in enumerate(group.seeds, start=1):
        run_dir = RunDir(group_dir.run_path(seed))
        if is_done(run_dir):
            within.tell(f"Seed {seed} ({number} of {len(group.seeds)}) is {run_dir.state().value} already.")
        else:
            within.tell(f"Seed {seed} ({number} of {len(group.seeds)}), run {run_dir.run_id}")
            problems |= _run_seed(group_dir, run_dir, seed, planned, within)
        group = replace(group_dir.read(), problems=problems)
        group_dir.save(group)
        _report(group_dir, group)
    return _result(group_dir, group)


def _run_seed(
    group_dir: GroupDir, run_dir: RunDir, seed: int, planned: Planned | None, within: Surroundings
) -> dict[str, str]:
    """Bring one seed to its end; return why it has no result: one that fails does not stop the others."""
    if not run_dir.path.is_dir():
        assert planned is not None, "whoever lets a seed be created has a plan"
        create_run(replan(planned, {SEED: seed}), run_dir.path.parent, within, name=run_dir.run_id)
    _share_answers(group_dir, run_dir)
    part = f"Seed {seed}"
    error = try_part(lambda: bring_to_end(run_dir, within), part, others="seeds", whole=group_dir.path)
    if error is None:
        return {}
    within.tell(f"{part} has no result: {error.message}")
    return {run_dir.run_id: error.message}


def _share_answers(group_dir: GroupDir, run_dir: RunDir) -> None:
    """Copy from another run what no training seed changes; keep its hashes in the group's record."""
    group = group_dir.read()
    copied = share_answers((RunDir(group_dir.run_path(seed)) for seed in group.seeds), run_dir)
    if copied:
        group_dir.save(replace(group, shared_sha256=group.shared_sha256 | copied))


def _report(group_dir: GroupDir, group: SeedGroup) -> None:
    """Write the joint report as soon as two seeds have answered; without a test there is nothing to join."""
    runs = [_as_seed_run(seed, RunDir(group_dir.run_path(seed))) for seed in group.seeds]
    finished = [run for run in runs if run.run_dir.predictions_path("tuned", "test").is_file()]
    if len(finished) < MIN_SEEDS:
        return
    report = report_seeds(group.group_id, finished, num_planned=len(group.seeds), problems=group.problems)
    group_dir.save_report(report)
    write_file(group_dir.report_path, render_seeds_page(group_dir, group, report))


def _as_seed_run(seed: int, run_dir: RunDir) -> SeedRun:
    best = read_history(run_dir.read_events()).best
    return SeedRun(
        seed=seed,
        run_dir=run_dir,
        best_step=best[0] if best else None,
        validation_loss=best[1] if best else None,
    )


def _result(group_dir: GroupDir, group: SeedGroup) -> SeedsResult:
    report = group_dir.find_report()
    if len(group.problems) > len(group.seeds) - MIN_SEEDS:
        raise RunError(
            f"{len(group.problems)} of {len(group.seeds)} seeds have no result; there is nothing to compare: "
            f"{next(iter(group.problems.values()))}",
            code="seeds_failed",
            location=str(group_dir.path),
            hint=f"`aliquot resume {group_dir.path}` tries these seeds again.",
        )
    return SeedsResult(
        group_id=group_dir.group_id,
        path=str(group_dir.path),
        runs=tuple(str(group_dir.run_path(seed)) for seed in group.seeds),
        report=report,
        report_path=str(group_dir.report_path) if report else "",
        problems=dict(group.problems),
    )
