"""The verb ``sweep``: try settings in short runs, judge them on validation rows, and say which to take.

Trials have no test rows at all: the test stays unseen until the full run. Every trial is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aliquot.config.given import load_given
from aliquot.config.places import default_runs_dir
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.core.sweep import Outcome, SweepDir, SweepRecord, Trial, TrialRecord
from aliquot.errors import InputError, MachineError, RunError
from aliquot.export.history import read_history
from aliquot.export.wording import count, rough_duration
from aliquot.plan.search import Search, list_trials
from aliquot.version import __version__
from aliquot.workflows.check import read_settings
from aliquot.workflows.create import create_run, require_writable, run_id
from aliquot.workflows.find import list_collections
from aliquot.workflows.follow import RunResult, result_of, start_worker
from aliquot.workflows.go_on import bring_to_end
from aliquot.workflows.part import try_part
from aliquot.workflows.plan import Planned, make_plan, replan
from aliquot.workflows.setting_names import command_line, flatten
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.sweep_choice import choose_trial
from aliquot.workflows.sweep_space import DEFAULT_OVER, build_space
from aliquot.workflows.watch import watch

TRIAL_STEPS = 150
"""Most updates of a trial; enough to tell learning rates apart, far from a full run."""
DIVERGED = "loss_not_finite"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult(ShownInNotebook):
    """What a sweep came to.

    Attributes:
        run: The full run with the chosen setting, when it was asked for.
    """

    path: str
    record: SweepRecord
    run: RunResult | None = None


def sweep(
    data: Path | str,
    *,
    over: Mapping[str, str | Sequence[Any]] | None = None,
    num_trials: int | None = None,
    sweep_seed: int = 0,
    then_run: bool = False,
    config: Path | str | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> SweepResult:
    """Try settings in short runs and choose one on validation rows; test rows are not touched.

    The same call goes on with a sweep that was interrupted; trials that have ended are not repeated.

    Args:
        data: The file.
        over: Values to try by setting: a list, ``"x0.5,x1,x2"`` (multiples of the plan's value) or
            ``"1e-5..1e-3"`` (drawn at random); the learning rate by default.
        num_trials: Trials of a random search, or the most of a grid.
        sweep_seed: Of the drawing of trials.
        then_run: Train and test in full with the chosen setting.
        config: A settings file.
        runs_dir: Where the sweep's folder is made.
        within: The surroundings, for tests.
        settings: Settings of all trials by name; ``max_steps`` is the most updates of the full run.

    Raises:
        InputError: The data or a setting forbids it, or there are no validation rows.
        Interrupted: It was stopped; the same call goes on.
        MachineError: The disk is full (``disk_full``); the same call goes on once there is room.
        RunError: No trial has a loss (``sweep_failed``).
    """
    within = within or Surroundings()
    require_writable(runs_dir)
    planned = make_plan(data, read_settings(config, settings), within, runs_dir)
    _require_validation(planned)
    space = build_space(over or DEFAULT_OVER, planned, num_trials=num_trials, seed=sweep_seed)
    record = _plan_sweep(planned, space, within)
    within.tell(planned.resolved.plan)
    found = _find_same(record, runs_dir, may_be_finished=then_run)
    sweep_dir = found or SweepDir((runs_dir or default_runs_dir()) / record.sweep_id)
    if not found:
        sweep_dir.save(record)
    if then_run and not sweep_dir.read().then_run:
        sweep_dir.save(replace(sweep_dir.read(), then_run=f"{sweep_dir.sweep_id}-run"))
    return _bring_to_end(sweep_dir, planned, within)


def resume_sweep(sweep_dir: SweepDir, within: Surroundings) -> SweepResult:
    """Bring a sweep to its end, and its full run, if there is one.

    Raises:
        InputError: The data file has changed.
        Interrupted: It was stopped again.
    """
    record = sweep_dir.read()
    given = load_given(None, flatten(record.settings))
    planned = make_plan(record.data, given, within, sweep_dir.path.parent)
    if planned.checked.report.file_sha256 != record.data_sha256:
        raise InputError(
            "The data file has changed since this sweep was begun; trials would not share their rows.",
            code="data_changed",
            location=record.data,
            hint="Put the old file back, or start anew with `aliquot sweep`.",
        )
    return _bring_to_end(sweep_dir, planned, within)


def _require_validation(planned: Planned) -> None:
    if planned.resolved.training.objective == "dpo":
        raise InputError(
            "A sweep compares trials by the loss of answers, which says little about preferences.",
            code="sweep_on_preferences",
            location="train.objective",
            hint="Compare single runs by their validation loss, or set train.objective: supervised.",
        )
    if planned.checked.report.get_split("validation").num_examples:
        return
    raise InputError(
        "There are no validation rows, and a sweep must not choose on test rows.",
        code="sweep_needs_validation",
        location=planned.checked.report.file,
        hint="Set data.validation_fraction, for example --set validation_fraction=0.1.",
    )


def _plan_sweep(planned: Planned, space: Any, within: Surroundings) -> SweepRecord:
    """Return the record of a sweep that has not begun; every trial is planned before the first is trained."""
    report, now, plan = planned.checked.report, within.now(), planned.resolved.plan
    rule_values = {one.name: plan.get(one.name) for one in space.dimensions}
    trials, seconds = [], 0.0
    for trial in list_trials(space):
        outcome = Outcome(state="waiting")
        try:
            seconds += _plan_trial(planned, trial.values).resolved.plan.estimate.train_s
        except MachineError as error:
            outcome = Outcome(state="failed", problem=error.message)
        trials.append(
            TrialRecord(
                trial_id=trial.trial_id,
                values=trial.values,
                is_rule=trial.values == rule_values,
                outcome=outcome,
            )
        )
    within.tell(f"{count(len(trials), 'trial')}: training {rough_duration(seconds)} in all.")
    return SweepRecord(
        schema_version=SCHEMA_VERSION,
        sweep_id=run_id(now, report.file, within.token()),
        created_at=now.isoformat(timespec="seconds"),
        aliquot_version=__version__,
        command=_say_command(planned, space),
        data=str(Path(report.file).absolute()),
        data_sha256=report.file_sha256,
        base=plan.base,
        settings=planned.given.settings.model_dump(exclude_none=True, exclude_defaults=True),
        space=space,
        max_steps=_trial_steps(planned),
        num_validation_rows=report.get_split("validation").num_examples,
        rule_values=rule_values,
        trials=tuple(trials),
        notes=()
        if any(trial.is_rule for trial in trials)
        else ("The rules' own values were not among the trials.",),
    )


def _say_command(planned: Planned, space: Any) -> str:
    given = {name: planned.given.find(name) for name in planned.given.origins}
    words = [command_line("sweep", [planned.checked.report.file], given)]
    for one in space.dimensions:
        values = ",".join(map(str, one.values)) if one.values else f"{one.low:g}..{one.high:g}"
        words.append(f"--over {one.name}={values}")
    words += [f"--trials {space.num_trials}"] if space.num_trials else []
    return " ".join(words + ([f"--sweep-seed {space.seed}"] if space.seed else []))


def _trial_steps(planned: Planned) -> int:
    return min(TRIAL_STEPS, planned.resolved.training.num_steps)


def _plan_trial(planned: Planned, values: Mapping[str, Any]) -> Planned:
    """Return the plan of a trial: short training, and neither answers nor losses of single rows."""
    short = {"train.max_steps": _trial_steps(planned), "train.num_loss_rows": 0}
    trial = replan(planned, short | dict(values), origin="sweep")
    prediction = replace(trial.resolved.prediction, models=(), splits=())
    return replace(trial, resolved=replace(trial.resolved, prediction=prediction))


def _find_same(record: SweepRecord, runs_dir: Path | None, *, may_be_finished: bool) -> SweepDir | None:
    """Return the newest sweep of the same data and settings that is worth going on with."""
    for folder in reversed(list_collections(runs_dir, "sweep.json")):
        found = SweepDir(folder).read()
        is_same = (found.data_sha256, found.settings, found.space, found.base, found.max_steps) == (
            record.data_sha256,
            record.settings,
            record.space,
            record.base,
            record.max_steps,
        )
        is_open = found.choice is None or (may_be_finished and not found.then_run)
        is_running = bool(found.then_run) and not _is_finished(folder.with_name(found.then_run))
        if is_same and (is_open or is_running):
            return SweepDir(folder)
    return None


def _is_finished(path: Path) -> bool:
    return RunDir(path).state() is RunState.FINISHED


def _bring_to_end(sweep_dir: SweepDir, planned: Planned, within: Surroundings) -> SweepResult:
    record = sweep_dir.read()
    within.tell(f"sweep {sweep_dir.sweep_id}, every trial in {sweep_dir.record_path}")
    done = {one.trial_id: one.outcome for one in record.trials if one.outcome.state != "waiting"}
    search = Search(record.space, done)
    while trial := search.ask():
        number = len(search.told) + 1
        within.tell(f"Trial {number} of {len(search.trials)}: {say_values(trial.values)}")
        search.tell(trial.trial_id, _try(sweep_dir, trial, planned, within))
        record = _with_outcomes(sweep_dir.read(), search.told)
        sweep_dir.save(record)
    if record.choice is None:
        record = replace(record, choice=choose_trial(sweep_dir, record))
        sweep_dir.save(record)
    run = _run_in_full(sweep_dir, record, planned, within) if record.then_run else None
    return SweepResult(path=str(sweep_dir.path), record=record, run=run)


def say_values(values: Mapping[str, Any]) -> str:
    """Return settings in words: ``learning_rate 0.0005, lora_rank 8``."""
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in values.items())


def _with_outcomes(record: SweepRecord, told: Mapping[str, Outcome]) -> SweepRecord:
    trials = tuple(replace(one, outcome=told.get(one.trial_id, one.outcome)) for one in record.trials)
    return replace(record, trials=trials)


def _try(sweep_dir: SweepDir, trial: Trial, planned: Planned, within: Surroundings) -> Outcome:
    """Train a trial, or go on with it; one that fails is an outcome like another."""
    run_dir = RunDir(sweep_dir.trial_path(trial.trial_id))
    if not run_dir.path.is_dir():
        create_run(
            _plan_trial(planned, trial.values),
            run_dir.path.parent,
            within,
            name=trial.trial_id,
            splits=("train", "validation"),
        )
    error = try_part(lambda: _train(run_dir, within), trial.trial_id, others="trials", whole=sweep_dir.path)
    if error is None:
        return _read_outcome(run_dir)
    if not isinstance(error, RunError | MachineError):  # says nothing of the trial: it would end all alike
        raise error
    state = "diverged" if error.code == DIVERGED else "failed"
    within.tell(f"{trial.trial_id} {state}: {error.message}")
    return replace(_read_outcome(run_dir), state=state, problem=error.message, validation_loss=None)


def _train(run_dir: RunDir, within: Surroundings) -> None:
    """Start a trial's worker, unless it is at work or done, and wait for its end."""
    if not run_dir.losses_path("validation", "after").is_file() and not within.target.is_alive(run_dir):
        start_worker(run_dir, within, stages=["train", "validate"])
    watch(run_dir, within, renew=lambda _: None)


def _read_outcome(run_dir: RunDir) -> Outcome:
    history = read_history(run_dir.read_events())
    return Outcome(
        state="finished",
        validation_loss=history.best[1] if history.best else None,
        best_step=history.best[0] if history.best else None,
        curve=tuple(history.validations),
        seconds=round(history.step_time_s, 1),
    )


def _run_in_full(
    sweep_dir: SweepDir, record: SweepRecord, planned: Planned, within: Surroundings
) -> RunResult:
    """Train and test with the chosen setting; the plan says that a sweep chose it, with every trial."""
    assert record.choice is not None, "a sweep that ends has chosen"
    run_dir = RunDir(sweep_dir.path.with_name(record.then_run))
    if not run_dir.path.is_dir():
        chosen = replan(planned, record.choice.values, origin="sweep")
        plan = chosen.resolved.plan
        choices = tuple(
            replace(one, reason=record.choice.reason, source="") if one.set_by == "sweep" else one
            for one in plan.choices
        )
        told = replace(chosen, resolved=replace(chosen.resolved, plan=replace(plan, choices=choices)))
        create_run(told, run_dir.path.parent, within, name=record.then_run)
    elif _is_finished(run_dir.path):
        return result_of(run_dir)
    within.tell(f"run   {run_dir.run_id}, report {run_dir.report_path}")
    return bring_to_end(run_dir, within)
