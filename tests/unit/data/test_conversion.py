"""Conversions lose nothing: what is written is read again as the same examples."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import Message, ToolCall
from aliquot.core.dataset import Example, hash_content
from aliquot.data.conversion import MLX, find_target, list_writable, require_expressible, write_examples
from aliquot.data.findings import Findings
from aliquot.data.parts import open_parts
from aliquot.data.validate import RowValidator
from aliquot.errors import InputError

WRITABLE = list_writable()
SUFFIXES = {"json_array": ".json", "csv_table": ".csv", "parquet_table": ".parquet", MLX: ""}
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
WORDS = TEXTS.filter(lambda text: text.strip() != "")
KEYS = st.sampled_from(["id", "Quelle", "a b", "x,y", "año", 'q"'])
CALLS = st.builds(
    ToolCall, WORDS, st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=2).map(json.dumps), TEXTS
)
TOOLS = '[{"type":"function","function":{"name":"mass","parameters":{"type":"object"}}}]'


def make(messages, *, split=None, metadata=None, tools="", rejected=None) -> Example:
    return Example(
        messages=tuple(messages),
        line=1,
        content_hash=hash_content(tuple(messages), tools, rejected),
        split=split,
        metadata=metadata or {},
        tools=tools,
        rejected=rejected,
    )


@st.composite
def pairs(draw):
    system = draw(st.none() | WORDS)
    messages = [] if system is None else [Message("system", system)]
    messages += [Message("user", draw(TEXTS)), Message("assistant", draw(WORDS))]
    metadata = draw(st.dictionaries(KEYS, TEXTS, max_size=2))
    return make(messages, split=draw(st.sampled_from([None, "train", "test"])), metadata=metadata)


@st.composite
def talks(draw):
    messages = list(draw(pairs()).messages)
    messages.insert(0, Message("user", draw(TEXTS), name=draw(TEXTS)))
    calls = tuple(draw(st.lists(CALLS, min_size=1, max_size=2)))
    messages.insert(1, Message("assistant", draw(TEXTS), draw(st.sampled_from([None, 0, 1])), calls))
    messages.insert(2, Message("tool", draw(TEXTS), tool_call_id=calls[0].id))
    rejected = draw(st.none() | WORDS.map(lambda text: Message("assistant", text)))
    return make(messages, tools=draw(st.sampled_from(["", TOOLS])), rejected=rejected)


TEXT_ROWS = WORDS.map(lambda text: make([Message("text", text)]))
EXAMPLES = st.one_of(pairs(), talks(), TEXT_ROWS)


def read_back(path: Path) -> list[Example]:
    examples = []
    for part in open_parts(path, DataSettings()):
        findings = Findings(part.file)
        validator = RowValidator(findings)
        examples += [validator.validate(row) for row in part.read(findings)]
        assert [item for item in findings.finish() if item.severity == "error"] == []
    return examples


def describe(examples):
    return [(item.example_id, item.split, item.metadata) for item in examples]


@pytest.mark.parametrize("name", WRITABLE)
@given(drawn=st.lists(EXAMPLES, min_size=1, max_size=4))
def test_what_is_written_is_read_as_the_same_examples(name, drawn, tmp_path_factory):
    examples = [item for item in drawn if not WRITABLE[name].explain(item)]
    if not examples:
        return
    path = tmp_path_factory.mktemp("out") / f"rows{SUFFIXES.get(name, '.jsonl')}"
    write_examples(examples, path, name, force=False)
    back = read_back(path)
    assert [item.content_hash for item in back] == [item.content_hash for item in examples]
    assert [item.split for item in back] == [item.split for item in examples]
    for one, other in zip(back, examples, strict=True):
        # A table has a cell for every column, so that an absent field comes back blank.
        assert {key: text for key, text in one.metadata.items() if text} == {
            key: text for key, text in other.metadata.items() if text
        }


PLAIN = [
    make([Message("user", f"HCl {n}?"), Message("assistant", "acid")], split=split, metadata={"id": str(n)})
    for n, split in enumerate(["train", "validation", "test"])
]
PREFERRED = [
    replace(make(item.messages, rejected=Message("assistant", "base")), split="test") for item in PLAIN
]


PAIRED = (*sorted(set(WRITABLE) - {"plain_text", "preference"}), MLX)


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(PAIRED, 2)))
def test_every_pair_of_formats_carries_plain_rows_there_and_back(first, second, tmp_path):
    examples = PLAIN
    for step, name in enumerate((first, second, first)):
        path = tmp_path / f"{step}{SUFFIXES.get(name, '.jsonl')}"
        write_examples(examples, path, name, force=False)
        examples = read_back(path)
    assert sorted(map(str, describe(examples))) == sorted(map(str, describe(PLAIN)))


def test_preferences_go_from_chat_lines_to_pairs_and_back(tmp_path):
    write_examples(PREFERRED, tmp_path / "a.jsonl", "chat_jsonl", force=False)
    write_examples(read_back(tmp_path / "a.jsonl"), tmp_path / "b.jsonl", "preference", force=False)
    assert describe(read_back(tmp_path / "b.jsonl")) == describe(PREFERRED)


@pytest.mark.parametrize(
    ("example", "target", "reason"),
    [
        (make([Message("user", "a"), Message("assistant", "b")] * 2), "csv_table", "4 messages"),
        (PREFERRED[0], "alpaca", "a rejected answer"),
        (PLAIN[0], "preference", "no rejected answer"),
        (PLAIN[0], "plain_text", "a conversation"),
        (make([Message("text", "a")]), "chat_jsonl", "a plain text"),
        (make([Message("user", "a"), Message("assistant", "b", 1)]), "sharegpt", "weights"),
        (make([Message("user", "a", name="x"), Message("assistant", "b")]), "sharegpt", "names speakers"),
        (make([Message("developer", "s"), *PLAIN[0].messages]), "prompt_completion", "the role developer"),
        (make([Message("system", ""), *PLAIN[0].messages]), "csv_table", "empty"),
        (make(PLAIN[0].messages, tools=TOOLS), "prompt_completion", "tools"),
        (make([Message("user", "a\rb"), Message("assistant", "b")]), "csv_table", "carriage return"),
        (make(PLAIN[0].messages, metadata={"Label": "x"}), "csv_table", "'Label'"),
    ],
)
def test_a_row_that_cannot_be_expressed_is_refused_with_its_line(example, target, reason):
    with pytest.raises(InputError, match=reason) as caught:
        require_expressible(
            [*[item for item in PLAIN if not WRITABLE[target].explain(item)], example], target, "rows.jsonl"
        )
    assert caught.value.code == "not_expressible"
    assert "Lines: 1" in caught.value.message


@pytest.mark.parametrize(
    ("out", "name", "target"),
    [
        ("a.csv", None, "csv_table"),
        ("a.TSV.gz", None, "csv_table"),
        ("a.parquet", None, "parquet_table"),
        ("a.json", None, "json_array"),
        ("a.jsonl.zst", None, "chat_jsonl"),
        ("folder", None, MLX),
        ("a.jsonl", "alpaca", "alpaca"),
    ],
)
def test_the_format_is_told_by_the_ending_or_by_name(out, name, target):
    assert find_target(Path(out), name) == target


@pytest.mark.parametrize(("out", "name"), [("a.docx", None), ("a.csv", "csv"), ("a.xlsx", None)])
def test_an_unknown_ending_or_format_lists_the_known_ones(out, name):
    with pytest.raises(InputError) as caught:
        find_target(Path(out), name)
    assert "chat_jsonl" in caught.value.hint


def test_nothing_is_replaced_unless_it_is_forced(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("mine")
    with pytest.raises(InputError) as caught:
        write_examples(PLAIN, path, "chat_jsonl", force=False)
    assert (caught.value.code, path.read_text()) == ("file_exists", "mine")
    write_examples(PLAIN, path, "chat_jsonl", force=True)
    assert describe(read_back(path)) == describe(PLAIN)


def test_a_folder_of_splits_is_whole_and_not_replaced(tmp_path):
    files = write_examples(PLAIN, tmp_path / "out", MLX, force=False)
    assert [path.name for path in files] == ["train.jsonl", "valid.jsonl", "test.jsonl"]
    with pytest.raises(InputError, match="already"):
        write_examples(PLAIN, tmp_path / "out", MLX, force=False)
    write_examples(PLAIN[:1], tmp_path / "out", MLX, force=True)


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.tsv.zst", "rows.jsonl.gz"])
def test_a_packed_name_is_packed_and_the_same_each_time(name, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_examples(PLAIN, tmp_path / folder / name, find_target(Path(name), None), force=False)
    assert describe(read_back(tmp_path / "one" / name)) == describe(PLAIN)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
