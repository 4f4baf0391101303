import gzip
import os

import pytest

from aliquot.data import source as module
from aliquot.data.source import Broken, Line, open_source
from aliquot.errors import InputError


def write(tmp_path, data: bytes, name="rows.jsonl"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def lines_of(tmp_path, data: bytes) -> list:
    return list(open_source(write(tmp_path, data)).lines())


def code_of(path) -> str:
    with pytest.raises(InputError) as caught:
        open_source(path)
    assert str(path) in str(caught.value)
    return caught.value.code


def test_lines_end_at_line_feeds_only(tmp_path):
    data = "a\u2028b\u0085c\x0bd\n\r\ne".encode()
    assert lines_of(tmp_path, data) == [
        Line(1, "a\u2028b\u0085c\x0bd".encode()),
        Line(2, b""),
        Line(3, b"e", is_cut=True),
    ]


def test_a_byte_order_mark_is_removed_once(tmp_path):
    source = open_source(write(tmp_path, b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n"))
    assert source.has_mark
    assert [line.data for line in source.lines()] == [b"a", b"\xef\xbb\xbfb"]


def test_carriage_returns_alone_end_lines_when_there_is_no_line_feed(tmp_path):
    source = open_source(write(tmp_path, b"a\rb\rc"))
    assert source.ends_with_cr
    assert [line.data for line in source.lines()] == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"PK\x03\x04rest", "not_text"),
        (gzip.compress(b"PAR1rest", mtime=0), "not_text"),
        ("{}\n".encode("utf-16"), "invalid_encoding"),
        ("{}\n".encode("utf-16-le"), "invalid_encoding"),
        ("{}\n".encode("utf-32"), "invalid_encoding"),
    ],
)
def test_a_file_that_is_no_text_is_refused_by_name(tmp_path, data, code):
    assert code_of(write(tmp_path, data)) == code


def test_an_absent_file_a_folder_and_a_device_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert code_of(tmp_path / "none.jsonl") == "file_not_found"
    assert code_of(tmp_path) == "not_a_file"
    assert code_of(tmp_path / "pipe") == "not_a_file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = write(tmp_path, b"{}\n")
    path.chmod(0)
    assert code_of(path) == "file_unreadable"


def test_a_line_beyond_the_limit_is_told_and_the_next_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 10)
    broken, *rest = lines_of(tmp_path, b"x" * 200_000 + b"\n" + b"y" * 10 + b"\nz\n")
    assert (broken.number, broken.code) == (1, "line_too_long")
    assert rest == [Line(2, b"y" * 10), Line(3, b"z")]


def test_a_truncated_gzip_gives_its_lines_and_says_so(tmp_path):
    packed = gzip.compress(os.urandom(200_000).hex().encode() + b"\nlast\n")
    *_, end = lines_of(tmp_path, packed[:-2000])
    assert (end.number, end.code) == (0, "truncated_archive")


def test_a_damaged_gzip_is_told(tmp_path):
    packed = bytearray(gzip.compress(b"line\n" * 1000))
    packed[-6] ^= 0xFF
    assert [item.code for item in lines_of(tmp_path, bytes(packed)) if isinstance(item, Broken)] == [
        "damaged_archive"
    ]


def test_a_gzip_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(InputError, match="unpacks to more than") as caught:
        lines_of(tmp_path, gzip.compress(b"line\n" * 1000))
    assert caught.value.code == "archive_too_large"


def test_the_sample_holds_the_first_lines_that_are_not_blank(tmp_path):
    sample = open_source(write(tmp_path, b"\n \na\n" + b"b\n" * 50)).sample()
    assert sample.lines == (b"a", *[b"b"] * 19)


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        open_source(tmp_path / "a\0b")
    assert caught.value.code in ("file_unreadable", "file_not_found")
