"""The choice of a sweep and its reason in words: the rule's value, unless another wins by more than noise."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.records import read_records
from aliquot.core.result import RowLoss
from aliquot.core.run_dir import RunDir
from aliquot.core.sweep import (
    SweepChoice,
    SweepDir,
    SweepRecord,
    TrialDifference,
    TrialRecord,
)
from aliquot.errors import RunError
from aliquot.evaluation.trials import compare_trials, is_worse
from aliquot.workflows.setting_names import command_line, flatten


def choose_trial(sweep_dir: SweepDir, record: SweepRecord) -> SweepChoice:
    """Return the chosen trial, from the losses of validation rows.

    Raises:
        RunError: No trial has a loss (``sweep_failed``).
    """
    finished = [trial for trial in record.trials if trial.outcome.state == "finished"]
    if not finished:
        raise RunError(
            f"None of {len(record.trials)} trials has a loss: {record.trials[0].outcome.problem}",
            code="sweep_failed",
            location=str(sweep_dir.record_path),
            hint="Try smaller values, or see the trials' logs beside that file.",
        )
    # The rule's own trial comes first, so that it is the best of equals.
    finished.sort(key=lambda trial: not trial.is_rule)
    run_dirs = {trial.trial_id: RunDir(sweep_dir.trial_path(trial.trial_id)) for trial in finished}
    losses = {
        trial_id: list(read_records(run_dir.losses_path("validation", "after"), RowLoss))
        for trial_id, run_dir in run_dirs.items()
    }
    groups = [row.group for row in run_dirs[finished[0].trial_id].read_rows("validation")]
    best_id, differences = compare_trials(losses, groups, seed=record.space.seed)
    chosen = _prefer_rule(finished, best_id, differences)
    settings = flatten(record.settings) | chosen.values
    return SweepChoice(
        trial_id=chosen.trial_id,
        best_id=best_id,
        values=chosen.values,
        reason=_say_why(record, chosen, best_id, differences),
        command=command_line("run", [record.data], settings),
        differences=tuple(differences),
    )


def _prefer_rule(
    finished: Sequence[TrialRecord], best_id: str, differences: Sequence[TrialDifference]
) -> TrialRecord:
    by_id = {trial.trial_id: trial for trial in finished}
    level = [by_id[one.trial_id] for one in differences if not is_worse(one)]
    return next((trial for trial in level if trial.is_rule), by_id[best_id])


def _say_why(
    record: SweepRecord, chosen: TrialRecord, best_id: str, differences: Sequence[TrialDifference]
) -> str:
    names = ", ".join(one.name for one in record.space.dimensions)
    trials = "; ".join(_say_trial(trial) for trial in record.trials)
    return (
        f"Chosen by a sweep of {len(record.trials)} trials over {names} ({record.sweep_id}), each of at most "
        f"{record.max_steps:,} updates, by the loss on {record.num_validation_rows:,} validation rows; no "
        f"test row was used. All trials: {trials}. {_say_noise(record, chosen, best_id, differences)}"
    )


def _say_trial(trial: TrialRecord) -> str:
    values = ", ".join(str(value) for value in trial.values.values())
    outcome = trial.outcome
    loss = outcome.state if outcome.validation_loss is None else f"{outcome.validation_loss:.4f}"
    return f"{values}{' (the rule)' if trial.is_rule else ''} → {loss}"


def _say_noise(
    record: SweepRecord, chosen: TrialRecord, best_id: str, differences: Sequence[TrialDifference]
) -> str:
    against = {one.trial_id: one for one in differences}
    rule = next((trial for trial in record.trials if trial.is_rule), None)
    if chosen.trial_id != best_id:
        gap = against[chosen.trial_id]
        return (
            "The rule's value is kept: the lowest loss is lower by "
            f"{_interval(gap)}, which is within the noise of the rows (paired bootstrap, Bonferroni)."
        )
    if rule is not None and chosen.is_rule:
        return "The rule's value has the lowest loss."
    if rule is not None and rule.trial_id in against:
        return (
            f"It beats the rule's value by {_interval(against[rule.trial_id])}, more than the noise of "
            "the rows (paired bootstrap, Bonferroni)."
        )
    num_level = sum(not is_worse(one) for one in differences)
    without = "The rule's value has no loss" if rule else "The rule's value was not tried"
    return (
        f"{without}; this one has the lowest loss, and {num_level} others are within the noise of the rows."
    )


def _interval(one: TrialDifference) -> str:
    return f"{one.difference:.4f} [{one.interval.low:.4f}, {one.interval.high:.4f}]"
