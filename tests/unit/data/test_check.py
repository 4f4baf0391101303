"""Whole files, from bytes to report. Worked figures are counted by hand in ``SMALL``."""

import gzip
import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import DataReport
from aliquot.core.records import decode, encode, sha256_file, sha256_of
from aliquot.data.check import add_tokens, check_data
from aliquot.errors import AliquotError, InputError
from aliquot.tokenization.encoder import Encoder
from tests.fixtures.encoders import make_encoder
from tests.unit.data.rows import chat_line, write_lines

# 24 rows: 16 TRAIN, 8 TEST. Prompts p0..p13 in train, p12 and p13 twice; p12 with two answers.
# Test: p0 and p1 stand in train verbatim, p1 with another answer; t0..t5 are new.
SMALL = [
    *[chat_line(f"p{i}", "high" if i % 2 else "low", split="TRAIN") for i in range(14)],
    chat_line("p12", "high", split="TRAIN"),
    chat_line("p13", "high", split="TRAIN"),
    chat_line("p0", "low", split="TEST"),
    chat_line("p1", "low", split="TEST"),
    *[chat_line(f"t{i}", "high" if i % 2 else "low", split="TEST") for i in range(6)],
]


@pytest.fixture
def small(tmp_path):
    return write_lines(tmp_path / "small.jsonl", SMALL)


def test_a_file_with_its_own_split_is_reported_as_it_is(small):
    report = check_data(small, DataSettings(validation_fraction=0.0)).report
    assert (report.num_rows, report.num_examples) == (24, 24)
    assert [(item.split, item.num_examples) for item in report.splits] == [("train", 16), ("test", 8)]
    assert report.get_split("test").label_counts == {"high": 3, "low": 5}
    assert report.task.task_type == "labels"
    assert (report.overlap.test_prompts_in_train, report.overlap.conflicting_prompts) == (2, 2)
    assert report.overlap.accuracy_ceiling == 1.0
    assert report.detectable.num_items == 8
    assert report.file_sha256 == sha256_file(small)
    assert not report.has_errors


def test_ids_lead_back_to_lines_and_their_hash_is_stored(small):
    checked = check_data(small, DataSettings(validation_fraction=0.0))
    test = checked.examples["test"]
    lines = small.read_text().splitlines()
    assert all(item.reference in lines[item.line - 1] for item in test)
    expected = sha256_of(sorted(item.example_id for item in test))
    assert checked.report.get_split("test").ids_sha256 == expected


def test_the_report_survives_being_stored(small):
    report = check_data(small, DataSettings()).report
    assert decode(encode(report), DataReport, "x") == report


def test_every_error_is_collected_and_nothing_is_dropped_unsaid(tmp_path):
    bad = [
        "{",
        '{"messages": 1}',
        chat_line("p", ""),
        chat_line("p", "a", split="nope"),
        "",
        chat_line("p", ""),
    ]
    report = check_data(write_lines(tmp_path / "rows", [*SMALL, *bad]), DataSettings()).report
    errors = {item.code: (item.count, item.lines) for item in report.findings if item.severity == "error"}
    assert errors == {
        "invalid_json": (1, (25,)),
        "invalid_messages": (1, (26,)),
        "empty_answer": (2, (27, 30)),
        "unknown_split": (1, (28,)),
    }
    assert report.has_errors
    assert (report.num_rows, report.num_examples) == (29, 24)


def test_a_truncated_gzip_is_an_error_of_the_file(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(SMALL * 50).encode(), mtime=0)[:-10])
    report = check_data(path, DataSettings()).report
    assert report.findings[0].code in ("truncated_archive", "damaged_archive")
    assert report.findings[0].severity == "error"


def test_a_file_without_one_good_row_is_still_reported(tmp_path):
    report = check_data(write_lines(tmp_path / "rows", ['{"messages": []}'] * 3), DataSettings()).report
    assert (report.num_rows, report.num_examples, report.splits) == (3, 0, ())
    assert report.detectable is None
    assert report.has_errors


def test_the_user_may_say_what_the_answers_are(small):
    assert check_data(small, DataSettings(), task_type="text").report.task.task_type == "text"


LINES = st.one_of(
    st.builds(chat_line, st.sampled_from("abcdefgh"), st.sampled_from(["x", "y", ""])).map(str.encode),
    st.builds(lambda split: chat_line("p", "a", split=split), st.sampled_from(["train", "TEST", "odd"])).map(
        str.encode
    ),
    st.sampled_from(
        [b"", b" ", b"{}", b"[]", b'{"messages": [{}]}', b"\xff", b'{"messages": [{"role": "user"']
    ),
)


@given(st.lists(LINES, min_size=1, max_size=10))  # ten lines are listed
def test_every_row_is_an_example_or_an_error(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_bytes(b"\n".join(lines))
    try:
        checked = check_data(path, DataSettings(format="chat_jsonl"))
    except AliquotError as error:
        assert error.code == "file_empty"
        return
    report = checked.report
    assert report.num_rows == sum(bool(line.strip()) for line in lines)
    assert report.num_examples == sum(len(rows) for rows in checked.examples.values())
    bad = {
        line
        for item in report.findings
        if item.severity == "error" and item.code not in ("split_missing", "no_test", "too_few_examples")
        for line in item.lines
    }
    assert report.num_rows == report.num_examples + len(bad)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_our_own_errors(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "rows"
    path.write_bytes(data)
    for name in (None, "chat_jsonl", "prompt_completion", "csv_table"):
        try:
            check_data(path, DataSettings(format=name))
        except AliquotError as error:
            assert error.message
            assert error.code


@given(
    st.binary(max_size=120),
    st.sampled_from([b"text,label\n", b"prompt\tcompletion\n", b'{"messages": ', b"\x1f\x8b"]),
)
def test_bytes_after_a_plausible_start_raise_nothing_else_either(tmp_path_factory, data, start):
    test_arbitrary_bytes_raise_nothing_but_our_own_errors.hypothesis.inner_test(
        tmp_path_factory, start + data
    )


def test_a_thousand_rows_take_a_fraction_of_a_second(tmp_path):
    path = write_lines(tmp_path / "rows", (chat_line(f"prompt {i} " * 20, f"a{i % 5}") for i in range(1000)))
    started = time.process_time()
    check_data(path, DataSettings())
    assert time.process_time() - started < 0.3


def test_checking_loads_no_heavy_library():
    heavy = "('torch', 'transformers', 'scipy', 'sklearn', 'rapidfuzz', 'rdkit', 'huggingface_hub')"
    code = f"import sys, aliquot.data.check; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


BAD = [
    chat_line("a", "x"),
    json.dumps({"mesages": [{"role": "Human", "content": "b"}, {"role": "assistant", "content": "y"}]}),
    json.dumps({"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": ""}]}),
    "{",
    *[chat_line(f"p{index}", "xy"[index % 2]) for index in range(20)],
]


def test_rows_are_mended_and_left_out_only_when_asked_for(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", BAD)
    plain = check_data(path, DataSettings())
    assert plain.report.has_errors
    assert plain.changes == ()
    cured = check_data(path, DataSettings(remedies=["repair_rows", "drop_invalid"]))
    assert not cured.report.has_errors
    assert (cured.report.num_rows, cured.report.num_examples) == (24, 22)
    done = [(change.line, change.action) for change in cured.changes]
    assert done == [(2, "mended"), (2, "mended"), (3, "left_out"), (4, "left_out")]
    assert "The row was left out, as asked for (drop_invalid)." in str(cured.report.findings)


def test_errors_of_rows_name_their_remedies(tmp_path):
    report = check_data(write_lines(tmp_path / "rows.jsonl", BAD), DataSettings()).report
    remedies = {finding.code: finding.remedies for finding in report.findings}
    assert remedies["missing_messages"] == ("repair_rows", "drop_invalid")
    assert remedies["empty_answer"] == ("drop_invalid",)


def test_plain_texts_are_compared_by_themselves_and_have_no_accuracy(tmp_path):
    texts = [json.dumps({"text": f"A text about item {index}."}) for index in range(300)]
    report = check_data(write_lines(tmp_path / "texts.jsonl", [*texts, texts[0]]), DataSettings()).report
    assert (report.overlap.test_prompts_in_train, report.overlap.conflicting_prompts) == (0, 0)
    assert report.overlap.accuracy_ceiling == 1.0
    assert report.detectable is None
    assert {"test_prompt_in_train", "conflicting_answers"}.isdisjoint(item.code for item in report.findings)


def test_plain_texts_are_documents_that_nobody_answers(tmp_path):
    texts = [json.dumps({"text": f"A text about item {index}."}) for index in range(60)]
    path = write_lines(tmp_path / "texts.jsonl", texts)
    task = check_data(path, DataSettings()).report.task
    assert (task.task_type, task.labels, task.set_by) == ("document", (), "rule")
    with pytest.raises(InputError, match="plain texts, which have no answers"):
        check_data(path, DataSettings(), task_type="labels")
    answered = write_lines(tmp_path / "rows.jsonl", [chat_line(f"p{index}", "x") for index in range(20)])
    with pytest.raises(InputError, match="the rows are conversations"):
        check_data(answered, DataSettings(), task_type="document")


def test_texts_among_conversations_are_an_error(tmp_path):
    rows = [chat_line(f"p{index}", "x") for index in range(20)]
    rows.append(json.dumps({"messages": [{"role": "text", "content": "A text."}]}))
    report = check_data(write_lines(tmp_path / "rows.jsonl", rows), DataSettings()).report
    assert "texts_and_conversations" in {one.code for one in report.findings if one.severity == "error"}


def test_a_blank_text_is_an_error(tmp_path):
    texts = [json.dumps({"text": f"Text {index}."}) for index in range(30)]
    report = check_data(write_lines(tmp_path / "t.jsonl", [*texts, '{"text": " "}']), DataSettings()).report
    [error] = [one for one in report.findings if one.severity == "error"]
    assert (error.code, error.lines) == ("empty_answer", (31,))


def test_windows_are_counted_as_rows(tmp_path, prepared_dir):
    texts = [json.dumps({"text": f"Text {index}. " + "zinc and copper " * 10}) for index in range(30)]
    checked = check_data(write_lines(tmp_path / "t.jsonl", texts), DataSettings())
    counted = add_tokens(checked, Encoder.load(prepared_dir), base="tiny", max_seq_len=16).report
    for split in counted.splits:
        assert split.tokens.num_cut == split.num_examples
        assert split.num_rows == split.tokens.num_windows > 2 * split.num_examples
        assert split.tokens.rows.longest == 16
        assert split.tokens.num_trained_tokens == split.tokens.num_tokens - split.tokens.num_windows
    [note] = [one for one in counted.findings if one.code == "texts_cut"]
    assert "30 of 30 texts are longer than a window of 16 tokens" in note.message


def test_a_folder_of_texts_is_read_and_beside_rows_texts_are_left_aside(tmp_path):
    for index in range(40):
        (tmp_path / f"{index:02}.txt").write_text("One paragraph.\n\n" * 200)
    (tmp_path / "README.md").write_text("What these are.")
    assert check_data(tmp_path, DataSettings()).report.num_examples == 40
    write_lines(tmp_path / "rows.jsonl", [chat_line(f"p{index}", "x") for index in range(20)])
    assert check_data(tmp_path, DataSettings()).report.num_examples == 20


def test_three_hundred_files_are_one_data_set(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    for index in range(300):
        write_lines(folder / f"{index:03}.jsonl", [chat_line(f"p{index}", "xy"[index % 2])])
    checked = check_data(folder, DataSettings())
    assert checked.report.num_examples == 300
    assert len({item.file for rows in checked.examples.values() for item in rows}) == 300


def test_the_same_file_twice_is_told_and_nothing_breaks(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [chat_line(f"p{i}", "xy"[i % 2]) for i in range(60)])
    report = check_data(path, DataSettings(test_file=str(path))).report
    assert report.overlap.test_prompts_in_train == 60


def test_leaving_out_long_rows_says_everything_once(tmp_path):
    encoder = make_encoder()
    lines = [chat_line(f"p{i % 55}", "xy"[i % 2]) for i in range(80)] + [chat_line("C" * 300, "x")]
    path = write_lines(tmp_path / "rows.jsonl", lines)
    after = add_tokens(check_data(path, DataSettings(remedies=["drop_too_long"])), encoder, base="tiny")
    keys = [(item.code, item.message) for item in after.report.findings]
    assert len(keys) == len(set(keys))
    assert [change.why for change in after.changes] == ["drop_too_long"]


def test_a_remedy_is_only_offered_where_it_cures(tmp_path):
    rows = [
        json.dumps({"messages": [{"role": role, "content": "p"}, {"role": "assistant", "content": "a"}]})
        for role in ("human", "narrator")
    ]
    report = check_data(write_lines(tmp_path / "rows.jsonl", [*BAD[4:], *rows]), DataSettings()).report
    remedies = {item.lines: item.remedies for item in report.findings if item.code == "unknown_role"}
    assert remedies == {(21,): ("repair_rows", "drop_invalid"), (22,): ("drop_invalid",)}


def test_causes_stand_before_their_consequences(tmp_path):
    whole = gzip.compress("".join(line + "\n" for line in BAD[4:8]).encode())
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(whole[:-9])
    codes = [item.code for item in check_data(path, DataSettings()).report.findings]
    assert codes.index("truncated_archive") < codes.index("too_few_examples")


def test_a_misspelt_key_is_answered_with_what_was_meant(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [json.dumps({"mesages": []})] * 3)
    with pytest.raises(InputError, match="Did you mean 'messages'"):
        check_data(path, DataSettings())
    path = write_lines(tmp_path / "rows.jsonl", [json.dumps({"promt": "a", "label": "b"})] * 3)
    with pytest.raises(InputError, match="Did you mean 'prompt'"):
        check_data(path, DataSettings())


def test_a_second_test_is_refused_and_the_same_file_is_told(tmp_path):
    own = write_lines(tmp_path / "own.jsonl", [chat_line(f"p{i}", "x", split="test") for i in range(20)])
    other = write_lines(tmp_path / "other.jsonl", [chat_line(f"q{i}", "x") for i in range(20)])
    with pytest.raises(InputError, match="has test rows of its own"):
        check_data(own, DataSettings(test_file=str(other)))
    report = check_data(other, DataSettings(test_file=str(other))).report
    assert "same_file" in [item.code for item in report.findings]
