"""``aliquot evaluate --against``, typed as a user would."""

from tests.fixtures.answer_files import REVIEWS, write_table, write_test


def _answers(path, **columns):
    return write_table(
        path, [{"nr": f"r{number}", "gpt": label} for number, (_, label) in enumerate(REVIEWS)]
    )


def test_two_files_are_compared_in_one_table(aliquot, tmp_path):
    against = write_test(tmp_path / "test.jsonl")
    files = [_answers(tmp_path / "one.csv"), _answers(tmp_path / "two.csv")]
    named = ("--id-column", "nr", "--answer-column", "gpt", "--name", "gpt-4o", "--name", "llama")
    code, out, err = aliquot("evaluate", *files, "--against", against, *named, "--set", "num_resamples=200")
    assert code == 0, err
    assert "gpt-4o minus this" in out and "llama" in out
    assert "12 by the field id of the rows" in " ".join(err.split())
    code, out, _ = aliquot("runs", "show", "last")
    assert code == 0 and "gpt-4o (answers made elsewhere)" in out
    assert "gpt-4o" in aliquot("runs", "list")[1]


def test_json_prints_the_report_alone(aliquot_json, tmp_path):
    against, file = write_test(tmp_path / "test.jsonl"), _answers(tmp_path / "one.csv")
    code, document = aliquot_json(
        "evaluate",
        file,
        "--against",
        against,
        "--answer-column",
        "gpt",
        "--id-column",
        "nr",
        "--set",
        "num_resamples=200",
    )
    assert code == 0 and document["results"][0]["primary"]["value"] == 1.0


def test_what_only_files_take_is_refused_for_a_run(aliquot):
    code, _, err = aliquot("evaluate", "last", "--answer-column", "gpt")
    assert code == 2 and "--answer-column" in err and "--against" in err


def test_an_unknown_way_with_missing_answers_is_refused(aliquot, tmp_path):
    file = _answers(tmp_path / "one.csv")
    code, _, err = aliquot(
        "evaluate", file, "--against", write_test(tmp_path / "t.jsonl"), "--missing", "skip"
    )
    assert code == 2 and "expected refuse or wrong" in err
