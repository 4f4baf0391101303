import dataclasses
import gzip
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example as tried
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, hash_content
from aliquot.core.records import encode
from aliquot.data import check, source
from aliquot.data.parts import open_parts
from aliquot.data.plain_rows import part_plain, read_plain_rows
from aliquot.data.read_table import read_table
from aliquot.data.source import Block
from aliquot.data.table import ROW_TYPE


def chat(*texts, roles=("system", "user", "assistant"), **more):
    turns = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    return json.dumps({"messages": turns, **more}, ensure_ascii=False).encode()


PLAIN = [
    chat("Answer: yes or no.", "is it polar?", "yes"),
    chat("Answer: yes or no.", "Is it  polar?", "no", split="test"),
    chat("p", "yes", roles=("user", "assistant"), split="VALID"),
    chat("p", "a", "q ::1 yes", "yes", roles=("user", "assistant") * 2),
    chat("d", "ça é Å e\u0301", "ﬁ", roles=("developer", "user", "assistant")),
    chat("yes or no?", "no", roles=("user", "assistant")),
    chat("no or yes?", "yes", roles=("user", "assistant")),
    chat("</s> in what always stands first", "p", "a"),
    chat("<s>", "call +49 6221 123456 or a@b.de", "no"),
    b' { "messages" : [ {"content":"p\\u003c","role":"user"} ,{"role":"assistant","content":"\\n,:"} ] } ',
]
ODD = [
    b"",
    b"  ",
    b"{",
    b"[1]",
    b"\xff\xfe{",
    chat("", "yes", roles=("user", "assistant")),
    chat("p", " ", roles=("user", "assistant")),
    chat("p", "yes", roles=("user", "user")),
    chat("p", roles=("user",)),
    chat("p", "yes", roles=("user", "robot")),
    chat("p", "yes", roles=("user", "assistant"), split="eval"),
    chat("p", "yes", roles=("user", "assistant"), split=""),
    chat("p", "yes", roles=("user", "assistant"), split="0"),
    chat("p", "yes", roles=("user", "assistant"), id=7, metadata={"doi": "10/x"}),
    b'{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a","weight":null}]}',
    b'{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a","weight":0}]}',
    b'{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a","content":"b"}]}',
    b'{"messages":[],"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}]}',
    b'{"messages":[{"role":"user","content":"\\u003a"},{"role":"assistant","content":"a"}]}',
    b'{"messages":[{"role":"user","content":"\\ud83d"},{"role":"assistant","content":"a"}]}',
    b'{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}]} {"messages":[]}',
    b'{"messages":[{"role":"user","content":["p"]},{"role":"assistant","content":"a"}]}',
]
FILES = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(PLAIN) | st.sampled_from(PLAIN + ODD), st.integers(1, 6)), max_size=12
    ).map(lambda runs: [PLAIN[0], *(line for line, number in runs for _ in range(number))]),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
).map(lambda drawn: drawn[1].join(drawn[0]) + drawn[1] * drawn[2])
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "split_key": st.sampled_from(["split", "fold"]),
        "group_key": st.sampled_from(["id", "split"]),
        "remedies": st.lists(st.sampled_from(["repair_rows", "drop_invalid"]), max_size=2, unique=True),
    },
)


def singly(parts):
    return tuple(
        dataclasses.replace(part, format=dataclasses.replace(part.format, read_many=None)) for part in parts
    )


def require_alike(path, given_settings):
    parts = open_parts(path, given_settings)
    many, one = read_table(parts, given_settings), read_table(singly(parts), given_settings)
    for field in dataclasses.fields(many):
        if field.name != "table":
            assert getattr(many, field.name) == getattr(one, field.name)
    for name in type(many.table).__slots__:
        left, right = getattr(many.table, name), getattr(one.table, name)
        assert np.array_equal(left, right) if isinstance(left, np.ndarray) else left == right, name


@settings(deadline=None, max_examples=150)
@given(FILES, SETTINGS, st.sampled_from([300, 1000, 1 << 20]))
@tried(b"\n".join(PLAIN * 9), {}, 1 << 20)
@tried(b"\n".join(PLAIN[:1] * 9 + PLAIN[5:6] * 40), {}, 1000)
@tried(b"\n".join(ODD + PLAIN * 9), {}, 1 << 20)
def test_plain_rows_read_many_at_a_time_give_what_they_give_one_by_one(data, given_settings, piece_bytes):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PIECE_BYTES", piece_bytes)
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(data)
        require_alike(path, DataSettings(format="chat_jsonl", **given_settings))


def test_the_report_of_a_check_is_the_same_to_the_byte(tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join([*PLAIN * 40, *ODD, *PLAIN]))
    settings_ = DataSettings(format="chat_jsonl")
    many = check.check_data(path, settings_)
    monkeypatch.setattr(check, "open_parts", lambda *given_: singly(open_parts(*given_)))
    one = check.check_data(path, settings_)
    assert encode(many.report) == encode(one.report)
    for split in SPLITS:
        assert list(many.table.stored_lines(split)) == list(one.table.stored_lines(split))


def test_rows_of_several_files_name_theirs(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b"\n".join(PLAIN * 5))
    require_alike(tmp_path, DataSettings())
    table = read_table(open_parts(tmp_path, DataSettings()), DataSettings()).table
    assert {table.get(place).file for place in range(len(table))} == {
        str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")
    }


def test_rows_of_files_with_a_split_of_their_own_are_marked(tmp_path):
    (tmp_path / "train.jsonl").write_bytes(b"\n".join(PLAIN[:1] * 30))
    (tmp_path / "test.jsonl").write_bytes(b"\n".join(PLAIN[:2] * 5))
    require_alike(tmp_path, DataSettings())


def test_a_damaged_archive_tells_how_many_lines_it_gave(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    lines = [chat(f"question {i * i * 7919}", "a", roles=("user", "assistant")) for i in range(5000)]
    path.write_bytes(gzip.compress(b"\n".join(lines))[:-900])
    require_alike(path, DataSettings())


@pytest.mark.parametrize("line", PLAIN)
def test_plain_lines_are_read_many_at_a_time(line):
    rows = read_plain_rows(Block(4, b"\n".join([line.strip()] * 3)))
    assert rows is not None
    assert (len(rows), rows.line, rows.last_line) == (3, 4, 6)
    assert [row.line for row in rows.rows()] == [4, 5, 6]


@pytest.mark.parametrize("line", ODD)
def test_a_line_that_wants_to_be_examined_is_left(line):
    assert read_plain_rows(Block(1, line + b"\n")) is None
    pieces = list(part_plain([Block(1, b"\n".join([PLAIN[0]] * 5 + [line] + [PLAIN[1]] * 6))]))
    assert [len(piece) if not isinstance(piece, Block) else piece.number for piece in pieces] == [5, 6, 6]


def test_a_swallowed_key_keeps_all_plain_rows_beside_it_from_passing():
    twice = next(line for line in ODD if line.count(b"messages") == 2)
    assert read_plain_rows(Block(1, b"\n".join([PLAIN[0], twice, PLAIN[0]]))) is None


def test_what_stands_in_system_prompts_alone_is_found(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join([chat("</s> is said", "p", "a")] * 20))
    found = read_table(open_parts(path, DataSettings()), DataSettings()).findings
    assert [(item.code, item.field, item.count) for item in found] == [
        ("pattern_in_text", "control_token", 20)
    ]


def test_contents_are_hashed_and_measured_as_one_by_one():
    rows = read_plain_rows(Block(1, b"\n".join(line.strip() for line in PLAIN)))
    digests = [rows.hashes[at : at + 32].hex() for at in range(0, len(rows.hashes), 32)]
    assert digests == list(map(hash_content, rows.turns()))
    assert np.frombuffer(rows.columns, ROW_TYPE)["num_chars_N"].tolist() == [
        sum(len(turn.content) for turn in turns) for turns in rows.turns()
    ]
