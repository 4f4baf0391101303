import gzip
import json

import huggingface_hub.constants
import pyarrow
import pyarrow.parquet
import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.findings import Findings
from aliquot.data.hub import HubName, find_hub_name
from aliquot.data.parts import open_parts
from aliquot.errors import InputError, MachineError
from tests.fixtures.stand_in_hub import COMMIT, GATED, REPOSITORY, stand_in_hub
from tests.unit.data.rows import chat_line, write_lines


def read(path, **settings):
    """Return prompt and split of every row, and the codes of what was found, by file."""
    rows, codes = [], {}
    for part in open_parts(path, DataSettings(**settings)):
        findings = Findings(part.file)
        rows += [(_prompt(row.value), row.value.get("split")) for row in part.read(findings)]
        codes[part.file] = [(item.code, item.lines) for item in findings.finish()]
    return rows, codes


def _prompt(value):
    return value["messages"][0]["content"]


def refuse(path, **settings):
    with pytest.raises((InputError, MachineError)) as caught:
        open_parts(path, DataSettings(**settings))
    return caught.value


def test_a_file_is_one_part_whose_rows_keep_their_own_split(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [chat_line("p", "a", split="TEST"), chat_line("q", "b")])
    (part,) = open_parts(path, DataSettings())
    assert (part.file, part.split, part.format.name) == (str(path), None, "chat_jsonl")
    assert read(path)[0] == [("p", "TEST"), ("q", None)]


def test_a_folder_of_mlx_gives_each_file_its_split(tmp_path):
    for name in ("train", "valid", "test"):
        write_lines(tmp_path / f"{name}.jsonl", [chat_line(name, "a")])
    (tmp_path / "README.md").write_text("about")
    rows, codes = read(tmp_path)
    assert rows == [("test", "test"), ("train", "train"), ("valid", "validation")]
    assert [str(tmp_path / f"{name}.jsonl") for name in ("test", "train", "valid")] == list(codes)


def test_a_row_that_contradicts_its_file_is_an_error_and_counted(tmp_path):
    write_lines(
        tmp_path / "train.jsonl", [chat_line("p", "a", split="test"), chat_line("q", "b", split="Train")]
    )
    write_lines(tmp_path / "test.jsonl", [chat_line("r", "c")])
    rows, codes = read(tmp_path)
    assert rows == [("r", "test"), ("q", "Train")]
    assert codes[str(tmp_path / "train.jsonl")] == [("split_conflict", (1,))]


def test_files_that_were_set_add_their_rows_and_the_rest_is_train(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [chat_line("p", "a"), chat_line("q", "b", split="test")])
    held = write_lines(tmp_path / "held.jsonl", [chat_line("r", "c")])
    other = write_lines(tmp_path / "other.csv", ["text,label", "s,d"])
    rows, _ = read(path, test_file=str(held), validation_file=str(other))
    assert rows == [("p", "train"), ("q", "test"), ("s", "validation"), ("r", "test")]


@pytest.mark.parametrize("word", ["0", 0])
def test_splits_numbered_as_by_ludwig_are_read_and_noted(tmp_path, word):
    lines = [
        chat_line("p", "a", fold=word),
        chat_line("q", "b", fold=type(word)(2)),
        chat_line("r", "c", fold=1),
    ]
    rows, codes = read(write_lines(tmp_path / "a.jsonl", lines), split_key="fold")
    assert rows == [("p", "train"), ("q", "test"), ("r", "validation")]
    assert [code for code, _ in codes[str(tmp_path / "a.jsonl")]] == ["split_numbers"]


def test_numbers_among_words_are_no_splits(tmp_path):
    lines = [chat_line("p", "a", split=0), chat_line("q", "b", split="test")]
    assert read(write_lines(tmp_path / "a.jsonl", lines))[0] == [("p", 0), ("q", "test")]


def test_the_split_may_stand_under_another_key(tmp_path):
    lines = [chat_line("p", "a", part="dev"), chat_line("q", "b", part="train")]
    rows, _ = read(write_lines(tmp_path / "a.jsonl", lines), split_key="part")
    assert rows == [("p", "dev"), ("q", "train")]


def make_table(*prompts):
    return pyarrow.table({"prompt": list(prompts), "completion": ["a"] * len(prompts)})


def test_parquet_files_named_as_on_the_hub_have_their_splits(tmp_path):
    (tmp_path / "data").mkdir()
    for name, prompt in (("train-00000-of-00002", "p"), ("train-00001-of-00002", "q"), ("test-0", "r")):
        pyarrow.parquet.write_table(make_table(prompt), tmp_path / "data" / f"{name}.parquet")
    assert read(tmp_path)[0] == [("r", "test"), ("p", "train"), ("q", "train")]


def save_as_datasets_does(folder, table):
    folder.mkdir(parents=True)
    with pyarrow.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]})
    )
    (folder / "dataset_info.json").write_text("{}")


def test_saved_data_sets_are_read_whole_or_by_split(tmp_path):
    save_as_datasets_does(tmp_path / "one", make_table("p", "q"))
    assert read(tmp_path / "one")[0] == [("p", None), ("q", None)]
    for split in ("train", "validation"):
        save_as_datasets_does(tmp_path / "many" / split, make_table(split))
    (tmp_path / "many" / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    assert read(tmp_path / "many")[0] == [("train", "train"), ("validation", "validation")]


def test_names_of_classes_are_read_for_their_numbers(tmp_path):
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    about = json.dumps({"info": {"features": features}})
    table = pyarrow.table({"text": ["good", "bad"], "label": [1, 0]})
    pyarrow.parquet.write_table(table.replace_schema_metadata({"huggingface": about}), tmp_path / "a.parquet")
    (part,) = open_parts(tmp_path / "a.parquet", DataSettings())
    findings = Findings("a")
    assert [row.value["messages"][1]["content"] for row in part.read(findings)] == ["pos", "neg"]
    assert [item.code for item in findings.finish()] == ["class_names"]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"README.md": "x"}, "no_rows_in_folder"),
        ({"a.csv": "text,label\np,a\n", "a.jsonl": "{}"}, "ambiguous_folder"),
        ({"one/a.jsonl": "{}", "two/a.jsonl": "{}"}, "ambiguous_folder"),
        ({"train.jsonl": "{}", "more.jsonl": "{}"}, "ambiguous_folder"),
        ({"state.json": "{"}, "damaged_file"),
        ({"state.json": '{"_data_files": [{"filename": "../../x"}]}'}, "damaged_file"),
        ({"dataset_dict.json": '{"splits": ["trial"]}'}, "unknown_split"),
    ],
)
def test_a_folder_that_is_not_plain_is_refused(tmp_path, files, code):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert refuse(tmp_path).code == code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hub:lab/set", HubName("lab/set")),
        ("hub:lab/set@v1.0#data/train", HubName("lab/set", "v1.0", "data/train")),
        ("lab/set@main", HubName("lab/set", "main")),
        ("lab/rows.jsonl", None),
        ("rows", None),
        ("./lab/set", None),
        ("a/b/c", None),
    ],
)
def test_a_name_of_the_hub_is_told_from_a_path(text, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_hub_name(text) == name
    (tmp_path / "lab").mkdir()
    assert find_hub_name(text) == (name if text.startswith("hub:") else None)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    folder = tmp_path / "served"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("about")
    (folder / "data" / "train.jsonl.gz").write_bytes(gzip.compress(chat_line("p", "a").encode()))
    write_lines(folder / "data" / "test.jsonl", [chat_line("q", "b")])
    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    with stand_in_hub(folder) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        yield endpoint


def test_a_data_set_of_the_hub_is_read_at_its_commit_and_not_fetched_twice(hub, monkeypatch):
    rows, codes = read(f"hub:{REPOSITORY}")
    assert rows == [("q", "test"), ("p", "train")]
    assert next(iter(codes)) == f"hub:{REPOSITORY}@{COMMIT}/data/test.jsonl"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert read(f"{REPOSITORY}@{COMMIT}")[0] == rows


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (GATED, "dataset_gated"),
        ("lab/unknown", "dataset_not_found"),
        (f"{REPOSITORY}@v9", "revision_not_found"),
        (f"{REPOSITORY}#other", "no_rows_in_folder"),
    ],
)
def test_what_the_hub_refuses_is_told(hub, name, code):
    assert refuse(f"hub:{name}").code == code


def test_a_hub_out_of_reach_is_told(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert refuse(f"hub:{REPOSITORY}").code == "hub_unreachable"
