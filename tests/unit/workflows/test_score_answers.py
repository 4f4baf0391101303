import csv
import json
import shlex
import shutil

import pytest

import aliquot
from aliquot.cli.app import call
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import ScoringSpec
from aliquot.data.answer_columns import Columns, columns_of_files
from aliquot.errors import InputError, RunError
from aliquot.export.page.scored import render_scored_page
from aliquot.workflows.evaluate import evaluate
from aliquot.workflows.find import find_run
from aliquot.workflows.prompts import write_prompts
from aliquot.workflows.report import report
from aliquot.workflows.runs import list_runs, show_run
from tests.fixtures.answer_files import REVIEWS, batch_line, turns_of, write_lines, write_table, write_test

RIGHT = [label for _, label in REVIEWS]
WRONG = {"positive": "negative", "negative": "positive"}
QUICK = {"num_resamples": 200}


@pytest.fixture
def test_rows(tmp_path):
    return write_test(tmp_path / "test.jsonl")


@pytest.fixture
def with_train(tmp_path):
    return write_test(tmp_path / "all.jsonl", train=12)


def _answers(path, outputs, **columns):
    rows = [{"id": f"r{number}", "answer": output} for number, output in enumerate(outputs)]
    return write_table(path, [row | {name: column[place] for name, column in columns.items()}
                              for place, row in enumerate(rows)])  # fmt: skip


def _one_folder(runs_dir):
    (path,) = (path for path in runs_dir.iterdir() if path.name[0] != ".")
    return RunDir(path)


def test_a_file_of_answers_becomes_a_folder_of_scores(tmp_path, test_rows, runs_dir, surround, told):
    outputs = [RIGHT[0], WRONG[RIGHT[1]], *RIGHT[2:]]
    scored = evaluate(
        _answers(tmp_path / "gpt-4o.csv", outputs), against=test_rows, within=surround(), **QUICK
    )
    assert scored.get_result("gpt-4o").primary.value == pytest.approx(11 / 12)
    assert [result.model for result in scored.results] == ["gpt-4o"]
    assert scored.headline.startswith("gpt-4o reaches accuracy 0.92")
    run_dir = _one_folder(runs_dir)
    assert run_dir.run_id == "20261124-153012-gpt-4o-a1b2"
    spec = run_dir.read_scoring_spec()
    assert type(spec) is ScoringSpec and spec.reference == "gpt-4o"
    assert spec.data.split_rule == "No row names a split; all 12 rows are the test."
    source = run_dir.find_source("gpt-4o", "test")
    assert (source.engine, source.num_answers, source.settings["file"]) == ("file", 12, "gpt-4o.csv")
    assert "12 by the field id of the rows" in source.settings["matched"]
    assert any("12 by the field id of the rows" in str(news) for news in told)
    assert run_dir.report_path.is_file() and (run_dir.path / "items.csv").is_file()
    assert not (run_dir.path / "reproduce.py").exists() and not (run_dir.path / "settings.yaml").exists()


def test_scores_depend_on_which_row_an_answer_belongs_to(tmp_path, test_rows, surround):
    """A deliberate shift by one row must show."""
    shifted = [*RIGHT[1:], RIGHT[0]]
    scored = evaluate(_answers(tmp_path / "a.csv", shifted), against=test_rows, within=surround(), **QUICK)
    assert scored.get_result("a").primary.value == 0.0


def test_training_rows_give_baselines_and_count_what_leaks(tmp_path, runs_dir, surround):
    leaked = ("Film 3 is good.", "positive")
    against = write_test(tmp_path / "all.jsonl", train=12, reviews=[*REVIEWS, leaked])
    scored = evaluate(
        _answers(tmp_path / "m.csv", [*RIGHT, "positive"]), against=against, within=surround(), **QUICK
    )
    assert {result.model for result in scored.results} >= {"m", "majority", "nearest_neighbour"}
    assert scored.get_result("m").without_overlap.num_items == 12
    assert len(_one_folder(runs_dir).read_rows("train")) == 12
    assert {one.model for one in scored.comparisons} == {"m"}
    assert {one.family for one in scored.comparisons} == {"baselines"}


def test_several_models_are_compared_with_the_first(tmp_path, test_rows, surround):
    files = [
        _answers(tmp_path / "first.csv", RIGHT),
        _answers(tmp_path / "second.csv", [WRONG[label] for label in RIGHT]),
    ]
    scored = evaluate(files, against=test_rows, names=["gpt-4o", "llama"], within=surround(), **QUICK)
    (comparison,) = scored.comparisons
    assert (comparison.model, comparison.other, comparison.difference) == ("gpt-4o", "llama", 1.0)
    assert comparison.p_value == pytest.approx(2 / 2**12)
    assert scored.reference == "gpt-4o"


def test_a_better_second_model_is_named_in_the_headline(tmp_path, runs_dir, surround):
    reviews = [(f"Film {number}.", ("positive", "negative")[number % 2]) for number in range(20)]
    against = write_test(tmp_path / "test.jsonl", reviews=reviews)
    labels = [label for _, label in reviews]
    files = [
        _answers(tmp_path / "old.csv", [WRONG[one] for one in labels]),
        _answers(tmp_path / "new-2.csv", labels),
    ]
    scored = evaluate(files, against=against, within=surround(), **QUICK)
    assert scored.headline.startswith(
        "new-2 reaches accuracy 1.00 [0.84, 1.00] on 20 test items, the best value"
    )
    assert scored.headline.endswith("On 20 items new-2 beats old by 100 points [77, 100], p < 0.001.")


def test_a_models_name_is_printed_as_given(tmp_path, with_train, runs_dir, surround):
    files = [_answers(tmp_path / "llama.csv", RIGHT), _answers(tmp_path / "gemma.csv", ["positive"] * 12)]
    scored = evaluate(files, against=with_train, within=surround(), **QUICK)
    page = render_scored_page(_one_folder(runs_dir))
    told = " ".join([scored.headline, *scored.notes, *(one.sentence for one in scored.comparisons), page])
    assert "llama" in told and "gemma" in told
    assert "Llama" not in told and "Gemma" not in told
    assert "Majority class" in page


def test_baselines_cost_the_comparison_of_two_files_nothing(tmp_path, test_rows, with_train, surround):
    half = [*RIGHT[:7], *(WRONG[label] for label in RIGHT[7:])]
    files = [_answers(tmp_path / "a.csv", RIGHT), _answers(tmp_path / "b.csv", half)]
    alone = evaluate(files, against=test_rows, within=surround(), **QUICK)
    beside = evaluate(files, against=with_train, within=surround(), runs_dir=tmp_path / "other", **QUICK)
    assert (
        alone.comparisons[0].p_value_holm
        == beside.comparisons[0].p_value_holm
        == alone.comparisons[0].p_value
    )
    families = [one.family for one in beside.comparisons]
    assert families[0] == "models" and set(families[1:]) == {"baselines"} and len(families) > 3
    assert any("two families: 1 comparison of the models" in note for note in beside.notes)


def test_a_simple_baseline_that_is_as_good_as_the_best_is_told_first(tmp_path, with_train, surround):
    majority = ["positive"] * 12
    files = [_answers(tmp_path / "a.csv", majority), _answers(tmp_path / "b.csv", majority)]
    scored = evaluate(files, against=with_train, within=surround(), **QUICK)
    assert "cannot be told apart from a on 12 items" in scored.headline.partition("a reaches")[0]


def test_batch_results_and_logged_requests_are_scored(tmp_path, test_rows, surround):
    batch = write_lines(
        tmp_path / "batch.jsonl", [batch_line(f"task-{number}", label) for number, label in enumerate(RIGHT)]
    )
    logged = [
        {"messages": [*turns_of(text), {"role": "assistant", "content": label}]} for text, label in REVIEWS
    ]
    log = write_lines(tmp_path / "log.jsonl", logged)
    scored = evaluate([batch, log], against=test_rows, within=surround(), **QUICK)
    assert [scored.get_result(model).primary.value for model in ("batch", "log")] == [1.0, 1.0]


def test_rows_without_an_answer_are_refused_or_wrong(tmp_path, test_rows, runs_dir, surround):
    path = _answers(tmp_path / "m.csv", RIGHT[:10])
    with pytest.raises(InputError, match="2 of 12 test rows have no answer: lines 11, 12"):
        evaluate(path, against=test_rows, within=surround())
    assert not runs_dir.exists()
    scored = evaluate(path, against=test_rows, missing="wrong", within=surround(), **QUICK)
    assert scored.get_result("m").primary.value == pytest.approx(10 / 12)
    statuses = [one.status for one in _one_folder(runs_dir).read_predictions("m", "test")]
    assert statuses == ["ok"] * 10 + ["error"] * 2


def test_label_probabilities_are_renormalised_and_measured(tmp_path, test_rows, runs_dir, surround):
    given = [json.dumps({label: 0.72, WRONG[label]: 0.08}) for label in RIGHT]
    path = _answers(tmp_path / "m.csv", RIGHT, label_probabilities=given)
    scored = evaluate(path, against=test_rows, within=surround(), **QUICK)
    assert {value.metric for value in scored.get_result("m").metrics} >= {"brier", "roc_auc"}
    first = _one_folder(runs_dir).read_predictions("m", "test")[0]
    assert first.label_probabilities == pytest.approx({"positive": 0.9, "negative": 0.1})
    assert first.label_mass == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"positive": 0.6, "neutral": 0.4}', "the labels are negative, positive"),
        ('{"positive": 0.8, "negative": 0.7}', "sum to 1.5"),
        ("", "11 of 12 answers have probabilities"),
    ],
)
def test_probabilities_that_do_not_fit_the_labels_are_refused(tmp_path, test_rows, surround, given, words):
    column = [given, *['{"positive": 0.5, "negative": 0.5}'] * 11]
    path = _answers(tmp_path / "m.csv", RIGHT, label_probabilities=column)
    with pytest.raises(InputError, match=words) as caught:
        evaluate(path, against=test_rows, within=surround())
    assert caught.value.code == "probabilities_invalid" and caught.value.location.endswith(":2")


@pytest.mark.parametrize("name", ["tuned", "majority", "open ai", "a/b", "", ".hidden"])
def test_names_that_files_or_tables_could_not_bear_are_refused(tmp_path, test_rows, surround, name):
    with pytest.raises(InputError) as caught:
        evaluate(_answers(tmp_path / "m.csv", RIGHT), against=test_rows, names=[name], within=surround())
    assert caught.value.code == "model_name_invalid"


def test_two_files_of_one_name_want_other_names(tmp_path, test_rows, surround):
    (tmp_path / "b").mkdir()
    files = [_answers(tmp_path / "m.csv", RIGHT), _answers(tmp_path / "b" / "m.csv", RIGHT)]
    with pytest.raises(InputError, match="two files would have this name"):
        evaluate(files, against=test_rows, within=surround())
    with pytest.raises(InputError, match="2 files of answers and 1 names"):
        evaluate(files, against=test_rows, names=["x"], within=surround())


def test_a_file_that_has_a_split_without_a_test_is_refused(tmp_path, surround):
    against = write_test(tmp_path / "t.jsonl", reviews=[], train=12)
    with pytest.raises(InputError) as caught:
        evaluate(_answers(tmp_path / "m.csv", RIGHT), against=against, within=surround())
    assert caught.value.code == "no_test"


def test_an_unknown_metric_is_refused_before_a_folder_is_made(tmp_path, test_rows, runs_dir, surround):
    with pytest.raises(InputError):
        evaluate(
            _answers(tmp_path / "m.csv", RIGHT),
            against=test_rows,
            within=surround(),
            primary_metric="acuracy",
        )
    assert not [path for path in runs_dir.glob("*") if path.name[0] != "."]


def test_a_metric_of_choice_is_the_headline(tmp_path, test_rows, surround):
    path = _answers(tmp_path / "m.csv", RIGHT)
    scored = evaluate(path, against=test_rows, within=surround(), primary_metric="macro_f1", **QUICK)
    assert scored.primary_metric == "macro_f1" and scored.get_result("m").primary.value == 1.0
    with pytest.raises(InputError, match="chrf is a metric for") as caught:
        evaluate(path, against=test_rows, within=surround(), primary_metric="chrf")
    assert caught.value.code == "metric_not_for_task"


def test_settings_and_several_files_want_rows_to_compare_with(tmp_path):
    for given in ({"missing": "wrong"}, {"confidence": 0.9}):
        with pytest.raises(InputError) as caught:
            evaluate("last", **given)
        assert caught.value.code == "against_missing"
    with pytest.raises(InputError, match="2 files"):
        evaluate(["a.csv", "b.csv"])


def test_the_folder_is_listed_shown_scored_again_and_reported(tmp_path, with_train, runs_dir, surround):
    path = _answers(tmp_path / "m.csv", RIGHT)
    first = evaluate(path, against=with_train, within=surround(), **QUICK)
    (summary,) = list_runs(runs_dir)
    assert (summary.state, summary.problem, summary.tuned.value) == ("finished", "", 1.0)
    details = show_run("last", runs_dir=runs_dir)
    assert details.progress is None and details.spec.notes[0].startswith("m: 12 answers")
    assert evaluate("last", runs_dir=runs_dir) == first
    assert {path.name for path in report("last", runs_dir=runs_dir)} >= {
        "report.html",
        "items.csv",
        "croissant.json",
    }
    with pytest.raises(RunError) as caught:
        aliquot.predict("last", runs_dir=runs_dir)
    assert caught.value.code == "not_a_training_run"


def test_last_means_the_newest_trained_run_where_one_is_needed(
    tmp_path, test_rows, runs_dir, surround, fixture_run
):
    evaluate(_answers(tmp_path / "m.csv", RIGHT), against=test_rows, within=surround(), **QUICK)
    (made,) = {path.parent for path in runs_dir.glob("*/spec.json")} - {fixture_run.path}
    made.rename(runs_dir / "newer")
    assert find_run("last", runs_dir).run_id == "newer"
    assert find_run("last", runs_dir, is_trained=True).run_id == fixture_run.run_id


def test_the_command_of_the_folder_gives_it_again(tmp_path, test_rows, runs_dir, surround):
    path = _answers(tmp_path / "my answers.csv", RIGHT)
    first = evaluate(path, against=test_rows, names=["m"], missing="refuse", within=surround(), **QUICK)
    run_dir = _one_folder(runs_dir)
    program, *words = shlex.split(run_dir.read_scoring_spec().command)
    assert program == "aliquot"
    shutil.rmtree(run_dir.path)
    assert call(words) == 0
    again = _one_folder(runs_dir).find_report()
    assert again.results == first.results


def test_the_page_says_what_was_compared_and_nothing_of_training(tmp_path, with_train, runs_dir, surround):
    files = [_answers(tmp_path / "gpt-4o.csv", RIGHT), _answers(tmp_path / "old.csv", ["positive"] * 12)]
    evaluate(files, against=with_train, within=surround(), **QUICK)
    page = render_scored_page(_one_folder(runs_dir))
    assert "<h1>gpt-4o and old on all.jsonl</h1>" in page
    assert "Report on answers made elsewhere" in page and "nothing was trained" in page
    assert '<section id="training">' not in page and '<section id="settings">' not in page
    assert "gpt-4o minus this" in page and "12 by the field id of the rows" in page
    for name in ("items.csv", "rows/test.jsonl", "predictions/gpt-4o.test.jsonl"):
        assert f'href="{name}"' in page


def test_texts_of_answers_cannot_break_out_of_the_page(tmp_path, test_rows, runs_dir, surround):
    odd = "</script><script>alert(1)</script>"
    evaluate(_answers(tmp_path / "m.csv", [odd, *RIGHT[1:]]), against=test_rows, within=surround(), **QUICK)
    page = render_scored_page(_one_folder(runs_dir))
    assert "<script>alert" not in page


def test_each_file_may_have_columns_of_its_own(tmp_path, test_rows, runs_dir, surround):
    rows = [{"id": f"r{number}", "gpt": label, "other": "x"} for number, label in enumerate(RIGHT)]
    odd, plain = write_table(tmp_path / "odd.csv", rows), _answers(tmp_path / "plain.csv", RIGHT)
    columns = columns_of_files({"answer": ["gpt", "-"]}, 2)
    assert columns == [Columns(answer="gpt"), Columns()]
    scored = evaluate([odd, plain], against=test_rows, columns=columns, within=surround(), **QUICK)
    assert [result.primary.value for result in scored.results] == [1.0, 1.0]
    typed = shlex.split(_one_folder(runs_dir).read_scoring_spec().command)
    assert [typed[place + 1] for place, word in enumerate(typed) if word == "--answer-column"] == ["gpt", "-"]


def test_columns_are_given_once_for_all_files_or_once_for_each():
    assert columns_of_files({"answer": ["gpt"]}, 3) == [Columns(answer="gpt")] * 3
    for given in ({"answer": ["a", "b"]}, {"ids_from": ["2"]}):
        with pytest.raises(InputError) as caught:
            columns_of_files(given, 3)
        assert caught.value.code == "columns_invalid"


def test_numbered_ids_without_the_last_row_ask_where_they_begin(tmp_path, test_rows, runs_dir, surround):
    rows = [{"id": number, "answer": label} for number, label in enumerate(RIGHT[:-1], start=1)]
    path = write_table(tmp_path / "m.csv", rows)
    with pytest.raises(InputError, match="whether the first row is 0 or 1 cannot be told") as caught:
        evaluate(path, against=test_rows, missing="wrong", within=surround())
    assert "--ids-from 1" in caught.value.hint
    for first, value in ((1, 11 / 12), (0, 0.0)):
        scored = evaluate(path, against=test_rows, columns=Columns(ids_from=first), missing="wrong",
                          within=surround(), runs_dir=tmp_path / str(first), **QUICK)  # fmt: skip
        assert scored.get_result("m").primary.value == pytest.approx(value)


def test_the_folder_has_a_methods_text_and_a_table_of_comparisons(tmp_path, with_train, runs_dir, surround):
    files = [_answers(tmp_path / "llama.csv", RIGHT), _answers(tmp_path / "old.csv", ["positive"] * 12)]
    scored = evaluate(files, against=with_train, within=surround(), **QUICK)
    folder = _one_folder(runs_dir)
    methods = (folder.path / "methods.txt").read_text()
    assert "llama (llama.csv, SHA-256" in methods and "Nothing was trained." in methods
    assert "1 comparison of the models with each other" in methods and "with simple baselines" in methods
    assert '<section id="methods">' in render_scored_page(folder)
    lines = list(csv.DictReader((folder.path / "comparisons.csv").read_text().splitlines()))
    assert [float(line["p_value_holm"]) for line in lines] == [one.p_value_holm for one in scored.comparisons]
    assert (lines[0]["family"], lines[0]["num_in_family"]) == ("models", "1")
    baselines = {(line["family"], line["num_in_family"]) for line in lines[1:]}
    assert baselines == {("baselines", str(len(lines) - 1))}


def test_columns_without_a_value_are_left_out_of_the_table_of_models(tmp_path, test_rows, runs_dir, surround):
    evaluate(_answers(tmp_path / "m.csv", RIGHT), against=test_rows, within=surround(), **QUICK)
    table = render_scored_page(_one_folder(runs_dir)).partition("<caption>All models</caption>")[2]
    head = table.partition("</thead>")[0]
    assert "Balanced accuracy" in head and "ROC-AUC" not in head and "log-likelihood" not in head


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_repeated_prompts_can_be_answered_in_any_order_by_written_ids(tmp_path, surround, suffix):
    reviews = [("Fine.", "positive"), ("Fine.", "negative"), ("Dull.", "negative")]
    against, out = write_test(tmp_path / "t.jsonl", reviews=reviews), tmp_path / f"prompts.{suffix}"
    written = write_prompts(against, out)
    assert (written.num_rows, written.num_repeated) == (3, 2)
    text = out.read_text()
    assert "negative" not in text.replace("Positive or negative", "")
    lines = map(json.loads, text.splitlines()) if suffix == "jsonl" else csv.DictReader(text.splitlines())
    ids = [line["example_id"] for line in lines]
    answers = [{"example_id": name, "answer": label} for name, (_, label) in zip(ids, reviews, strict=True)]
    path = write_table(tmp_path / "m.csv", answers[::-1])
    assert evaluate(path, against=against, within=surround(), **QUICK).get_result("m").primary.value == 1.0


def test_prompts_are_written_as_lines_or_table_only(tmp_path, test_rows):
    with pytest.raises(InputError) as caught:
        write_prompts(test_rows, tmp_path / "prompts.docx")
    assert caught.value.code == "unknown_format"


def test_columns_may_be_named(tmp_path, test_rows, surround):
    rows = [{"nr": f"r{number}", "answer": "x", "gpt": label} for number, label in enumerate(RIGHT)]
    path = write_table(tmp_path / "m.csv", rows)
    columns = Columns(example_id="nr", answer="gpt")
    scored = evaluate(path, against=test_rows, columns=columns, within=surround(), **QUICK)
    assert scored.get_result("m").primary.value == 1.0
