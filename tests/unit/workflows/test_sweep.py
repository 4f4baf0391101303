from pathlib import Path

import pytest

from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.core.result import RowLoss
from aliquot.core.run_dir import RunDir
from aliquot.core.sweep import SweepDir
from aliquot.errors import InputError, Interrupted, MachineError, RunError
from aliquot.export.methods import describe_methods
from aliquot.export.record import read_record
from aliquot.workflows.resume import resume
from aliquot.workflows.sweep import sweep
from aliquot.workflows.sweep_space import read_over
from tests.fixtures.scripted import Journal, ScriptedTarget, fails, finishes, stops_when_asked

SWEEP = "20261124-153012-film-reviews-a1b2"
QUICK = {"num_epochs": 1, "evaluate.num_resamples": 200}


def trains(loss_of):
    """A worker whose validation losses follow from its specification."""

    def script(run_dir, argv):
        yield from finishes(run_dir, argv)
        if "train,validate" in argv:
            spec, rows = run_dir.read_spec(), run_dir.read_rows("validation")
            loss = loss_of(spec.training)
            Journal(run_dir).write("validation", step=spec.training.num_steps, loss=loss, is_best=True)
            Journal(run_dir).write("state", state="finished")
            losses = [
                RowLoss(example_id=row.example_id, loss=loss + 0.01 * (number % 3), num_tokens=1)
                for number, row in enumerate(rows)
            ]
            write_file(run_dir.losses_path("validation", "after"), encode_lines(losses))

    return script


def smaller_is_better(training):
    return 1.0 + 1000 * training.learning_rate


def test_the_learning_rate_is_swept_around_the_rule_and_every_trial_is_reported(data, surround, runs_dir):
    result = sweep(data, within=surround(trains(smaller_is_better)), **QUICK)
    record = SweepDir(runs_dir / SWEEP).read()
    assert record == result.record
    rule = record.rule_values["train.learning_rate"]
    assert [one.values["train.learning_rate"] for one in record.trials] == [rule / 2, rule, rule * 2]
    assert [one.is_rule for one in record.trials] == [False, True, False]
    assert record.choice.trial_id == record.choice.best_id == "trial-01"
    assert "It beats the rule's value" in record.choice.reason
    assert all(f"→ {one.outcome.validation_loss:.4f}" in record.choice.reason for one in record.trials)
    assert f"--learning-rate {rule / 2}" in record.choice.command


def test_no_trial_has_a_test_row_or_an_answer(data, surround, runs_dir):
    sweep(data, within=surround(trains(smaller_is_better)), **QUICK)
    folders = sorted((runs_dir / SWEEP / "trials").iterdir())
    assert len(folders) == 3
    for folder in folders:
        run_dir = RunDir(folder)
        assert run_dir.read_rows("train") and run_dir.read_rows("validation")
        assert not run_dir.rows_path("test").exists()
        assert run_dir.list_predictions() == []
        assert not (folder / "scores").exists()
        training = run_dir.read_spec().training
        assert (training.num_steps <= 150, training.num_loss_rows) == (True, 0)


def test_the_rule_is_kept_when_the_others_are_within_noise(data, surround):
    result = sweep(data, within=surround(trains(lambda _: 1.0)), **QUICK)
    choice = result.record.choice
    assert next(t for t in result.record.trials if t.trial_id == choice.trial_id).is_rule


def test_a_trial_that_diverges_or_fails_is_an_outcome_like_another(data, surround, told):
    def script(run_dir, argv):
        bad = run_dir.path.name == "trial-03"
        return (fails if bad else trains(smaller_is_better))(run_dir, argv)

    result = sweep(data, within=surround(script), **QUICK)
    assert [one.outcome.state for one in result.record.trials] == ["finished", "finished", "diverged"]
    assert "→ diverged" in result.record.choice.reason


def test_when_every_trial_fails_the_sweep_says_so(data, surround):
    with pytest.raises(RunError) as caught:
        sweep(data, within=surround(fails), **QUICK)
    assert caught.value.code == "sweep_failed"


def test_a_full_disk_is_no_outcome_and_the_trial_goes_on_once_there_is_room(data, surround, runs_dir):
    def script(run_dir, argv):
        yield
        Journal(run_dir).write("state", state="running")
        Journal(run_dir).write("state", state="paused", code="disk_full", message="The disk is full.")

    with pytest.raises(MachineError, match="trial-01 was at work"):
        sweep(data, within=surround(script), **QUICK)
    assert all(one.outcome.state == "waiting" for one in SweepDir(runs_dir / SWEEP).read().trials)
    result = sweep(data, within=surround(trains(smaller_is_better)), **QUICK)
    assert [one.outcome.state for one in result.record.trials] == ["finished"] * 3


def test_ctrl_c_stops_and_resume_does_not_repeat_trials(data, surround, clock, runs_dir):
    def script(run_dir, argv):
        slow = run_dir.path.name == "trial-02"
        return (stops_when_asked if slow else trains(smaller_is_better))(run_dir, argv)

    clock.interrupts = [60]
    with pytest.raises(Interrupted) as caught:
        sweep(data, within=surround(script), **QUICK)
    assert str(runs_dir / SWEEP) in caught.value.hint
    within = surround(ScriptedTarget(trains(smaller_is_better)))
    result = resume("last", within=within)
    assert len(within.target.started) == 2, "trial 1 had ended"
    assert result.record.choice.trial_id == "trial-01"


def test_the_full_run_says_that_a_sweep_chose_its_setting(data, surround, runs_dir):
    result = sweep(data, then_run=True, within=surround(trains(smaller_is_better)), **QUICK)
    run_dir = RunDir(Path(result.run.path))
    choice = next(one for one in run_dir.read_spec().plan.choices if one.name == "train.learning_rate")
    assert choice.set_by == "sweep"
    assert choice.value == result.record.choice.values["train.learning_rate"]
    assert choice.reason == result.record.choice.reason
    assert "chosen by a sweep of 3 trials" in " ".join(describe_methods(read_record(run_dir)))
    assert result.run.evaluation.get_result("tuned").primary.value == 1.0
    again = surround(ScriptedTarget())
    assert resume(SWEEP, within=again).run.run_id == result.run.run_id
    assert again.target.started == []


def test_several_settings_make_a_grid(data, surround):
    over = {"lora_rank": "4,8", "train.learning_rate": [1e-4, 1e-3]}
    result = sweep(data, over=over, within=surround(trains(smaller_is_better)), **QUICK)
    assert len(result.record.trials) == 4
    assert result.record.notes == ("The rules' own values were not among the trials.",)


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"data.seed": "1,2"}, "not_sweepable"),
        ({"seed": "1,2"}, "not_sweepable"),
        ({"base": "a,b"}, "not_sweepable"),
        ({"lerning_rate": "1,2"}, "not_sweepable"),
        ({"start_from": "a,b"}, "not_sweepable"),
        ({"learning_rate": "fast,slow"}, "sweep_values_unreadable"),
        ({"lora_rank": "x1,xinf"}, "sweep_values_unreadable"),
        ({"learning_rate": [[1e-4], [1e-5]]}, "sweep_values_unreadable"),
        ({"learning_rate": "1e-3..1e-5"}, "sweep_values_unreadable"),
        ({"learning_rate": "1e-3"}, "sweep_size"),
        ({"lora_rank": "0,8"}, "setting_invalid"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_is_trained(data, surround, runs_dir, over, code):
    within = surround()
    with pytest.raises(InputError) as caught:
        sweep(data, over=over, within=within, **QUICK)
    assert caught.value.code == code
    assert within.target.started == []


def test_what_full_fine_tuning_has_not_is_not_swept(data, surround):
    with pytest.raises(InputError) as caught:
        sweep(data, over={"lora_rank": "8,16"}, within=surround(), **QUICK, **{"train.method": "full"})
    assert caught.value.code == "not_sweepable"


def test_once_the_rules_value_is_the_rules_own_trial(data, surround):
    within, rate = surround(trains(lambda _: 1.0)), 0.000123456789
    result = sweep(data, over={"learning_rate": "x0.5,x1"}, within=within, learning_rate=rate, **QUICK)
    assert [one.is_rule for one in result.record.trials] == [False, True]


def test_without_validation_rows_there_is_no_sweep(data, surround):
    with pytest.raises(InputError) as caught:
        sweep(data, within=surround(), **QUICK, **{"data.validation_fraction": 0.0})
    assert caught.value.code == "sweep_needs_validation"


def test_over_needs_a_name_and_values():
    assert read_over(["learning_rate=x1,x2"]) == {"learning_rate": "x1,x2"}
    with pytest.raises(InputError):
        read_over(["learning_rate"])


def test_preferences_are_not_swept(tmp_path, surround):
    data = tmp_path / "pairs.jsonl"
    pair = '{{"prompt": "Is {0} soluble?", "chosen": "Yes, {0} is.", "rejected": "NO"}}\n'
    data.write_text("".join(pair.format(f"C{number}") for number in range(60)))
    within = surround()
    with pytest.raises(InputError) as caught:
        sweep(data, within=within, **QUICK)
    assert caught.value.code == "sweep_on_preferences"
    assert within.target.started == []
