"""Every verb, typed as a user would, with a scripted worker and without torch."""

import json
import os
import stat

import pytest

from aliquot.config.given import load_given
from aliquot.errors import MachineError, ModelError
from tests.fixtures.scripted import ScriptedTarget, dies, stops_when_asked

QUICK = ("--num-epochs", "1", "--set", "num_resamples=200")


def test_run_ends_with_scores_and_the_path_of_the_report(aliquot, target, data, places):
    code, out, err = aliquot("run", data, *QUICK)
    assert code == 0, err
    (run_dir,) = (places / "runs").iterdir()
    assert str(run_dir / "report.html") in out.replace("\n", "").replace(" ", "")
    assert "tuned" in out and "majority class" in out
    assert "✓ Training" in err


def test_run_with_json_prints_one_document_and_nothing_else(aliquot_json, target, data):
    code, document = aliquot_json("run", data, *QUICK)
    assert code == 0
    assert document["state"] == "finished"
    assert {result["model"] for result in document["evaluation"]["results"]} >= {"tuned", "base", "majority"}


def test_a_dry_run_shows_the_plan_and_creates_nothing(aliquot, target, data, places):
    code, out, _ = aliquot("run", data, "--dry-run", "--time-budget", "2m")
    assert code == 0
    assert "train.time_budget_s  120 s  you" in out
    assert not (places / "runs").exists()


def test_two_bases_are_compared(aliquot_json, target, data):
    bases = ("--base", "smollm2-135m-instruct", "--base", "smollm2-360m-instruct")
    code, document = aliquot_json("run", data, *bases, *QUICK)
    assert code == 0
    assert [model["name"] for model in document["models"]] == [
        "smollm2-135m-instruct (tuned)",
        "smollm2-360m-instruct (tuned)",
    ]
    assert document["report"]["comparisons"][0]["p_value"] == 1.0


def test_an_interrupted_run_tells_how_to_resume_and_resumes(aliquot, target, data, monkeypatch):
    monkeypatch.setattr("aliquot.compute.targets.local.TARGET", ScriptedTarget(dies))
    code, _, err = aliquot("run", data, *QUICK)
    assert code == 5
    assert "aliquot resume /" in " ".join(err.split()) and "out of memory" in err
    assert "interrupted" in aliquot("runs", "list")[1]
    monkeypatch.setattr("aliquot.compute.targets.local.TARGET", target)
    assert aliquot("resume", "last")[0] == 0
    assert "finished" in aliquot("runs", "list")[1]


def test_check_shows_splits_and_findings(aliquot, data):
    code, out, _ = aliquot("check", data)
    assert code == 0
    assert out.startswith("! Fit for training: no errors, 1 warning")
    assert "60 rows, all usable" in out
    assert "models fetch" in out


def test_check_with_json_is_the_same_report(aliquot_json, data):
    code, document = aliquot_json("check", data)
    assert (code, document["num_examples"]) == (0, 60)


def test_data_show_shows_tokens_and_writes_a_page(aliquot, aliquot_json, target, data, places):
    assert aliquot("data", "show", data)[0] == 4, "no base model is here"
    aliquot("models", "fetch", "smollm2-135m-instruct")
    code, out, err = aliquot("data", "show", data, "--line", "5", "--html", "row.html")
    assert code == 0, err
    assert "line 5" in out and "⟦" in out and "row.html" in err
    assert (places / "row.html").read_text().startswith("<!doctype html>")
    code, (document,) = aliquot_json("data", "show", data, "--rows", "1")
    tokens = document["sequences"][0]["tokens"]
    assert {"id", "text", "is_trained", "is_control", "role"} == set(tokens[0])
    assert aliquot("data", "show", data, "--id", document["example_id"][:12], "--line", "5")[0] == 2
    assert aliquot("data", "show", data, "--line", "500")[0] == 2


def test_check_exits_with_2_when_a_finding_forbids_training(aliquot, places):
    (places / "one.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    code, out, err = aliquot("check", "one.jsonl")
    assert (code, err) == (2, "")
    assert out.startswith("✗ Not yet: 2 errors")


def test_check_writes_its_page_and_its_cards_when_asked(aliquot, data, places):
    code, _, err = aliquot("check", data, "--html", "check.html", "--card", "card")
    assert code == 0
    assert err == "written  check.html\nwritten  card\n"
    assert (places / "check.html").is_file() and (places / "card" / "data_card.md").is_file()


def test_check_never_replaces_the_data_by_its_page(aliquot, data):
    code, _, err = aliquot("check", data, "--html", data)
    assert code == 2 and "not touched" in err


def test_plan_exports_settings_that_load_again(aliquot, target, data, places):
    path = places / "settings.yaml"
    code, out, _ = aliquot("plan", data, "--seed", "7", "--set", "lora_alpha=64", "--export", path)
    assert code == 0
    assert "train.seed  7  you" in out
    assert load_given(path).settings.train.lora_alpha == 64
    assert "train.seed  7  file" in aliquot("plan", data, "--config", path)[1]
    assert "train.seed  8  you" in aliquot("plan", data, "--config", path, "--seed", "8")[1]
    assert aliquot("plan", data, "--export", path)[0] == 2, "a file is never overwritten"


def test_train_then_predict_then_evaluate_then_report(aliquot, aliquot_json, target, data):
    code, document = aliquot_json("train", data, *QUICK)
    assert (code, document["evaluation"]) == (0, None)
    assert aliquot("predict", "last", "--model", "tuned")[0] == 0
    assert target.started[-1][-2:] == ["--stages", "predict:tuned"]
    code, _, err = aliquot("evaluate", "last")
    assert code == 0, err
    assert "report.html" in aliquot("report", "last", "--only", "report_html")[1]


def test_runs_are_listed_shown_and_deleted(aliquot, aliquot_json, target, data, places):
    assert aliquot("runs", "list")[1].strip() == "None yet."
    aliquot("run", data, *QUICK)
    assert [one["state"] for one in aliquot_json("runs", "list")[1]] == ["finished"]
    assert "again" in aliquot("runs", "show", "last")[1]
    assert aliquot("runs", "show", "last", "--yaml")[1].startswith("train:\n  num_epochs: 1")
    code, _, err = aliquot("runs", "delete", "last")
    assert code == 2 and "--yes" in err
    assert aliquot_json("runs", "delete", "last", "--yes")[0] == 0
    assert list((places / "runs").iterdir()) == []


def test_models_are_listed_fetched_and_shown(aliquot, aliquot_json, target):
    assert "gated" in aliquot("models", "list")[1]
    assert aliquot_json("models", "fetch", "smollm2-135m-instruct")[1]["summary"]["is_here"] is True
    assert "tokenizer" not in aliquot("models", "show", "qwen3-8b")[1]
    assert "model.safetensors" in aliquot("models", "show", "smollm2-135m-instruct")[1]


def test_a_run_at_work_is_cancelled(aliquot, aliquot_json, monkeypatch, target, data):
    monkeypatch.setattr("aliquot.compute.targets.local.TARGET", ScriptedTarget(dies))
    aliquot("run", data, *QUICK)
    monkeypatch.setattr("aliquot.compute.targets.local.TARGET", ScriptedTarget(stops_when_asked))
    code, document = aliquot_json("cancel", "last")
    assert (code, document[0]["state"]) == (0, "cancelled")
    code, _, err = aliquot("resume", "last")
    assert code == 5 and "aliquot run" in err


def test_chat_answers_one_message(aliquot, aliquot_json, target):
    assert aliquot("chat", "smollm2-135m-instruct", "-m", "hello there")[1] == "hello there \n"
    assert aliquot_json("chat", "smollm2-135m-instruct", "-m", "hello")[1]["answer"] == "hello "
    assert aliquot_json("chat", "smollm2-135m-instruct")[0] == 2


def test_chat_goes_on_until_an_empty_line(aliquot, target, monkeypatch):
    lines = iter(["one", "two", ""])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    assert aliquot("chat", "smollm2-135m-instruct")[1] == "one \ntwo \n"


def test_doctor_exits_with_3_when_the_machine_is_not_fit(aliquot, aliquot_json, target, monkeypatch):
    monkeypatch.setattr("aliquot.workflows.doctor.MIN_MEMORY_BYTES", 2**80)
    code, out, _ = aliquot("doctor")
    assert code == 3
    assert "Close other programs" in out
    assert aliquot_json("doctor")[0] == 3


class TestBadInput:
    """One clear message, a non-zero exit, nothing half-made, no traceback."""

    @pytest.fixture
    def fails(self, aliquot, target, places):
        def type_(*words):
            code, out, err = aliquot("run", *words)
            assert code != 0 and out == ""
            assert "Error: " in err and "  next   " in err and "Traceback" not in err
            assert not list((places / "runs").glob("*")), "nothing half-made stays"
            return code, " ".join(err.split())

        return type_

    def test_an_empty_file(self, fails, places):
        (places / "empty.jsonl").write_text("")
        assert fails("empty.jsonl")[0] == 2

    def test_a_file_that_is_something_else(self, fails, places):
        (places / "page.jsonl").write_text("<html><body>no</body></html>\n" * 20)
        assert fails("page.jsonl")[0] == 2

    def test_a_missing_field(self, fails, places, data):
        lines = (places / "reviews.jsonl").read_text().splitlines()
        lines[4] = json.dumps({"mesages": []})
        (places / "bad.jsonl").write_text("\n".join(lines) + "\n")
        code, err = fails("bad.jsonl")
        assert code == 2 and "bad.jsonl:5" in err

    def test_a_wrong_split_word(self, fails, places, data):
        lines = [
            json.loads(line) | {"split": "trian"}
            for line in (places / "reviews.jsonl").read_text().splitlines()
        ]
        (places / "bad.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
        code, err = fails("bad.jsonl")
        assert code == 2 and "trian" in err

    def test_an_unknown_model(self, fails, data):
        code, err = fails(data, "--base", "smollm2-135-instruct")
        assert code == 2 and "smollm2-135m-instruct" in err

    def test_a_gated_model(self, fails, data, target):
        target.errors["prepare_model"] = ModelError(
            "It is gated.", code="model_gated", hint="Accept the licence."
        )
        assert fails(data, "--base", "llama-3.2-1b-instruct")[0] == 4

    def test_no_network(self, fails, data, target):
        target.errors["prepare_model"] = MachineError("No network.", code="hub_unreachable", hint="Check it.")
        assert fails(data)[0] == 3

    def test_a_setting_out_of_range(self, fails, data):
        code, err = fails(data, "--learning-rate", "-1")
        assert code == 2 and "train.learning_rate" in err

    def test_a_full_disk(self, fails, data, monkeypatch):
        def full(path):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("aliquot.core.files._sync_files", full)
        code, err = fails(data)
        assert code == 3 and "No space left" in err

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_read_only_folder(self, fails, data, places):
        places.chmod(stat.S_IRUSR | stat.S_IXUSR)
        assert fails(data)[0] == 3
        places.chmod(stat.S_IRWXU)


def test_plain_texts_are_checked_and_are_no_answers_to_score(aliquot, target, places):
    texts = places / "texts.jsonl"
    texts.write_text("".join(f'{{"text": "Text number {n}."}}\n' for n in range(200)))
    code, printed, _ = aliquot("check", texts)
    assert code == 0
    assert "plain texts" in printed
    answers = places / "answers.jsonl"
    answers.write_text('{"answer": "a"}\n')
    code, _, err = aliquot("evaluate", answers, "--against", texts)
    assert code == 2
    assert "answers are scored on conversations" in " ".join(err.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n \n", "blank"),
        ("One short paragraph.\n", "There is too little text: it makes 1 document"),
    ],
)
def test_a_text_with_too_little_in_it_is_refused(aliquot, target, places, text, message):
    notes = places / "notes.txt"
    notes.write_text(text)
    code, _, err = aliquot("run", notes)
    assert code == 2
    assert message in " ".join(err.split())


def test_data_convert_says_what_was_written(aliquot, aliquot_json, data, places):
    out = places / "rows.csv"
    code, printed, err = aliquot("data", "convert", data, out)
    assert code == 0, err
    assert "none left behind" in printed
    assert out.read_text().startswith("system,prompt,completion,split")
    assert aliquot("data", "convert", data, out)[0] == 2
    code, document = aliquot_json("data", "convert", data, out, "--force")
    assert (code, document["format"]) == (0, "csv_table")
