import json
import os
from dataclasses import replace

import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import About, RowField
from aliquot.core.records import sha256_file
from aliquot.data.check import check_data
from aliquot.export.croissant import DataFile, build_croissant, list_encodings
from aliquot.export.writers.croissant import write_croissant
from tests.fixtures.reports import make_finding, make_report


def _build(report, *files, **times):
    return json.loads(build_croissant(report, files, **times))


def _record_set(tree, name):
    return next(record for record in tree["recordSet"] if record["@id"] == name)


def test_the_checked_file_is_described_by_its_name_hash_and_size():
    tree = _build(make_report())
    assert "http://mlcommons.org/croissant/1.1" in tree["conformsTo"]
    assert tree["distribution"] == [
        {
            "@type": "cr:FileObject",
            "@id": "rows.jsonl",
            "name": "rows.jsonl",
            "contentUrl": "rows.jsonl",
            "contentSize": "2400 B",
            "encodingFormat": ["application/jsonlines"],
            "sha256": "ab" * 32,
        }
    ]
    assert "somebody" not in json.dumps(tree)


def test_what_the_user_did_not_say_is_absent():
    tree = _build(make_report())
    absent = {"license", "creator", "citeAs", "url", "version", "datePublished", "dateCreated", "inLanguage"}
    assert absent.isdisjoint(tree)


def test_what_the_user_said_stands_as_it_was_said():
    about = About(
        title="Extraction",
        licence="CC-BY-4.0",
        creators=("Ada Lovelace",),
        organization="Analytical Society",
        citation="@misc{x}",
        url="https://doi.org/10.1/x",
        version="1.0.0",
        description="Selectivities.",
    )
    tree = _build(make_report(about=about), created_at="2026-11-05T09:30:00Z")
    assert (tree["name"], tree["license"], tree["citeAs"]) == ("Extraction", "CC-BY-4.0", "@misc{x}")
    assert tree["creator"] == [
        {"@type": "sc:Person", "name": "Ada Lovelace"},
        {"@type": "sc:Organization", "name": "Analytical Society"},
    ]
    assert tree["dateCreated"] == "2026-11-05T09:30:00Z"


def test_splits_are_named_with_their_meaning_and_their_ids():
    data = _record_set(_build(make_report()), "splits")["data"]
    assert [(row["splits/name"], row["splits/url"], row["splits/num_examples"]) for row in data] == [
        ("train", "cr:TrainingSplit", 8),
        ("test", "cr:TestSplit", 4),
    ]


def test_labels_are_an_enumeration_with_counts():
    labels = _record_set(_build(make_report()), "labels")
    assert labels["dataType"] == "sc:Enumeration"
    assert labels["data"][0] == {"labels/name": "high", "labels/num_rows": 6}


def test_a_file_per_split_gets_a_record_set_and_an_empty_one_gets_none():
    files = [
        DataFile(path=f"rows/{split}.jsonl", sha256="ef" * 32, num_bytes=1, split=split)
        for split in ("train", "validation", "test")
    ]
    tree = _build(make_report(), *files)
    assert [record["@id"] for record in tree["recordSet"]] == ["splits", "labels", "train", "test"]
    assert len(tree["distribution"]) == 3
    assert [origin["sha256"] for origin in tree["isBasedOn"]] == ["ab" * 32]
    split = next(field for field in _record_set(tree, "test")["field"] if field["@id"] == "test/split")
    assert split["references"] == {"field": {"@id": "splits/name"}}


def test_a_file_none_of_whose_rows_has_metadata_is_described_without():
    fields = (*make_report().fields, RowField(name="year", kind="text", num_rows=1, is_metadata=True))
    files = [
        DataFile(path=f"rows/{split}.jsonl", sha256="ef" * 32, num_bytes=1, split=split, has_metadata=has)
        for split, has in (("train", True), ("test", False))
    ]
    tree = _build(make_report(fields=fields), *files)
    ids = {field["@id"] for name in ("train", "test") for field in _record_set(tree, name)["field"]}
    assert "train/metadata/year" in ids and "test/metadata/year" not in ids


def test_fields_of_a_shape_that_croissant_has_no_type_for_are_named_as_left_out():
    fields = (*make_report().fields, RowField(name="tools", kind="list", num_rows=1, is_metadata=True))
    rows = _record_set(_build(make_report(fields=fields)), "rows")
    assert "tools" in rows["description"]
    assert [field["@id"] for field in rows["field"]] == ["rows/messages", "rows/split"]


def test_columns_called_as_the_keys_of_a_chat_line_are_described_as_columns():
    fields = (
        RowField(name="conversations", kind="list", num_rows=1),
        RowField(name="messages", kind="list", num_rows=1, is_metadata=True),
        RowField(name="part", kind="text", num_rows=1),
        RowField(name="split", kind="text", num_rows=1, is_metadata=True),
    )
    rows = _record_set(_build(make_report(fields=fields)), "rows")
    assert rows["description"].endswith("left out: conversations, messages.")
    assert [(field["@id"], field["dataType"]) for field in rows["field"]] == [
        ("rows/part", "sc:Text"),
        ("rows/split", "sc:Text"),
    ]


def test_findings_become_limitations_and_notes_do_not():
    findings = (make_finding("warning", "Rows overlap.", lines=(3,)), make_finding("note", "Fine."))
    assert _build(make_report(findings=findings))["rai:dataLimitations"] == [
        "Rows overlap. (line 3)",
        "4 rows can show little.",
    ]


@pytest.mark.parametrize(
    ("path", "data_format", "encodings"),
    [
        ("rows.jsonl", "", ["application/jsonlines"]),
        ("rows/train.JSONL", "", ["application/jsonlines"]),
        ("a.b.csv.gz", "", ["text/csv", "application/gzip"]),
        ("rows.txt", "", ["text/plain"]),
        ("rows", "chat_jsonl", ["application/jsonlines"]),
        ("rows.dat", "csv_table", ["application/octet-stream"]),
    ],
)
def test_media_types_follow_from_the_endings(path, data_format, encodings):
    assert list_encodings(path, data_format) == encodings


def test_a_file_without_named_columns_is_described_without_records():
    tree = _build(make_report(file="rows.txt"))
    assert [record["@id"] for record in tree["recordSet"]] == ["splits", "labels"]
    assert tree["distribution"][0]["encodingFormat"] == ["text/plain"]


ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"Is {number} odd?"},
            {"role": "assistant", "content": "no" if number % 2 == 0 else "yes"},
        ],
        "split": "test" if number > 60 else "train",
        "year": 1900 + number,
        "metadata": {"doi": f"10.1/{number}", "odd key": "x"},
    }
    for number in range(80)
]


def test_identifiers_have_no_spaces_and_names_keep_theirs():
    fields = (
        RowField(name="odd key", kind="text", num_rows=1),
        RowField(name="odd-key", kind="text", num_rows=1),
    )
    found = _record_set(_build(make_report(fields=fields)), "rows")["field"]
    assert [(field["@id"], field["name"]) for field in found] == [
        ("rows/odd~20key", "odd key"),
        ("rows/odd-key", "odd-key"),
    ]


@pytest.mark.nightly
@pytest.mark.filterwarnings("default")  # rdflib and pandas deprecate things of their own
def test_mlcroissant_loads_the_file_and_yields_the_rows(tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    path = tmp_path / "my rows.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    report = check_data(path, DataSettings()).report
    (tmp_path / "croissant.json").write_text(build_croissant(report))
    data = mlcroissant.Dataset(tmp_path / "croissant.json")
    assert not data.metadata.ctx.issues.errors
    rows = list(data.records("rows"))
    assert len(rows) == 80
    assert [
        {part["rows/messages/role"].decode(): part["rows/messages/content"].decode()}
        for part in rows[7]["rows/messages"]
    ] == [{"user": "Is 7 odd?"}, {"assistant": "yes"}]
    assert rows[7]["rows/year"] == 1907
    assert rows[7]["rows/metadata/doi"] == b"10.1/7"
    assert rows[7]["rows/metadata/odd~20key"] == b"x"


def _save_two_files(folder):
    """Write rows of the same kind, of which only those of the first file have a year."""
    (folder / "my set").mkdir()
    for split, rows in (("train", ROWS[:61]), ("test", ROWS[61:])):
        kept = [
            {name: row[name] for name in ("messages", "year")[: 2 if split == "train" else 1]} for row in rows
        ]
        (folder / "my set" / f"{split}.jsonl").write_text("\n".join(map(json.dumps, kept)))
    return check_data(folder / "my set", DataSettings()).report


def test_each_of_several_files_is_described_by_its_own_hash(tmp_path):
    tree = _build(_save_two_files(tmp_path))
    files = {file["contentUrl"]: file["sha256"] for file in tree["distribution"]}
    assert files == {
        f"{split}.jsonl": sha256_file(tmp_path / "my set" / f"{split}.jsonl") for split in ("test", "train")
    }
    test = _record_set(tree, "rows/test.jsonl")
    assert test["description"] == "The rows of the split test. Fields that some rows lack are left out: year."
    assert [field["@id"] for field in test["field"]] == ["rows/test.jsonl/messages"]
    assert str(tmp_path) not in json.dumps(tree)


def test_stored_rows_name_every_file_that_they_were_made_from(tmp_path):
    file = DataFile(path="rows/train.jsonl", sha256="ef" * 32, num_bytes=1, split="train")
    origins = _build(_save_two_files(tmp_path), file)["isBasedOn"]
    assert [origin["name"] for origin in origins] == ["test.jsonl", "train.jsonl"]


@pytest.mark.nightly
@pytest.mark.filterwarnings("default")  # rdflib and pandas deprecate things of their own
def test_mlcroissant_yields_the_rows_of_each_of_several_files(tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    croissant = tmp_path / "my set" / "croissant.json"
    report = _save_two_files(tmp_path)
    croissant.write_text(build_croissant(report))
    data = mlcroissant.Dataset(croissant)
    assert not data.metadata.ctx.issues.errors
    for split, number in (("train", 61), ("test", 19)):
        rows = list(data.records(f"rows/{split}.jsonl"))
        assert len(rows) == number
        assert rows[0][f"rows/{split}.jsonl/messages"][0][f"rows/{split}.jsonl/messages/role"] == b"user"


@pytest.mark.nightly
@pytest.mark.filterwarnings("default")  # rdflib and pandas deprecate things of their own
@pytest.mark.parametrize("task", ["labels", "number", "text"])
def test_mlcroissant_yields_the_stored_rows_of_a_run(task, scored_run, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    run_dir = scored_run(task)
    os.symlink(run_dir.path / "rows", tmp_path / "rows")
    (tmp_path / "croissant.json").write_text(write_croissant(run_dir))
    data = mlcroissant.Dataset(tmp_path / "croissant.json")
    for split, number in (("train", 60), ("validation", 12), ("test", 40)):
        rows = list(data.records(split))
        assert len(rows) == number
        assert {row[f"{split}/split"] for row in rows} == {split.encode()}
        stored = [json.loads(line) for line in run_dir.rows_path(split).read_text().splitlines()]
        assert [row[f"{split}/example_id"].decode() for row in rows] == [row["example_id"] for row in stored]


def test_the_hashes_of_a_run_are_those_of_its_files(scored_run):
    run_dir = scored_run()
    tree = json.loads(write_croissant(run_dir))
    assert {file["contentUrl"]: file["sha256"] for file in tree["distribution"]} == {
        f"rows/{split}.jsonl": sha256_file(run_dir.rows_path(split))
        for split in ("train", "validation", "test")
    }
    assert tree["dateCreated"] == run_dir.read_spec().created_at


def test_a_one_row_file_is_described_too():
    report = make_report(splits=(), num_examples=0, task=replace(make_report().task, labels=()))
    assert [record["@id"] for record in _build(report)["recordSet"]] == ["rows"]
