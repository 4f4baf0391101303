import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.format import Number, Problem
from aliquot.data.json_lines import as_json, count_colons, decode_object, hides_colon, is_object_a_line
from aliquot.data.source import Line

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('abc":'), inner, max_size=3),
    max_leaves=10,
)


def refuse(data: bytes | str, *, is_cut: bool = False) -> Problem:
    data = data.encode() if isinstance(data, str) else data
    problem = decode_object(Line(7, data, is_cut))
    assert isinstance(problem, Problem), problem
    assert (problem.line, problem.severity) == (7, "error")
    return problem


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('{"a": NaN}', "invalid_number", "NaN is not valid JSON"),
        ('{"a": -Infinity}', "invalid_number", "-Infinity"),
        ('{"a": 1e999}', "invalid_number", "1e999 is too large"),
        ('{"a": 1, "a": 2}', "duplicate_key", 'The key "a" appears twice'),
        ('{"a": {"b": 1, "\\u0062": 2}}', "duplicate_key", 'The key "b" appears twice'),
        ('{"a": ["x\\ud83d"]}', "lone_surrogate", "a[0], character 2: half of an emoji (\\ud83d)"),
        ('{"a": "\\udc00x"}', "lone_surrogate", "a, character 1"),
        ('{"a": ' + "[" * 2000 + "]" * 2000 + "}", "too_deep", "deeper than 32 levels"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "too_deep", "deeper than 32 levels"),
        ('{"a": ' + "1" * 5000 + "}", "number_too_long", "5,000 digits"),
        ("[1, 2]", "not_an_object", "a list"),
        ("null", "not_an_object", "null"),
        ('{"a": 1', "invalid_json", "the line ends too early"),
        ('{"a": 1} {"b": 2}', "invalid_json", "Extra data"),
        ('{"a": "x\x01"}', "invalid_json", "control character (0x01)"),
        ("{'a': 1}", "invalid_json", "Column 2"),
    ],
)
def test_each_fault_is_named(text, code, words):
    problem = refuse(text)
    assert problem.code == code
    assert words in problem.message
    assert problem.remedy


def test_invalid_utf8_names_byte_and_value():
    problem = refuse(b'{"a": "caf\xe9"}')
    assert problem.code == "invalid_utf8"
    assert "Byte 11 is not valid UTF-8 (0xE9)" in problem.message


def test_only_the_last_line_is_called_incomplete():
    assert refuse('{"a": "half', is_cut=True).code == "incomplete_last_line"
    assert refuse('{"a": "half').code == "invalid_json"


def test_single_quotes_get_their_own_remedy():
    assert "double quotes" in refuse("{'a': 1}").remedy


def test_texts_that_look_like_keys_do_not_count_as_keys():
    value = {"a": 'x": y" :', "b": {"c": [{"d": '"":'}]}}
    assert decode_object(Line(1, json.dumps(value).encode())) == value


def test_numbers_keep_the_way_they_are_written():
    value = decode_object(Line(1, b'{"a": 1.10, "b": [1E+2, 3]}'))
    assert value == {"a": Number("1.10"), "b": [Number("1E+2"), 3]}
    assert as_json(value) == '{"a":1.10,"b":[1E+2,3]}'


@given(st.dictionaries(st.text('ab":\\é'), JSON, max_size=4), st.booleans())
def test_what_json_writes_is_read_back(value, is_ascii):
    line = json.dumps(value, ensure_ascii=is_ascii).encode()
    assert decode_object(Line(1, line)) == value


@given(st.dictionaries(st.text("ab"), JSON, min_size=1, max_size=3))
def test_a_key_written_twice_never_passes(value):
    line = json.dumps(value)
    key = json.dumps(next(iter(value)))
    assert refuse(line[:-1] + f" , {key} : 0}}").code == "duplicate_key"


@given(st.binary(max_size=80))
def test_any_bytes_give_an_object_or_a_problem(data):
    assert isinstance(decode_object(Line(1, data)), (dict, Problem))


@given(st.text('{}\n\r:a"\\u03Aa', max_size=30).map(str.encode))
def test_a_block_is_looked_at_as_a_plain_search_would(data):
    num_lines = data.count(b"\n") + (not data.endswith(b"\n"))
    is_usual = data.startswith(b"{") and data.endswith((b"}", b"}\n"))
    assert is_object_a_line(data) == (is_usual and data.count(b"}\n{") == num_lines - 1)
    assert count_colons(data) == data.count(b":")
    assert hides_colon(data) == (rb"\u003a" in data or rb"\u003A" in data)


@pytest.mark.parametrize(
    ("data", "is_so"),
    [
        (b"{}\n{}\n{}", True),
        (b"{}\n{}\n", True),
        (b"{}", True),
        (b"{\n}", False),
        (b"{}\n\n{}", False),
        (b"{}\n{}\n\n", False),
        (b"[{}\n{}]", False),
        (b"", False),
    ],
)
def test_one_object_a_line_is_told_by_braces(data, is_so):
    assert is_object_a_line(data) is is_so
