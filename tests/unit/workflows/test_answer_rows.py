import csv
import json

import pytest

from aliquot.config.places import models_dir
from aliquot.core.answer_source import AnswerSource
from aliquot.core.records import decode
from aliquot.errors import InputError, Interrupted
from aliquot.workflows.answer_rows import answer_rows
from aliquot.workflows.load import load
from tests.fixtures.scripted import Echo

BASE = "smollm2-135m-instruct"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(Echo, "num_batches", 0)


@pytest.fixture
def tuned_run(fixture_run, tmp_path, monkeypatch):
    monkeypatch.setattr("aliquot.workflows.load.get_model_dir", lambda run_dir: tmp_path)
    fixture_run.adapter_dir.mkdir()
    return fixture_run


@pytest.fixture
def prompts(tmp_path):
    """70 rows: three batches of a base model. Row 5 cannot be asked."""
    path = tmp_path / "new.csv"
    texts = [f"row {number}" if number != 5 else "" for number in range(70)]
    path.write_text("id,prompt,status\n" + "".join(f"{n},{text},old\n" for n, text in enumerate(texts)))
    return path


def test_a_model_answers_texts_messages_and_a_file_from_one_process(surround, prompts):
    within = surround()
    with load(BASE, within=within) as model:
        assert [one.text for one in model.answer(["a", [{"role": "user", "content": "b"}]])] == ["A", "B"]
        assert model.answer(["c"])[0].label_probabilities == {"a": 0.75, "b": 0.25}
        answers = model.answer(prompts)
    assert within.target.called.count("answer") == 1
    assert [one.text for one in answers[:2]] == ["ROW 0", "ROW 1"]
    assert (answers[5].status, answers[5].error) == ("error", "The prompt is blank.")
    assert len(answers) == 70


def test_a_lone_text_is_refused_because_it_could_be_a_file(surround):
    with load(BASE, within=surround()) as model, pytest.raises(InputError, match="a list of prompts"):
        model.answer("What?")


def test_a_run_answers_with_its_own_system_message_batch_and_longest_answer(tuned_run, surround):
    with load(tuned_run.run_id, within=surround()) as model:
        assert model.answer(["good film"])[0].status == "ok"
        spec = tuned_run.read_spec()
        assert model.batch_size == spec.prediction.batch_size
        told = model.describe()
    assert told["max_new_tokens"] == str(spec.prediction.max_new_tokens)
    assert told["system"] == "Say whether the review is positive or negative."


def test_models_that_are_shown_rows_of_the_run_answer_no_new_ones(tuned_run, surround):
    with pytest.raises(InputError, match="own rows only"):
        load(tuned_run.run_id, model="base_nearest", within=surround())


def test_every_row_is_in_the_file_with_its_own_fields_and_its_status(surround, prompts, tmp_path):
    done = answer_rows(BASE, prompts, tmp_path / "answers.csv", within=surround())
    rows = list(csv.DictReader((tmp_path / "answers.csv").read_text().splitlines()))
    assert len(rows) == done.num_rows == 70
    assert done.num_errors == 1 and done.first_error == "The prompt is blank."
    first, fifth = rows[0], rows[5]
    assert (first["id"], first["prompt"], first["answer"], first["status"]) == ("0", "row 0", "ROW 0", "ok")
    assert first["row.status"] == "old", "a field of the rows that is called like one of ours"
    assert (first["probability:a"], first["line"]) == ("0.75", "2")
    assert (fifth["answer"], fifth["status"], fifth["error"]) == ("", "error", "The prompt is blank.")
    source = decode((tmp_path / "answers.csv.source.json").read_bytes(), AnswerSource, "source")
    assert source.num_answers == 69 and source.settings["rows"] == "new.csv"
    assert not (tmp_path / "answers.csv.part").exists()


def test_json_lines_and_parquet_hold_the_same(surround, prompts, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in ("answers.jsonl", "answers.parquet"):
        answer_rows(BASE, prompts, tmp_path / name, within=surround())
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    table = parquet.read_table(tmp_path / "answers.parquet").to_pylist()
    assert [line["answer"] for line in lines] == [row["answer"] for row in table]
    assert table[0]["probability:b"] == 0.25 and lines[0]["label_probabilities"] == {"a": 0.75, "b": 0.25}
    assert table[5]["probability:b"] is None


def test_an_interrupted_file_goes_on_after_its_last_whole_batch(surround, prompts, tmp_path, monkeypatch):
    out = tmp_path / "answers.jsonl"
    monkeypatch.setattr(Echo, "interrupts_at", 2)
    with pytest.raises(Interrupted, match="Stopped after 32 of 70 rows"):
        answer_rows(BASE, prompts, out, within=surround())
    assert not out.exists()
    with (tmp_path / "answers.jsonl.part").open("a") as part:
        part.write('{"text": "torn')
    monkeypatch.setattr(Echo, "num_batches", 2)
    answer_rows(BASE, prompts, out, within=surround())
    assert Echo.num_batches == 4, "two batches were left"
    monkeypatch.setattr(Echo, "interrupts_at", -1)
    answer_rows(BASE, prompts, tmp_path / "whole.jsonl", within=surround())
    assert out.read_text() == (tmp_path / "whole.jsonl").read_text()


def test_interrupted_answers_of_another_model_are_not_gone_on_with(surround, prompts, tmp_path, monkeypatch):
    out = tmp_path / "answers.jsonl"
    monkeypatch.setattr(Echo, "interrupts_at", 2)
    with pytest.raises(Interrupted):
        answer_rows(BASE, prompts, out, within=surround())
    monkeypatch.setattr(Echo, "interrupts_at", -1)
    with pytest.raises(InputError, match="max_new_tokens was '512'; now it is '9'"):
        answer_rows(BASE, prompts, out, within=surround(), max_new_tokens=9)
    prompts.write_text(prompts.read_text().replace("row 69", "another"))
    with pytest.raises(InputError, match="rows_sha256"):
        answer_rows(BASE, prompts, out, within=surround())


def test_after_ctrl_c_the_model_answers_again(surround, monkeypatch):
    within = surround()
    with load(BASE, within=within) as model:
        monkeypatch.setattr(Echo, "interrupts_at", 1)
        with pytest.raises(KeyboardInterrupt):
            model.answer(["a"])
        assert [one.text for one in model.answer(["b"])] == ["B"], "no late answer to the first question"
    assert within.target.called.count("answer") == 2


@pytest.mark.parametrize(("name", "code"), [("a.doc", "unknown_format"), ("new.csv", "out_exists")])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_computed(
    surround, prompts, tmp_path, name, code
):
    within = surround()
    with pytest.raises(InputError) as caught:
        answer_rows(BASE, prompts, tmp_path / name, within=within)
    assert caught.value.code == code
    assert within.target.called == []


def test_the_time_left_is_told(surround, prompts, tmp_path, told, clock):
    within = surround()
    moving = type(within)(
        target=within.target,
        tell=told.append,
        now=lambda: (clock.sleep(6), clock.now())[1],
        sleep=clock.sleep,
    )
    answer_rows(BASE, prompts, tmp_path / "answers.csv", within=moving)
    assert any("32 of 70 rows answered" in getattr(news, "what", "") and "left" in news.what for news in told)


def test_a_base_model_is_prepared_when_it_is_not_there(surround):
    within = surround()
    load(BASE, within=within)
    assert within.target.called == ["prepare_model"]
    assert models_dir().is_dir()
