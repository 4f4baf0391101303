"""Models of any folders, compared on the items that all have answered."""

import csv
import io
import json
import shlex
from dataclasses import replace

import pytest
from msgspec import structs

import aliquot
from aliquot.cli.app import call
from aliquot.core.answer_source import AnswerSource
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.errors import InputError, RunError
from aliquot.evaluation.across_models import Contestant, choose_reference
from aliquot.workflows.compare import compare
from aliquot.workflows.evaluate import evaluate
from tests.fixtures.answer_files import write_table
from tests.fixtures.run_dirs import make_rows, make_run_dir

OTHER = {"positive": "negative", "negative": "positive"}


@pytest.fixture
def run(tmp_path):
    return make_run_dir(tmp_path)


@pytest.fixture
def scored(tmp_path, surround, runs_dir):
    """Score two files of answers to the rows of the fixture run; return the folder."""

    def make(rows=None, system=None, **options):
        rows = make_rows("labels")["test"] if rows is None else rows
        against = tmp_path / "rows.jsonl"
        against.write_text("".join(json.dumps({"messages": _turns(row, system)}) + "\n" for row in rows))
        files = [_answer(tmp_path, rows, name, every) for name, every in (("llama", 10), ("gemma", 2))]
        evaluate(files, against=against, within=surround(), num_resamples=200, **options)
        (folder,) = runs_dir.iterdir()
        return folder

    return make


def _folder(tmp_path):
    (tmp_path / "second").mkdir()
    return tmp_path / "second"


def _turns(row, system):
    texts = [system or row.messages[0].content, *(message.content for message in row.messages[1:])]
    return [
        {"role": role, "content": text}
        for role, text in zip(("system", "user", "assistant"), texts, strict=True)
    ]


def _answer(folder, rows, name, every):
    """Every so many answers are wrong."""
    answers = [
        {
            "prompt": row.messages[1].content,
            "answer": OTHER[row.reference] if place % every == 0 else row.reference,
        }
        for place, row in enumerate(rows)
    ]
    return write_table(folder / f"{name}.csv", answers)


def _shorten(run_dir, num_rows):
    """Take the last rows of a test away, with their answers."""
    rows = run_dir.read_rows("test")[:num_rows]
    kept = {row.example_id for row in rows}
    write_file(run_dir.rows_path("test"), encode_lines(rows))
    for model, split in run_dir.list_predictions():
        found = [one for one in run_dir.read_predictions(model, split) if one.example_id in kept]
        run_dir.save_predictions(model, split, found)


def test_models_of_one_run_are_compared_with_the_simplest(run):
    found = compare([run.path, f"{run.path}:base", f"{run.path}:linear"])
    assert [one.name for one in found.models] == ["tuned", "base", "linear"]
    assert (found.report.reference, found.reference_reason) == ("linear", "the simplest of them")
    assert [(one.model, one.other) for one in found.report.comparisons] == [
        ("tuned", "linear"),
        ("base", "linear"),
    ]
    assert found.report.headline.startswith("Tuned has the best accuracy of 3 models on 40 items: ")


def test_a_comparison_gives_the_numbers_of_the_runs_own_report(run):
    own = evaluate(run.path)
    found = compare([run.path, f"{run.path}:base"])
    assert found.report.get_result("tuned") == own.get_result("tuned")
    mine, theirs = found.report.comparisons[0], own.comparisons[0]
    assert (mine.model, mine.other) == (theirs.model, theirs.other) == ("tuned", "base")
    assert (mine.difference, mine.p_value, mine.interval) == (
        theirs.difference,
        theirs.p_value,
        theirs.interval,
    )


def test_a_folder_of_answers_made_elsewhere_stands_for_all_its_models(run, scored):
    found = compare([scored(), run.path])
    assert [one.name for one in found.models] == ["llama", "gemma", "tuned"]
    assert (found.report.reference, found.reference_reason) == ("llama", "the one named first")
    assert found.matched == "40 items are the same by example id."
    assert found.report.get_result("llama").primary.value == pytest.approx(0.9)
    assert found.models[0].made_by["file"] == "llama.csv"
    assert found.models[2].made_by["base"] == "smollm2-135m-instruct"


def test_a_worse_copy_of_a_run_loses_against_it(run, tmp_path):
    other = make_run_dir(_folder(tmp_path))
    worse = [replace(one, output="?") for one in other.read_predictions("tuned", "test")]
    other.save_predictions("tuned", "test", worse)
    (comparison,) = compare([run.path, other.path]).report.comparisons
    assert comparison.difference < -0.5 and comparison.p_value < 0.001


def test_names_tell_models_of_one_kind_apart(run, tmp_path):
    other = make_run_dir(_folder(tmp_path))
    assert len({one.name for one in compare([run.path, other.path]).models}) == 2


def test_the_reference_may_be_chosen_and_its_family_is_the_rest(run):
    words = [str(run.path), *(f"{run.path}:{model}" for model in ("base", "linear", "majority"))]
    found = compare(words, reference="tuned")
    assert {one.other for one in found.report.comparisons} == {"tuned"} and len(found.report.comparisons) == 3
    smallest = min(found.report.comparisons, key=lambda one: one.p_value)
    assert smallest.p_value_holm == pytest.approx(min(1, 3 * smallest.p_value))
    assert compare(words, reference=f"{run.path}:base").report.reference == "base"
    with pytest.raises(InputError, match="'gpt' is none of the models compared: tuned, base") as caught:
        compare(words, reference="gpt")
    assert caught.value.code == "reference_unknown"


def test_items_that_differ_are_refused_with_their_lines_or_left_out(run, scored):
    folder = scored()
    _shorten(run, 30)
    with pytest.raises(
        RunError, match="30 are common to all, and not in all are lines 31, 32, 33, 34, 35 and 5 more"
    ) as caught:
        compare([folder, run.path])
    assert caught.value.code == "items_differ" and "--common" in caught.value.hint
    found = compare([folder, run.path], common=True)
    assert found.report.num_items == 30
    assert "10 of the 40 rows of" in found.matched and "--common" in found.command


def test_rows_that_share_nothing_are_not_compared_even_on_common_ones(run, tmp_path):
    other = make_run_dir(_folder(tmp_path))
    rows = [_with_other_reference(row) for row in other.read_rows("test")]
    write_file(other.rows_path("test"), encode_lines(rows))
    for model, split in other.list_predictions():
        swapped = [
            replace(one, example_id=row.example_id, reference=row.reference)
            for one, row in zip(other.read_predictions(model, split), rows, strict=True)
        ]
        other.save_predictions(model, split, swapped)
    with pytest.raises(RunError, match="0 are common") as caught:
        compare([run.path, other.path], common=True)
    assert caught.value.code == "items_differ" and "--common" not in caught.value.hint


def _with_other_reference(row):
    *prompt, answer = row.messages
    changed = (*prompt, structs.replace(answer, content=OTHER[answer.content]))
    return structs.replace(row, example_id=f"other-{row.example_id}", messages=changed)


def test_another_system_prompt_is_another_way_of_asking_the_same_items(run, scored):
    found = compare([scored(system="Answer tersely."), run.path])
    assert found.report.num_items == 40
    assert "apart from the system prompt" in found.matched
    assert [one.system for one in found.models] == [
        "Answer tersely.", "Answer tersely.", "Say whether the review is positive or negative."
    ]  # fmt: skip


def test_items_matched_by_prompt_stay_paired_where_ids_order_them_otherwise(run, scored):
    """Shifting the answers of one folder by a row would leave its score as it is, and not these counts."""
    rows = make_rows("labels")["test"]
    found = compare([scored(system="Answer tersely."), run.path], reference="tuned").report
    is_right = [one.output == one.reference for one in run.read_predictions("tuned", "test")]
    for name, every in (("llama", 10), ("gemma", 2)):
        own = [place % every != 0 for place in range(len(rows))]
        pairs = [*zip(own, is_right, strict=True)]
        comparison = next(one for one in found.comparisons if one.model == name)
        assert comparison.num_only_model == pairs.count((True, False))
        assert comparison.num_only_other == pairs.count((False, True))


def test_answers_of_another_kind_are_not_compared(run, tmp_path):
    with pytest.raises(RunError, match="the kind of answer is 'labels'") as caught:
        compare([run.path, make_run_dir(tmp_path, task_type="text").path])
    assert caught.value.code == "readings_differ"


def test_a_model_that_has_not_answered_is_named_with_those_that_have(run, tmp_path):
    unfinished = make_run_dir(_folder(tmp_path), with_tuned=False)
    with pytest.raises(RunError, match=r"The model tuned has not answered any row.*base") as caught:
        compare([run.path, unfinished.path])
    assert caught.value.code == "model_not_answered"
    with pytest.raises(RunError, match="The model gpt has not answered"):
        compare([run.path, f"{run.path}:gpt"])


def test_one_model_is_not_compared_with_itself(run):
    with pytest.raises(InputError) as caught:
        compare([run.path, run.path])
    assert caught.value.code == "too_few_models"


def test_cost_and_speed_are_told_where_they_are_known(run):
    run.save_predictions(
        "gpt-x", "test", [replace(one, model="gpt-x") for one in run.read_predictions("base", "test")]
    )
    run.save_source(
        AnswerSource(
            model="gpt-x", engine="endpoint", settings={"url": "https://api.example.org"}, seconds=80.0,
            num_answers=40, num_cached=20, cost_usd=0.04,
        ),
        "test",
    )  # fmt: skip
    given, tuned = compare([f"{run.path}:gpt-x", run.path]).models
    # Of 40 answers 20 came from the cache: time and money were spent on the other 20.
    assert (given.seconds_per_item, given.cost_usd_per_item) == (4.0, pytest.approx(0.002))
    assert given.made_by["url"] == "https://api.example.org"
    assert tuned.cost_usd_per_item is None


def test_disagreements_are_items_that_not_all_score_alike(run):
    found = compare([run.path, f"{run.path}:base"])
    tuned, base = (
        {one.example_id: one for one in run.read_predictions(m, "test")} for m in ("tuned", "base")
    )
    for item in found.disagreements:
        right = [item.answers[0].output == item.reference, item.answers[1].output == item.reference]
        assert sorted(right) == [False, True]
        assert item.answers[0].output == tuned[item.example_id].output
        assert item.answers[1].output == base[item.example_id].output
    comparison = found.report.comparisons[0]
    assert len(found.disagreements) == comparison.num_only_model + comparison.num_only_other


def test_errors_of_numbers_that_differ_most_come_first(tmp_path):
    run = make_run_dir(tmp_path, task_type="number")
    found = compare([run.path, f"{run.path}:base"]).disagreements
    errors = [[answer.score for answer in item.answers] for item in found]
    spreads = [float("inf") if None in pair else abs(pair[0] - pair[1]) for pair in errors]
    assert spreads == sorted(spreads, reverse=True) and len(set(spreads)) > 5


def test_files_for_paper_and_browser_are_written(run, tmp_path):
    words = [str(run.path), f"{run.path}:base"]
    found = compare(words, out=tmp_path / "out")
    page, table, tex, apart = ((tmp_path / "out" / name).read_text() for name in (
        "compare.html", "compare.csv", "compare.tex", "disagreements.csv"))  # fmt: skip
    assert "<h1>tuned and base on the same items</h1>" in page and "this minus base" in page
    assert "Holm" in page and "Where they disagree" in page
    lines = list(csv.DictReader(io.StringIO(table)))
    assert [line["name"] for line in lines] == ["tuned", "base"] and lines[1]["difference"] == ""
    assert float(lines[0]["difference"]) == found.report.comparisons[0].difference
    assert r"Tuned & \textbf{" in tex and tex.count(r"\\") == 3
    assert len(list(csv.DictReader(io.StringIO(apart)))) == len(found.disagreements)
    assert shlex.split(found.command)[:2] == ["aliquot", "compare"]


def test_the_verb_prints_a_table_or_one_document(run, capsys):
    words = ["compare", str(run.path), f"{run.path}:base"]
    assert call(words) == 0
    printed = capsys.readouterr().out
    assert "minus base" in printed and "Where they disagree" in printed
    assert call([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["report"]["reference"] == "base" and len(document["models"]) == 2


def test_the_command_to_repeat_it_names_the_run_that_last_means_today(run, tmp_path):
    found = compare(["last", "last:base"], runs_dir=tmp_path)
    assert found.command == f"aliquot compare {run.run_id} {run.run_id}:base --runs-dir {tmp_path}"


def _grade(run_dir, tmp_path, operation="eq"):
    path = tmp_path / f"{operation}.json"
    reference = {"input": "{{sample.output_text}}", "reference": "{{item.reference}}"}
    grader = {"type": "string_check", "name": "same", "operation": operation}
    path.write_text(json.dumps(grader | reference))
    evaluate(run_dir.path, graders=[path])


def test_grades_are_compared_under_the_names_of_the_comparison(run, tmp_path):
    other = make_run_dir(_folder(tmp_path))
    worse = [replace(one, output="?") for one in other.read_predictions("tuned", "test")]
    other.save_predictions("tuned", "test", worse)
    for one in (run, other):
        _grade(one, tmp_path)
    report = compare([run.path, other.path, f"{run.path}:linear"]).report
    own = evaluate(run.path).get_result("tuned")
    means = [next(one.value for one in result.metrics if one.metric == "same") for result in report.results]
    assert means[:2] == [next(one.value for one in own.metrics if one.metric == "same"), 0.0]
    assert [one.model for one in report.graders] == [one.model for one in report.results]


def test_graders_of_one_name_that_differ_are_not_compared(run, tmp_path):
    other = make_run_dir(_folder(tmp_path))
    _grade(run, tmp_path)
    _grade(other, tmp_path, operation="ilike")
    with pytest.raises(RunError, match="two graders, both called 'same'") as caught:
        compare([run.path, other.path])
    assert caught.value.code == "readings_differ"


def test_items_stay_in_groups_of_which_only_one_folder_knows(run, tmp_path):
    other = make_run_dir(_folder(tmp_path))
    worse = [replace(one, output="?") for one in other.read_predictions("tuned", "test")]
    other.save_predictions("tuned", "test", worse)
    rows = [structs.replace(row, group=str(row.line % 5)) for row in other.read_rows("test")]
    write_file(other.rows_path("test"), encode_lines(rows))
    one, same = (compare(both).report for both in ([run.path, other.path], [other.path, run.path]))
    assert one.comparisons[0].test == same.comparisons[0].test == "sign-flip permutation of groups"
    assert one.comparisons[0].p_value == same.comparisons[0].p_value > 0.01


def test_a_reference_may_be_typed_as_last(run, tmp_path):
    words = ["last", "last:base"]
    assert compare(words, reference="last:base", runs_dir=tmp_path).report.reference == "base"
    found = compare(words, reference="last", runs_dir=tmp_path)
    assert found.report.reference == "tuned" and f"--reference {run.run_id} " in found.command


def test_a_model_without_a_value_is_named(run):
    spec = run.read_spec()
    run.save_spec(replace(spec, evaluation=replace(spec.evaluation, primary_metric="roc_auc")))
    answers = [replace(one, label_probabilities=None) for one in run.read_predictions("base", "test")]
    run.save_predictions("gpt", "test", [replace(one, model="gpt") for one in answers])
    headline = compare([run.path, f"{run.path}:gpt"]).report.headline
    assert headline.endswith("It is undefined for gpt.")


def test_the_simplest_model_of_plain_texts_is_the_one_that_counts_bytes(run):
    found = [Contestant(name=one, run_dir=run, model=one) for one in ("tuned", "base", "byte_ngram")]
    assert choose_reference(found) == ("byte_ngram", "the simplest of them")


def test_python_has_the_verb(run):
    assert aliquot.compare([run.path, f"{run.path}:base"]).report.num_items == 40
