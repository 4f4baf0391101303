"""A run directory in, scores and a report out: complete, repeatable, recomputable by hand."""

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

import aliquot
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.core.result import Prediction
from aliquot.core.spec import StartingPoint
from aliquot.errors import InputError, RunError
from aliquot.evaluation.baselines import save_baselines
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.evaluation.normaliser import read_number
from aliquot.evaluation.statistics import mcnemar_p, wilson_interval
from tests.fixtures import run_dirs
from tests.fixtures.run_dirs import list_models, make_run_dir

SOURCE = Path(aliquot.__file__).parents[1]
TASKS = ("labels", "number", "text", "set", "json")


def _with_evaluation(run_dir, **changes):
    spec = run_dir.read_spec()
    run_dir.save_spec(replace(spec, evaluation=replace(spec.evaluation, **changes)))
    return run_dir


@pytest.mark.parametrize("task_type", TASKS)
def test_every_model_is_scored_on_every_item(tmp_path, task_type):
    run_dir = make_run_dir(tmp_path, task_type=task_type)
    report = evaluate_run(run_dir)
    assert {result.model for result in report.results} == {*list_models(task_type), *held(task_type)}
    assert report.num_items == 40
    assert report == run_dir.find_report()
    for result in report.results:
        scores = run_dir.read_scores(result.model, "test")
        assert [s.example_id for s in scores] == [row.example_id for row in run_dir.read_rows("test")]
        assert result.num_unparsed == sum(not s.is_parsed for s in scores)
        assert result.primary.metric == report.primary_metric == result.metrics[0].metric


def held(task_type):
    """Return the models that are added: the fixture's base gives some unreadable answers."""
    return ["base_held"] if task_type == "labels" else []


def test_the_headline_numbers_of_labels_are_those_counted_by_hand(tmp_path):
    run_dir = make_run_dir(tmp_path)
    report = evaluate_run(run_dir)
    right = {
        model: [p.output == p.reference for p in run_dir.read_predictions(model, "test")]
        for model in list_models("labels")
    }
    for model, hits in right.items():
        primary = report.get_result(model).primary
        assert primary.value == pytest.approx(sum(hits) / 40)
        assert primary.interval == wilson_interval(sum(hits), 40, 0.95)
    only_tuned = sum(a and not b for a, b in zip(right["tuned"], right["base"], strict=True))
    only_base = sum(b and not a for a, b in zip(right["tuned"], right["base"], strict=True))
    found = report.comparisons[0]
    assert (found.model, found.other) == ("tuned", "base")
    assert (found.num_only_model, found.num_only_other) == (only_tuned, only_base)
    assert found.p_value == pytest.approx(mcnemar_p(only_tuned, only_base))


def test_the_headline_numbers_of_numbers_are_those_counted_by_hand(tmp_path):
    run_dir = make_run_dir(tmp_path, task_type="number")
    report = evaluate_run(run_dir)
    train = sorted(float(row.reference) for row in run_dir.read_rows("train"))
    median = (train[29] + train[30]) / 2
    errors = []
    for prediction in run_dir.read_predictions("base", "test"):
        answer = read_number(prediction.output)
        errors.append(abs((median if answer is None else answer) - float(prediction.reference)))
    assert report.get_result("base").num_unparsed > 0
    assert report.get_result("base").primary.value == pytest.approx(sum(errors) / 40)


def test_the_confusion_matrix_holds_every_item_with_unparsed_answers_in_the_last_column(tmp_path):
    report = evaluate_run(make_run_dir(tmp_path))
    base = next(confusion for confusion in report.confusions if confusion.model == "base")
    assert sum(map(sum, base.counts)) == 40
    assert sum(row[-1] for row in base.counts) == report.get_result("base").num_unparsed == 10
    hits = sum(base.counts[index][index] for index in range(2))
    assert hits / 40 == report.get_result("base").primary.value


def test_the_primary_metric_is_also_given_without_prompts_seen_in_train(tmp_path):
    run_dir = make_run_dir(tmp_path)
    found = evaluate_run(run_dir).get_result("base").without_overlap
    fresh = [p for p in run_dir.read_predictions("base", "test") if not p.in_train]
    assert found.num_items == len(fresh) == 37
    assert found.value == pytest.approx(sum(p.output == p.reference for p in fresh) / 37)


def test_prompts_that_the_adapter_at_the_start_was_trained_on_are_seen_too(tmp_path):
    run_dir = make_run_dir(tmp_path)
    train = {row.prompt_sha256 for row in run_dir.read_rows("train")}
    test = [row.prompt_sha256 for row in run_dir.read_rows("test")]
    start = StartingPoint(
        name="earlier", sha256="00", base="b", lora_rank=8, lora_alpha=16, target_modules=(),
        prompts_seen=tuple([one for one in test if one not in train][:5]),
    )  # fmt: skip
    run_dir.save_spec(replace(run_dir.read_spec(), start=start))
    assert evaluate_run(run_dir).get_result("tuned").without_overlap.num_items == 40 - 3 - 5


@pytest.mark.parametrize("task_type", TASKS)
def test_scoring_again_changes_no_byte(tmp_path, task_type):
    run_dir = make_run_dir(tmp_path, task_type=task_type)
    evaluate_run(run_dir)
    before = {path: path.read_bytes() for path in (run_dir.path / "scores").iterdir()}
    evaluate_run(run_dir)
    assert {path: path.read_bytes() for path in (run_dir.path / "scores").iterdir()} == before
    assert len(before) == len(list_models(task_type)) + len(held(task_type)) + 1


@pytest.mark.parametrize("task_type", TASKS)
def test_the_order_of_rows_and_predictions_changes_no_number(tmp_path, task_type):
    run_dir = make_run_dir(tmp_path, task_type=task_type)
    before = evaluate_run(run_dir)
    rng = random.Random(3)
    write_file(run_dir.rows_path("test"), encode_lines(_shuffled(rng, run_dir.read_rows("test"))))
    for model in list_models(task_type):
        predictions = _shuffled(rng, run_dir.read_predictions(model, "test"))
        run_dir.save_predictions(model, "test", predictions)
    after = evaluate_run(run_dir)
    assert replace(after, predictions_sha256=before.predictions_sha256) == before


def test_another_seed_moves_intervals_but_no_value(tmp_path):
    run_dir = make_run_dir(tmp_path, task_type="number")
    before = evaluate_run(run_dir).get_result("tuned").primary
    after = evaluate_run(_with_evaluation(run_dir, seed=1)).get_result("tuned").primary
    assert after.value == before.value
    assert after.interval != before.interval


def test_before_training_the_headline_tells_what_the_others_score(tmp_path):
    report = evaluate_run(make_run_dir(tmp_path, with_tuned=False))
    assert report.headline.startswith("The tuned model has not answered yet. Accuracy of the others")
    assert "the majority class 0.57" in report.headline
    assert [(found.model, found.other) for found in report.comparisons] == [("linear", "base")]


def test_a_run_without_answers_or_without_test_rows_has_a_report_that_says_so(tmp_path):
    run_dir = make_run_dir(tmp_path)
    for path in (run_dir.path / "predictions").iterdir():
        path.unlink()
    assert evaluate_run(run_dir).headline == "No model has answered the 40 test rows yet."
    run_dir.rows_path("test").unlink()
    report = evaluate_run(run_dir)
    assert (report.headline, report.results) == ("No rows were held out, so nothing was scored.", ())


def test_a_baseline_that_is_better_is_named_first(tmp_path):
    run_dir = make_run_dir(tmp_path)
    good = run_dir.read_predictions("tuned", "test")
    bad = run_dir.read_predictions("base", "test")
    run_dir.save_predictions("linear", "test", [replace(p, model="linear") for p in good])
    run_dir.save_predictions("tuned", "test", [replace(p, model="tuned") for p in bad])
    assert evaluate_run(run_dir).headline.startswith(
        "The linear model is better than the tuned model: accuracy 0.97"
    )


def test_a_baseline_that_is_as_good_is_named_first(tmp_path):
    run_dir = make_run_dir(tmp_path)
    good = run_dir.read_predictions("tuned", "test")
    run_dir.save_predictions("linear", "test", [replace(p, model="linear") for p in good])
    headline = evaluate_run(run_dir).headline
    assert headline.startswith("The linear model cannot be told apart from the tuned model on 40 items:")
    assert "tuned beats base by" in headline


def _report_where_wrong(run_dir, **places):
    """Make these models wrong at their places and right everywhere else."""
    right = [replace(p, output=p.reference) for p in run_dir.read_predictions("tuned", "test")]
    for model, wrong in places.items():
        answers = [replace(p, output="?") if place in wrong else p for place, p in enumerate(right)]
        run_dir.save_predictions(model, "test", [replace(p, model=model) for p in answers])
    return evaluate_run(run_dir)


def test_of_a_pair_that_cannot_be_told_apart_the_notes_say_what_could_have_been_found(tmp_path):
    report = _report_where_wrong(make_run_dir(tmp_path), tuned=range(4), linear=range(4, 12))
    # d = 0.2355 solves n = (1.96 sqrt(psi) + 0.84 sqrt(psi - d^2))^2 / d^2 for n = 40 and psi = 12/40:
    # (1.96 · 0.5477 + 0.84 · sqrt(0.3 - 0.0555))^2 / 0.0555 = (1.0735 + 0.4154)^2 / 0.0555 = 39.9.
    assert (
        "Only one of tuned and the linear model is right on 12 of 40 items: at this rate a difference of "
        "about 24 points or more is usually found (one comparison, 80 % power, two-sided 5 %), and a smaller "
        "one is usually missed."
    ) in report.notes


def test_models_that_hardly_disagree_are_said_to_be_too_alike_for_a_test(tmp_path):
    report = _report_where_wrong(make_run_dir(tmp_path), tuned=(), linear=range(5))
    assert (
        "Only one of tuned and the linear model is right on 5 of 40 items: too few for any difference to be "
        "found with 80 % power."
    ) in report.notes


def test_where_every_pair_was_told_apart_nothing_is_said_of_power(tmp_path):
    assert not any("80 % power" in note for note in evaluate_run(make_run_dir(tmp_path)).notes)


def test_a_better_tuned_model_is_said_to_be_better(tmp_path):
    headline = evaluate_run(make_run_dir(tmp_path)).headline
    assert headline.startswith(
        "The tuned model reaches accuracy 0.97 [0.87, 1.00] on 40 test items and beats"
    )


def test_a_model_that_is_still_answering_is_noted_and_not_scored(tmp_path):
    run_dir = make_run_dir(tmp_path)
    run_dir.save_predictions("tuned", "test", run_dir.read_predictions("tuned", "test")[:7])
    report = evaluate_run(run_dir)
    assert report.get_result("tuned") is None
    assert "Tuned has answered 7 items so far and is not scored." in report.notes


@pytest.mark.parametrize("change", [{"example_id": "0.0"}, {"reference": "other"}, None])
def test_answers_that_belong_to_other_rows_are_refused(tmp_path, change):
    run_dir = make_run_dir(tmp_path)
    predictions: list[Prediction] = run_dir.read_predictions("base", "test")
    predictions[5] = predictions[4] if change is None else replace(predictions[5], **change)
    run_dir.save_predictions("base", "test", predictions)
    with pytest.raises(RunError) as caught:
        evaluate_run(run_dir)
    assert caught.value.code == "predictions_foreign"
    assert caught.value.location.endswith("base.test.jsonl:6")
    assert run_dir.find_report() is None


def test_unparsed_answers_and_the_baselines_choice_stand_in_the_notes(tmp_path):
    run_dir = make_run_dir(tmp_path)
    save_baselines(run_dir)
    notes = " ".join(evaluate_run(run_dir).notes)
    assert "Base: 10 of 40 answers could not be read and count as wrong." in notes
    assert "The linear model: Logistic regression on character 1- to 4-grams, C = " in notes
    assert "Holm" in notes


def test_a_report_has_scores_of_each_label_and_a_reliability_diagram_per_model(tmp_path):
    report = evaluate_run(make_run_dir(tmp_path))
    matrix = {confusion.model: np.array(confusion.counts) for confusion in report.confusions}
    assert [one.model for one in report.per_label] == [result.model for result in report.results]
    for one in report.per_label:
        assert [row.num_right for row in one.labels] == np.diag(matrix[one.model]).tolist()
    with_probabilities = [found.model for found in report.reliability]
    assert "tuned" in with_probabilities and "nearest_neighbour" not in with_probabilities
    assert all(sum(b.num_items for b in one.bins) == report.num_items for one in report.reliability)
    numbers = evaluate_run(make_run_dir(tmp_path / "numbers", task_type="number"))
    assert (numbers.per_label, numbers.reliability) == ((), ())


def test_a_model_that_puts_little_probability_on_the_labels_is_noted(tmp_path):
    run_dir = make_run_dir(tmp_path)
    predictions = [replace(p, label_mass=0.4) for p in run_dir.read_predictions("base", "test")]
    run_dir.save_predictions("base", "test", predictions)
    notes = [note for note in evaluate_run(run_dir).notes if "probability on the labels" in note]
    assert notes == [
        "Base puts 0.40 of its probability on the labels, and less than 0.9 for 40 of 40 items; what is told "
        "of its label probabilities is renormalised to 1."
    ]


def test_answers_that_were_cut_off_are_counted(tmp_path):
    run_dir = make_run_dir(tmp_path)
    predictions = [replace(p, status="truncated") for p in run_dir.read_predictions("tuned", "test")]
    run_dir.save_predictions("tuned", "test", predictions)
    report = evaluate_run(run_dir)
    tuned = report.get_result("tuned")
    assert (tuned.num_truncated, tuned.num_unparsed, tuned.primary.value) == (40, 40, 0.0)
    assert "Tuned: 40 of 40 answers could not be read (40 cut off) and count as wrong." in report.notes


def test_another_primary_metric_leads_and_is_compared(tmp_path):
    report = evaluate_run(_with_evaluation(make_run_dir(tmp_path), primary_metric="matthews"))
    assert report.results[0].metrics[0].metric == report.comparisons[0].metric == "matthews"
    assert report.headline.startswith("The tuned model reaches Matthews correlation")


def test_an_unknown_primary_metric_is_answered_with_a_suggestion(tmp_path):
    with pytest.raises(InputError) as caught:
        evaluate_run(_with_evaluation(make_run_dir(tmp_path), primary_metric="acuracy"))
    assert caught.value.hint == "Did you mean 'accuracy'?"


def test_groups_are_used_when_the_rows_have_them(tmp_path):
    run_dir = make_run_dir(tmp_path)
    rows = [structs.replace(row, group=f"paper {n // 4}") for n, row in enumerate(run_dir.read_rows("test"))]
    write_file(run_dir.rows_path("test"), encode_lines(rows))
    report = evaluate_run(run_dir)
    assert report.get_result("base").primary.interval.method == "bca"
    assert report.comparisons[0].test == "sign-flip permutation of groups"
    assert "whole groups (10 of them)" in report.notes[0]


def test_validation_answers_get_a_report_of_their_own(tmp_path):
    run_dir = make_run_dir(tmp_path)
    rows = run_dir.read_rows("validation")
    answers = [
        Prediction(
            example_id=row.example_id,
            split="validation",
            model="tuned",
            prompt_sha256=row.prompt_sha256,
            reference=row.reference,
            output=row.reference,
        )
        for row in rows
    ]
    run_dir.save_predictions("tuned", "validation", answers)
    report = evaluate_run(run_dir, split="validation")
    assert report.get_result("tuned").primary.value == 1.0
    assert (run_dir.path / "scores" / "report.validation.json").is_file()
    assert run_dir.find_report() is None


@pytest.mark.parametrize("task_type", TASKS)
def test_seven_models_on_four_hundred_items_take_less_than_five_seconds(tmp_path, monkeypatch, task_type):
    monkeypatch.setattr(run_dirs, "NUM_ROWS", {"train": 200, "validation": 20, "test": 400})
    run_dir = _with_evaluation(make_run_dir(tmp_path, task_type=task_type), num_resamples=10_000)
    extra = [replace(p, model="external") for p in run_dir.read_predictions("base", "test")]
    run_dir.save_predictions("external", "test", extra)
    started = time.process_time()
    evaluate_run(run_dir)
    assert time.process_time() - started < 5


def test_scoring_loads_neither_torch_nor_scipy_nor_scikit_learn(tmp_path):
    run_dir = make_run_dir(tmp_path, task_type="text")
    code = (
        "import sys, pathlib\n"
        "from aliquot.core.run_dir import RunDir\n"
        "from aliquot.evaluation.evaluate import evaluate_run\n"
        f"evaluate_run(RunDir(pathlib.Path({str(run_dir.path)!r})))\n"
        "heavy = [name for name in ('torch', 'scipy', 'sklearn', 'transformers') if name in sys.modules]\n"
        "sys.exit(','.join(heavy) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def _shuffled(rng, items):
    return rng.sample(items, len(items))


@pytest.mark.parametrize("task_type", ["set", "json"])
def test_a_run_that_was_scored_as_texts_before_keeps_its_scores(tmp_path, task_type):
    run_dir = make_run_dir(tmp_path, task_type=task_type)
    report = evaluate_run(_with_evaluation(run_dir, normaliser="text-1", primary_metric="exact_match"))
    assert report.scored_as == "text" and report.fields == ()
    metrics = {value.metric for value in report.results[0].metrics}
    assert "normalised_match" in metrics and not metrics & {"set_match", "field_f1"}


def test_the_report_on_records_tells_each_field_of_each_model(tmp_path):
    report = evaluate_run(make_run_dir(tmp_path, task_type="json"))
    of_tuned = {one.field: one for one in report.fields if one.model == "tuned"}
    assert set(of_tuned) == {"name", "charge"}
    for one in of_tuned.values():
        assert one.num_expected == 40 == one.num_right + one.num_wrong + one.num_missing
    tuned = report.get_result("tuned")
    assert tuned.num_unparsed == of_tuned["name"].num_missing  # the fixture's wrong answers are cut off


def test_signatures_stand_with_the_values_of_texts(tmp_path):
    report = evaluate_run(make_run_dir(tmp_path, task_type="text"))
    signatures = {value.metric: value.signature for value in report.results[0].metrics}
    assert "version:" in signatures["chrf"]
    assert signatures["exact_match"] == ""
