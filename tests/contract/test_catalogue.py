"""The catalogue of bad inputs: what is said of each, with its line, and that no other row is lost."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.check import check_data
from aliquot.data.packing import zstd
from aliquot.errors import InputError

SAMPLES = Path(__file__).parent / "samples"
GOOD = [
    json.dumps(
        {
            "messages": [
                {"role": "user", "content": f"p{n}"},
                {"role": "assistant", "content": "abcd"[n % 4]},
            ],
            "split": "train" if n < 11 else "test",
        }
    ).encode()
    for n in range(12)
]
USER, ANSWER = {"role": "user", "content": "HCl?"}, {"role": "assistant", "content": "acid"}
IMAGE = {"type": "image_url", "image_url": {"url": "http://10.0.0.1/x.png"}}
BAD_CALL = {"name": "f", "arguments": "{x"}
HALF = len(GOOD) // 2


@dataclass(frozen=True)
class Case:
    """A file, what is found in it, and how many rows of it are examples.

    ``line`` is the physical line named, 0 for none. ``num_lost`` are rows that stand as an error.
    """

    name: str
    data: bytes
    code: str
    words: str
    severity: str = "error"
    line: int = HALF + 1
    num_kept: int = len(GOOD)
    num_lost: int = 1


def between(*lines: bytes) -> bytes:
    """Put lines into the middle of good ones."""
    return b"\n".join([*GOOD[:HALF], *lines, *GOOD[HALF:]]) + b"\n"


def row(*messages, **rest) -> bytes:
    return json.dumps({"messages": list(messages), "split": "train", **rest}).encode()


def array(*elements: bytes) -> bytes:
    """Put elements into the middle of an array of good ones."""
    return b"[" + b",\n".join([*GOOD[:HALF], *elements, *GOOD[HALF:]]) + b"]"


def said(content: object) -> bytes:
    return row(USER, {"role": "assistant", "content": content})


WHOLE = between()
CASES = [
    Case(
        "UTF-8 byte-order mark",
        b"\xef\xbb\xbf" + WHOLE,
        "byte_order_mark",
        "byte-order mark was removed",
        "note",
        1,
        num_lost=0,
    ),
    Case(
        "carriage returns alone",
        WHOLE.replace(b"\n", b"\r"),
        "carriage_returns",
        "carriage return alone",
        "note",
        0,
        num_lost=0,
    ),
    Case(
        "blank lines", between(b"", b" \t"), "blank_lines", "Blank lines were passed over", "note", num_lost=0
    ),
    Case(
        "invalid UTF-8",
        between(said("caf_").replace(b"_", b"\xe9")),
        "invalid_utf8",
        "not valid UTF-8 (0xE9); the file may be Latin-1",
    ),
    Case(
        "NaN",
        between(row(USER, ANSWER, mass=0).replace(b"0", b"NaN")),
        "invalid_number",
        "NaN is not valid JSON",
    ),
    Case(
        "Infinity",
        between(row(USER, ANSWER, mass=0).replace(b"0", b"-Infinity")),
        "invalid_number",
        "-Infinity is not valid JSON",
    ),
    Case(
        "1e999",
        between(row(USER, ANSWER, mass=0).replace(b"0", b"1e999")),
        "invalid_number",
        "1e999 is too large",
    ),
    Case(
        "duplicate keys",
        between(b'{"messages": [], ' + said("x")[1:]),
        "duplicate_key",
        'The key "messages" appears twice',
    ),
    Case(
        "duplicate keys, one escaped",
        between(b'{"m\\u0065ssages": [], ' + said("x")[1:]),
        "duplicate_key",
        'The key "messages" appears twice',
    ),
    Case(
        "half of an emoji",
        between(said("a\ud83d")),
        "lone_surrogate",
        "messages[1].content, character 2: half of an emoji (\\ud83d)",
    ),
    Case("control characters in text", between(said("a\0b\x1f")), "", "", num_kept=13, num_lost=0),
    Case(
        "a raw control character",
        between(said("a_b").replace(b"_", b"\x01")),
        "invalid_json",
        "raw control character (0x01)",
    ),
    Case(
        "U+2028 and U+0085 in text",
        between(said("a_b").replace(b"_", "\u2028b\u0085".encode())),
        "",
        "",
        num_kept=13,
        num_lost=0,
    ),
    Case(
        "nested 2,000 deep",
        between(row(USER, ANSWER, deep=0).replace(b"0", b"[" * 2000 + b"]" * 2000)),
        "too_deep",
        "nested deeper than 32 levels",
    ),
    Case(
        "nested 40 deep",
        between(row(USER, ANSWER, deep=0).replace(b"0", b"[" * 40 + b"]" * 40)),
        "too_deep",
        "nested deeper than 32 levels",
    ),
    Case(
        "5,000 digits",
        between(row(USER, ANSWER, n=0).replace(b"0", b"9" * 5000)),
        "number_too_long",
        "5,000 digits is too long",
    ),
    Case(
        "a line of 10 MB",
        between(said("x" * 10_000_000)),
        "line_too_long",
        "10.0 MB; the limit is 8 MB per row",
    ),
    Case(
        "last line cut off",
        WHOLE + GOOD[0][:40],
        "incomplete_last_line",
        "The last line is incomplete",
        line=13,
    ),
    Case(
        "truncated gzip",
        gzip.compress(WHOLE)[:-6],
        "truncated_archive",
        "The gzip file ends early",
        line=0,
        num_lost=0,
    ),
    Case(
        "damaged gzip",
        gzip.compress(WHOLE)[:-8] + b"\0" * 8,
        "damaged_archive",
        "The gzip file is damaged",
        line=0,
        num_lost=0,
    ),
    Case(
        "truncated Zstandard",
        zstd.compress(WHOLE) + zstd.compress(WHOLE)[:-6],
        "truncated_archive",
        "The Zstandard file ends early",
        line=0,
        num_lost=0,
    ),
    Case("no object", between(b"[1, 2]"), "not_an_object", "The line is a list; expected an object"),
    Case(
        "messages missing",
        between(b'{"prompt": "a", "completion": "b"}'),
        "missing_messages",
        '"messages" is missing. Found keys: prompt, completion',
    ),
    Case("messages no list", between(row().replace(b"[]", b'"x"')), "invalid_messages", '"messages" is text'),
    Case("messages empty", between(row()), "invalid_messages", "an empty list"),
    Case("single quotes", between(b"{'messages': []}"), "invalid_json", "Column 2 is not valid JSON"),
    Case("two objects on a line", between(GOOD[0] + GOOD[1]), "invalid_json", "Extra data"),
    Case(
        "unknown role",
        between(row(USER, {**ANSWER, "role": "asistant"})),
        "unknown_role",
        "'asistant'; expected one of system",
    ),
    Case(
        "two users in a row",
        between(row(USER, USER, ANSWER)),
        "roles_not_alternating",
        "user, user, assistant",
        "warning",
        num_kept=13,
        num_lost=0,
    ),
    Case(
        "ends with user", between(row(USER, ANSWER, USER)), "no_final_answer", "The last message is from user"
    ),
    Case(
        "system not first",
        between(row(USER, {"role": "system", "content": "s"}, ANSWER)),
        "system_not_first",
        "not the first",
        "warning",
        num_kept=13,
        num_lost=0,
    ),
    Case(
        "empty answer", between(said("")), "empty_answer", "The assistant message is empty; nothing to learn"
    ),
    Case("blank answer", between(said(" \n")), "empty_answer", "The assistant message is blank"),
    Case("null without tool calls", between(said(None)), "invalid_content", '"messages[1].content" is null'),
    Case(
        "unknown key",
        between(row(USER, ANSWER, note="x")),
        "unknown_key",
        'The key "note" is kept as metadata',
        "note",
        num_kept=13,
        num_lost=0,
    ),
    Case(
        "unknown split",
        between(row(USER, ANSWER, split="hold-out")),
        "unknown_split",
        "'hold-out'; expected one of train",
    ),
    Case(
        "an image",
        between(row({"role": "user", "content": [IMAGE]}, ANSWER)),
        "unsupported_content",
        "text only",
    ),
    Case(
        "a number as a weight",
        between(row(USER, {**ANSWER, "weight": 2})),
        "invalid_weight",
        "expected 0 (not trained) or 1",
    ),
    Case(
        "arguments that are no JSON",
        between(row(USER, {"role": "assistant", "tool_calls": [BAD_CALL]})),
        "invalid_tool_call",
        "no JSON object",
    ),
    Case(
        "CSV with a cell too many",
        b"text,label\n" + b"p,a\n" * 6 + b"p,a,b\n" + b"p,a\n" * 6,
        "wrong_number_of_cells",
        "The row has 3 cells; the header names 2",
        line=8,
    ),
    Case(
        "CSV with an open quote",
        b"text,label\n" + b"p,a\n" * 12 + b'"p,a\n',
        "invalid_csv",
        "not valid CSV",
        line=14,
    ),
    Case("array with a broken element", array(b'{"messages": }'), "invalid_json", "not valid JSON"),
    Case(
        "array with an element that does not end",
        array(b'{"messages": ['),
        "invalid_json",
        "Lines 7 to 13 were read as one object",
        num_kept=HALF,
    ),
    Case(
        "array that does not end",
        b"[" + b",\n".join(GOOD),
        "incomplete_array",
        "The array does not end",
        line=0,
        num_lost=0,
    ),
    Case(
        "array cut within an element",
        b"[" + b",\n".join([*GOOD, GOOD[0][:30]]),
        "incomplete_last_line",
        "incomplete",
        line=13,
    ),
    Case(
        "text after an array",
        b"[" + b",\n".join(GOOD) + b"]\nxyz\n",
        "after_array",
        "Text follows the array: 'xyz'",
        line=13,
    ),
    Case("array with an empty place", array(b""), "invalid_json", "not valid JSON"),
]

REFUSED = [
    ("UTF-16", WHOLE.decode().encode("utf-16"), "invalid_encoding", "looks like UTF-16"),
    ("UTF-16 without a mark", WHOLE.decode().encode("utf-16-le"), "invalid_encoding", "UTF-16 or UTF-32"),
    ("UTF-32", WHOLE.decode().encode("utf-32"), "invalid_encoding", "looks like UTF-32"),
    ("empty", b"", "file_empty", "0 bytes"),
    ("only blank lines", b"\n\n \n", "file_empty", "only blank lines"),
    ("HTML", b"<!DOCTYPE html><html></html>", "not_rows", "HTML or XML page"),
    ("a zip archive", b"PK\x03\x04" + b"\0" * 30, "not_text", "a zip archive"),
    ("a PDF", b"%PDF-1.7", "not_text", "a PDF document"),
    ("an SQLite database", b"SQLite format 3\0", "not_text", "an SQLite database"),
    ("an old workbook", b"\xd0\xcf\x11\xe0" + b"\0" * 30, "not_text", "an old Excel workbook"),
    ("a gzip header alone", b"\x1f\x8b\x08\x00", "truncated_archive", "ends early"),
    ("an array of numbers", b"[1, 2, 3]", "unknown_format", "JSON array, but not of objects"),
    ("one object over many lines", b'{\n "messages": []\n}\n', "pretty_json", "over many lines"),
    ("columns of unknown names", b"smiles,colour\nCCO,red\n", "unknown_format", "smiles,colour"),
    ("a column twice", b"text,label,label\np,a,b\n", "duplicate_column", 'The column "label" appears twice'),
    ("a damaged Parquet file", b"PAR1" + b"\0" * 40 + b"PAR1", "damaged_file", "The file is damaged"),
    ("a damaged Arrow file", b"\xff\xff\xff\xff" + b"\x01" * 40, "damaged_file", "The file is damaged"),
]


def check(tmp_path, data: bytes, name="rows.jsonl"):
    path = tmp_path / name
    path.write_bytes(data)
    return check_data(path, DataSettings(without_test=True)).report


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_with_a_row_is_said_and_no_other_row_is_lost(case, tmp_path):
    report = check(tmp_path, case.data)
    assert report.num_rows == case.num_kept + case.num_lost
    assert report.num_examples == case.num_kept
    if not case.code:
        assert [item for item in report.findings if item.severity == "error"] == []
        return
    (finding,) = [item for item in report.findings if item.code == case.code]
    assert finding.severity == case.severity
    assert case.words in finding.message
    assert finding.lines[:1] == ((case.line,) if case.line else ())
    assert finding.file == str(tmp_path / "rows.jsonl")


@pytest.mark.parametrize(("name", "data", "code", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_file_that_is_none_of_rows_is_refused_by_name(name, data, code, words, tmp_path):
    with pytest.raises(InputError) as caught:
        check(tmp_path, data)
    assert caught.value.code == code
    assert words in caught.value.message
    assert str(tmp_path / "rows.jsonl") in caught.value.location


@pytest.mark.parametrize("packed", [gzip.compress, zstd.compress])
def test_a_file_that_unpacks_without_end_is_refused(packed, tmp_path, monkeypatch):
    monkeypatch.setattr("aliquot.data.source.MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(InputError, match="unpacks to more than") as caught:
        check(tmp_path, packed(b" " * 3_000_000))
    assert caught.value.code == "archive_too_large"


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_line_ends_and_a_missing_last_one_change_nothing(ending, tmp_path):
    report = check(tmp_path, WHOLE.replace(b"\n", ending).rstrip())
    assert (report.num_rows, report.num_examples) == (12, 12)
    assert [item for item in report.findings if item.severity == "error"] == []


def test_fewer_rows_than_the_least_are_counted(tmp_path):
    report = check(tmp_path, b"\n".join(GOOD[:7]))
    (finding,) = [item for item in report.findings if item.code == "too_few_examples"]
    assert "have 7 example(s), but must have at least 10" in finding.message
