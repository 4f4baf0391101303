"""No damage to a file crashes a reader or loses a row in silence: bits, cuts and splices of every sample."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.data.json_lines import decode_object, read_objects
from aliquot.data.packing import zstd
from aliquot.data.source import Line, open_source
from tests.fixtures.mutations import SAMPLES, read_anything

NAMES = sorted(path.name for path in SAMPLES.iterdir())
DATA = {name: (SAMPLES / name).read_bytes() for name in NAMES}
PACKED = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}
PIECES = st.sampled_from(
    [
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\\",
        b"\\ud83d",
        b"null",
        b"1e999",
        b":",
    ]
)


@st.composite
def damaged(draw, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(spoilt) - 1, 0)))
        match draw(st.integers(0, 4)):
            case 0 if spoilt:
                spoilt[place] ^= 1 << draw(st.integers(0, 7))
            case 1:
                del spoilt[place:]
            case 2:
                spoilt[place:place] = draw(PIECES)
            case 3:
                del spoilt[place : place + draw(st.integers(1, 40))]
            case _:
                other = DATA[draw(st.sampled_from(NAMES))]
                start = draw(st.integers(0, len(other)))
                spoilt[place:place] = other[start : start + draw(st.integers(1, 200))]
    return bytes(spoilt)


@pytest.mark.parametrize(
    ("name", "packing"),
    [*((name, "") for name in NAMES), ("chat_jsonl.jsonl", ".gz"), ("csv_table.csv", ".zst")],
)
@given(draw=st.data())
def test_a_damaged_file_is_read_or_refused(name, packing, draw, tmp_path_factory):
    path = tmp_path_factory.mktemp("spoilt") / (name + packing)
    path.write_bytes(draw.draw(damaged(PACKED[packing](DATA[name]))))
    read_anything(path)


JSON_PIECES = st.sampled_from(
    [
        '{"a":',
        '{"a" :',
        '"b":',
        "1",
        ",",
        "}",
        "{",
        "[",
        "]",
        '":"',
        '"\\":"',
        '"\\u003a"',
        "\n",
        "}\n{",
        '"x"',
        " ",
        "\r",
    ]
)


@given(pieces=st.lists(JSON_PIECES, max_size=25))
def test_lines_read_in_one_go_are_those_read_one_by_one(pieces, tmp_path_factory):
    text = "".join(pieces).encode()
    if not text.strip() or b"\n" not in text:
        return
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_bytes(text)
    together = list(read_objects(open_source(path, DataSettings())))
    lines = text.split(b"\n")
    alone = [(number, line.removesuffix(b"\r")) for number, line in enumerate(lines, 1) if line.strip()]
    expected = [(number, decode_object(Line(number, line))) for number, line in alone]
    good = [(number, value) for number, value in expected if isinstance(value, dict)]
    assert [item for item in together if isinstance(item, tuple)] == good
