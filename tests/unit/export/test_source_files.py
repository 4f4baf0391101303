import pytest

from aliquot.core.dataset import SourceFile
from aliquot.export.source_files import list_source_files, name_files
from tests.fixtures.reports import make_report


def make_source(name, **changes):
    given = {"sha256": "ef" * 32, "num_bytes": 7, "format": "chat_jsonl", "format_reason": "It is."}
    return SourceFile(name=name, **given | changes)


@pytest.mark.parametrize(
    ("data_set", "files", "names"),
    [
        ("/home/me/rows.jsonl", ["/home/me/rows.jsonl"], ["rows.jsonl"]),
        ("/home/me/set", ["/home/me/set/train.csv", "/home/me/set/a/test.csv"], ["train.csv", "a/test.csv"]),
        ("set/", ["set/train.csv", "/home/me/test.csv"], ["train.csv", "test.csv"]),
        ("me/set", ["hub:me/set@0a1b/data/train.parquet"], ["data/train.parquet"]),
        ("a/rows.csv", ["a/rows.csv", "../b/rows.csv"], ["rows.csv", "b/rows.csv"]),
        ("rows.csv", ["rows.csv", "b/test.csv"], ["rows.csv", "test.csv"]),
        ("rows.csv", ["rows.csv", "./rows.csv"], ["rows.csv", "./rows.csv"]),
    ],
)  # fmt: skip
def test_files_are_named_within_the_data_set_and_never_alike(data_set, files, names):
    report = make_report(file=data_set, files=tuple(map(make_source, files)))
    assert list(name_files(report).values()) == names


def test_a_file_that_was_read_twice_is_listed_once():
    assert len(list_source_files(make_report(files=(make_source("a.csv"), make_source("a.csv"))))) == 1


def test_a_report_that_lists_no_files_is_of_one():
    (only,) = list_source_files(make_report())
    assert (only.name, only.sha256, only.num_bytes) == ("rows.jsonl", "ab" * 32, 2400)
