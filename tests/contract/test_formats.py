"""What holds for every data format; a new one is tested, with its sample, the day it appears."""

import gzip
import importlib
from pathlib import Path

import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Example
from aliquot.data.check import check_data
from aliquot.data.findings import Findings
from aliquot.data.format import Format, Problem, Row
from aliquot.data.packing import zstd
from aliquot.data.read import find_format
from aliquot.data.shapes import FORMATS
from aliquot.data.source import Sample, open_source
from aliquot.data.validate import RowValidator
from aliquot.plugins import get_extension, list_extensions

SAMPLES = Path(__file__).parent / "samples"
NAMES = list_extensions(FORMATS)
TEXT_NAMES = [name for name in NAMES if name not in ("parquet_table", "xlsx_table")]
FOREIGN_LINES = [
    (),
    (b"",),
    (b"<!doctype html>",),
    (b"[1, 2]",),
    (b"hello world",),
    (b"\xff\xfe\x00",),
    (b"{", b"}"),
]


def get_format(name: str) -> Format:
    return get_extension(FORMATS, name, "FORMAT")


def sample_of(name: str) -> Path:
    (path,) = SAMPLES.glob(f"{name}.*")
    return path


def read_sample(name: str, path: Path) -> list[Row | Problem]:
    return list(get_format(name).read(open_source(path)))


def read_examples(path: Path) -> list[tuple]:
    checked = check_data(path, DataSettings())
    return [(item.example_id, item.line, item.split) for rows in checked.examples.values() for item in rows]


@pytest.mark.parametrize("name", NAMES)
def test_a_format_says_what_it_is(name):
    data_format = get_format(name)
    assert isinstance(data_format, Format)
    assert data_format.name == name
    assert data_format.title
    assert importlib.import_module(f"{FORMATS}.{name}").__doc__


@pytest.mark.parametrize("name", NAMES)
def test_a_format_recognises_its_own_sample_alone_and_says_why(name):
    found, reason = find_format(open_source(sample_of(name)), None)
    assert found is get_format(name)
    assert len(reason) > 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lines", FOREIGN_LINES)
def test_a_format_does_not_recognise_foreign_lines(name, lines):
    assert get_format(name).detect(Sample("x.jsonl", lines)) is None


@pytest.mark.parametrize("name", NAMES)
def test_every_record_of_the_sample_is_a_valid_row_on_its_line(name):
    rows = [item for item in read_sample(name, sample_of(name)) if isinstance(item, Row)]
    validator = RowValidator(Findings("sample"))
    examples = [validator.validate(row) for row in rows]
    assert len(rows) == 10
    assert all(isinstance(example, Example) for example in examples)
    assert [row.line for row in rows] == sorted({row.line for row in rows})


@pytest.mark.parametrize("name", TEXT_NAMES)
@pytest.mark.parametrize(
    "change", [gzip.compress, zstd.compress, lambda data: b"\xef\xbb\xbf" + data, bytes.strip]
)
def test_packing_mark_and_last_line_end_do_not_change_the_rows(name, change, tmp_path):
    path = tmp_path / "rows.data"
    path.write_bytes(change(sample_of(name).read_bytes()))
    assert read_examples(path) == read_examples(sample_of(name))


@pytest.mark.parametrize("name", TEXT_NAMES)
@pytest.mark.parametrize("garbage", [b'"', b"\xff,x,y", b"}{", b"a,b,c,d,e", b'{"messages": 3}'])
def test_a_broken_row_stands_as_an_error_with_its_line(name, garbage, tmp_path):
    path = tmp_path / "rows.data"
    path.write_bytes(sample_of(name).read_bytes() + garbage + b"\n")
    last = len(path.read_bytes().split(b"\n")) - 1
    report = check_data(path, DataSettings()).report
    assert (report.num_rows, report.num_examples) == (11, 10)
    assert last in [line for item in report.findings if item.severity == "error" for line in item.lines]


def test_every_sample_belongs_to_a_format():
    assert {path.stem for path in SAMPLES.iterdir()} == set(NAMES)
