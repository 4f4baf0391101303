"""``aliquot predict --prompts``, typed as a user would."""

import pytest

BASE = "smollm2-135m-instruct"


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("formula,T\nCaO,300\nMgO,310\n")
    return path


def test_new_rows_are_answered_and_the_file_is_named(aliquot, target, prompts, tmp_path):
    asked = ("--prompts", prompts, "--prompt-column", "is {formula} stable at {T}?", "--out", "answers.jsonl")
    code, out, err = aliquot("predict", BASE, *asked)
    assert code == 0, err
    assert "2 of 2 rows answered" in out and "answers.jsonl.source.json" in out
    assert "IS CAO STABLE AT 300?" in (tmp_path / "answers.jsonl").read_text()


def test_json_prints_the_record_alone(aliquot_json, target, prompts):
    asked = ("--prompts", prompts, "--prompt-column", "formula", "--out", "answers.csv")
    code, document = aliquot_json("predict", BASE, *asked)
    assert code == 0 and document["num_rows"] == 2 and document["num_errors"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prompts", "new.csv"), "belong together"),
        (("--prompts", "new.csv", "--out", "a.csv", "--split", "train"), "Found --split"),
        (("--prompts", "new.csv", "--out", "a.csv", "--as", "x"), "Found --as"),
        (("--prompts", "new.csv", "--out", "a.csv", "--model", "base", "--checkpoint", "1"), "base, 1"),
        (("--system", "Be brief."), "Found --system, but --prompts is not given"),
        (("--prompts", "new.csv", "--out", "a.csv"), "No column is known to be the prompt"),
        (("--prompts", "new.csv", "--out", "a.csv", "--model", "step-1"), "is no run"),
    ],
)
def test_what_does_not_fit_is_refused(aliquot, target, prompts, words, said):
    code, _, err = aliquot("predict", BASE, *words)
    assert code == 2 and said in " ".join(err.split())
