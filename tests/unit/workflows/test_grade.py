import json

import pytest

from aliquot.cli.app import call
from aliquot.compute.targets.local import LocalTarget
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, Interrupted, RunError
from aliquot.workflows.evaluate import evaluate
from aliquot.workflows.grade import read_graders
from aliquot.workflows.surroundings import Surroundings
from tests.fixtures.answer_files import REVIEWS, write_table, write_test
from tests.fixtures.run_dirs import make_run_dir
from tests.fixtures.stand_in_endpoint import Reply, completion, stand_in_endpoint

TEXTS = {"input": "{{ sample.output_text }}", "reference": "{{ item.reference }}"}
EXACT = {"type": "string_check", "name": "Same word", "operation": "eq", **TEXTS}
JUDGE = {
    "type": "score_model",
    "name": "Judge",
    "model": "big",
    "input": [
        {
            "role": "user",
            "content": "{{ item.prompt }} RIGHT {{ item.reference }} SAID {{ sample.output_text }} END",
        }
    ],
    "pass_threshold": 0.5,
}
DUEL = {
    "type": "pairwise_model",
    "name": "Duel",
    "model": "big",
    "input": [
        {"role": "user", "content": "{{ item.prompt }} {{ first.output_text }} {{ second.output_text }}"}
    ],
}


def _judge(request):
    right, said = request["messages"][-1]["content"].split("RIGHT ")[1].split(" END")[0].split(" SAID ")
    return completion(json.dumps({"steps": [], "result": 1 if right == said else 0.25}))


@pytest.fixture
def run_dir(places):
    return make_run_dir(places)


@pytest.fixture
def files(tmp_path):
    """Write graders, each as a file; return their paths."""

    def write(*definitions):
        paths = [tmp_path / f"grader{number}.json" for number in range(len(definitions))]
        for path, definition in zip(paths, definitions, strict=True):
            path.write_text(json.dumps(definition))
        return paths

    return write


@pytest.fixture
def within(told):
    return Surroundings(target=LocalTarget(), tell=told.append)


def _value(report, model, metric):
    found = {one.metric: one for one in report.get_result(model).metrics}
    return found[metric]


def test_a_grader_is_a_metric_with_interval_items_and_no_headline(run_dir, files, within):
    before = evaluate(run_dir.path)
    report = evaluate(run_dir.path, graders=files(EXACT), within=within)
    value = _value(report, "tuned", "same_word")
    accuracy = _value(report, "tuned", "accuracy")
    assert (value.value, value.interval) == (accuracy.value, accuracy.interval)
    assert (value.title, value.unit, value.interval.method) == ("Same word", "share", "wilson")
    assert value.citation.startswith("grader string_check: 1 where")
    assert (report.headline, report.primary_metric) == (before.headline, "accuracy")
    scores = run_dir.read_scores("tuned", "test")
    assert [score.grades["same_word"] for score in scores] == [score.raw for score in scores]
    assert _value(report, "linear", "same_word").value is not None


def test_grades_are_kept_and_those_of_other_answers_are_not_told(run_dir, files, within):
    evaluate(run_dir.path, graders=files(EXACT), within=within)
    paths = sorted((run_dir.path / "scores" / "graders").iterdir())
    written = [path.stat().st_mtime_ns for path in paths]
    assert _value(evaluate(run_dir.path), "tuned", "same_word").value is not None
    evaluate(run_dir.path, graders=files(EXACT), within=within)
    assert [path.stat().st_mtime_ns for path in paths] == written
    run_dir.save_predictions("tuned", "test", run_dir.read_predictions("base", "test"))
    report = evaluate(run_dir.path)
    assert _value(report, "tuned", "same_word").value is None
    assert _value(report, "base", "same_word").value is not None
    assert any("same_word: the answers of tuned are others" in note for note in report.notes)


def test_a_function_of_ones_own_grades_and_its_faults_are_told_once(run_dir, tmp_path, within):
    source = (
        "def short(sample, item):\n    return 1 / (item['reference'] != 'positive') * len(item['messages'])\n"
    )
    (tmp_path / "mine.py").write_text(source)
    report = evaluate(run_dir.path, graders=[f"{tmp_path / 'mine.py'}:short"], within=within)
    rows = run_dir.read_rows("test")
    right = [len(row.prompt) if row.reference != "positive" else 0 for row in rows]
    assert _value(report, "tuned", "mine_short").value == pytest.approx(sum(right) / len(rows))
    (note,) = (note for note in report.notes if note.startswith("mine_short"))
    assert "python_grader_runtime_error" in note and "ZeroDivisionError: division by zero (line 2)" in note
    errors = {one.model: one.errors for one in report.graders}
    assert errors["tuned"] == {
        "python_grader_runtime_error": sum(row.reference == "positive" for row in rows)
    }


def test_a_grader_in_the_run_directory_of_others_is_never_run(run_dir, files, within, tmp_path):
    mark = tmp_path / "ran"
    evaluate(run_dir.path, graders=files(EXACT), within=within)
    path = run_dir.grades_path("same_word", "tuned", "test")
    hostile = {"type": "python", "name": "Same word", "source": f"open({str(mark)!r}, 'w')"}
    write_file(path, json.dumps({**json.loads(path.read_text()), "definition": hostile}))
    evaluate(run_dir.path)
    assert not mark.exists()


def test_a_model_judges_once_and_a_repeat_spends_nothing(run_dir, files, within, told, monkeypatch):
    monkeypatch.setenv("LAB_KEY", "sk-very-secret")
    options = {"endpoint_key_env": "LAB_KEY", "price_in": 1.0, "price_out": 1.0, "max_cost_usd": 5.0}
    with stand_in_endpoint(_judge) as stand_in:
        options["endpoint"] = stand_in.url
        report = evaluate(run_dir.path, graders=files(JUDGE), judge=options, within=within)
        num_asked = len(stand_in.asked)
        again = evaluate(run_dir.path, graders=files(JUDGE), judge=options, within=within)
        assert len(stand_in.asked) == num_asked
        assert set(stand_in.keys) == {"Bearer sk-very-secret"}
    pairs = {(one.example_id, one.output) for model in ("tuned", "base", "base_few_shot")
             for one in run_dir.read_predictions(model, "test")}  # fmt: skip
    assert num_asked == len(pairs)
    accuracy = _value(report, "tuned", "accuracy").value
    assert _value(report, "tuned", "judge").value == pytest.approx(accuracy + 0.25 * (1 - accuracy))
    assert _value(report, "tuned", "judge_passed").value == accuracy
    assert _value(report, "majority", "judge").value is None
    assert again == report
    assert told[0].startswith("judge big at http://127.0.0.1")
    assert "will be asked, at most" in told[0] and "USD" in told[0]
    kept = [path for path in run_dir.path.parent.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"sk-very" in path.read_bytes()]


def test_no_model_is_asked_by_default(run_dir, files, within):
    with pytest.raises(InputError) as caught:
        evaluate(run_dir.path, graders=files(EXACT, JUDGE), within=within)
    assert (caught.value.code, caught.value.location) == ("judge_missing", "--endpoint")
    assert not (run_dir.path / "scores" / "graders").exists()


def test_a_judge_stops_before_its_cap_and_goes_on_from_there(run_dir, files, within):
    options = {"price_in": 1.0, "price_out": 1.0, "num_at_once": 1}
    definition = {**JUDGE, "sampling_params": {"max_completions_tokens": 100}}
    with stand_in_endpoint(_judge) as stand_in:
        options["endpoint"] = stand_in.url
        with pytest.raises(RunError) as caught:
            evaluate(
                run_dir.path,
                graders=files(definition),
                judge=options | {"max_cost_usd": 0.0005},
                within=within,
            )
        assert caught.value.code == "cost_cap_reached"
        assert not (run_dir.path / "scores" / "graders").exists()
        num_asked = len(stand_in.asked)
        assert num_asked > 0
        evaluate(run_dir.path, graders=files(definition), judge=options, within=within)
        asked = [request["messages"][-1]["content"] for request in stand_in.asked]
    assert len(asked) == len(set(asked)) > num_asked


def test_what_a_service_failed_to_judge_is_counted_and_asked_again(run_dir, files, within):
    def fail_some(request):
        is_bad = request["messages"][-1]["content"].startswith("Snippet 1:")
        return Reply(400, {"error": "no"}) if is_bad else _judge(request)

    with stand_in_endpoint(fail_some) as stand_in:
        options = {"endpoint": stand_in.url}
        report = evaluate(run_dir.path, graders=files(JUDGE), judge=options, within=within)
        errors = next(one.errors for one in report.graders if one.model == "tuned")
        assert errors == {"model_grader_server_error": 1}
        stand_in.answer = _judge
        report = evaluate(run_dir.path, graders=files(JUDGE), judge=options, within=within)
    assert not any(one.errors for one in report.graders)


def test_ctrl_c_keeps_the_replies_and_says_so(run_dir, files, told):
    def tell(news):
        told.append(news)
        if len(told) == 4:
            raise KeyboardInterrupt

    with stand_in_endpoint(_judge) as stand_in:
        options = {"endpoint": stand_in.url, "num_at_once": 1}
        within = Surroundings(target=LocalTarget(), tell=tell)
        with pytest.raises(Interrupted):
            evaluate(run_dir.path, graders=files(JUDGE), judge=options, within=within)
        evaluate(run_dir.path, graders=files(JUDGE), judge=options, within=within)
        asked = [request["messages"][-1]["content"] for request in stand_in.asked]
    assert len(asked) == len(set(asked))


@pytest.fixture
def answered(tmp_path):
    """Write rows with what people said of the answers, and the answers of two models."""
    rows = write_test(tmp_path / "test.jsonl")
    right = [label for _, label in REVIEWS]
    outputs = {"good": right, "poor": ["positive"] * len(right)}
    for model, answers in outputs.items():
        table = [{"id": f"r{n}", "answer": answer} for n, answer in enumerate(answers)]
        write_table(tmp_path / f"{model}.csv", table)
    return {"run": [tmp_path / "good.csv", tmp_path / "poor.csv"], "against": rows}


def test_answers_made_elsewhere_are_graded_and_a_grader_may_be_the_headline(
    answered, files, within, runs_dir
):
    graders = files(EXACT)
    report = evaluate(
        **answered, graders=graders, primary_metric="same_word", num_resamples=200, within=within
    )
    assert report.primary_metric == "same_word"
    assert report.headline.startswith("good reaches same word 1.00")
    assert report.comparisons[0].test == "exact McNemar"
    (folder,) = (path for path in runs_dir.iterdir() if path.name[0] != ".")
    assert "good.same_word" in (folder / "items.csv").read_text().splitlines()[0].split(",")
    assert "Same word" in RunDir(folder).report_path.read_text()
    assert evaluate(folder).headline == report.headline


def test_two_models_are_compared_in_both_orders_by_a_judge(answered, files, within):
    def prefer_the_first(request):
        return completion('{"result": "first"}')

    with stand_in_endpoint(prefer_the_first) as stand_in:
        report = evaluate(
            **answered,
            graders=files(DUEL),
            judge={"endpoint": stand_in.url},
            num_resamples=200,
            within=within,
        )
        num_differing = sum(label != "positive" for _, label in REVIEWS)
        assert len(stand_in.asked) == 2 * num_differing
    assert _value(report, "poor", "duel").value == 0.5
    assert _value(report, "good", "duel").value is None
    (result,) = report.graders
    assert (result.model, result.num_split) == ("poor", num_differing)
    assert any("by the order in which it read" in note for note in report.notes)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("none.json", None, "grader_unreadable"),
        ("bad.json", "{", "grader_unreadable"),
        ("list.json", "[1]", "grader_invalid"),
        ("taken.json", json.dumps({**EXACT, "name": "accuracy"}), "grader_invalid"),
        ("nameless.json", json.dumps({**EXACT, "name": "…"}), "grader_invalid"),
        ("twice.json", json.dumps([EXACT, {**EXACT, "name": "same-word"}]), "grader_invalid"),
        ("kind.json", json.dumps({**EXACT, "type": "string_chek"}), "unknown_grader"),
        ("syntax.py", "def grade(sample, item)", "grader_invalid"),
    ],
)
def test_a_file_that_is_no_grader_is_refused_before_anything_happens(tmp_path, name, text, code):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_graders([tmp_path / name])
    assert caught.value.code == code


def test_the_verb_shows_graders_beside_the_headline(run_dir, files, capsys):
    assert call(["evaluate", str(run_dir.path), "--grader", str(files(EXACT)[0])]) == 0
    shown = capsys.readouterr().out
    assert "grader" in shown and "Same word" in shown


def test_the_body_of_a_request_to_validate_is_a_grader_too(files):
    (grader,) = read_graders(files({"grader": EXACT}))
    assert grader.name == "Same word"


def test_scores_written_before_graders_are_read(run_dir):
    evaluate(run_dir.path)
    path = run_dir.item_scores_path("tuned", "test")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(line.pop("grades") == {} for line in lines)
    path.write_bytes(encode_lines(lines))
    assert run_dir.read_scores("tuned", "test")[0].grades == {}


def test_a_grader_that_fails_on_every_answer_is_no_finding(run_dir, tmp_path, within):
    broken = tmp_path / "broken.py"
    broken.write_text("def grade(sample, item):\n    return item['refrence']\n")
    with pytest.raises(InputError, match=r"could grade none of .*refrence") as caught:
        evaluate(run_dir.path, graders=[broken], within=within)
    assert caught.value.code == "grader_fails"
    assert not run_dir.read_grades("test")
