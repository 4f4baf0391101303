from dataclasses import replace

import pytest
from huggingface_hub import DatasetCard

from aliquot.core.dataset import About, RowField, TokenProfile
from aliquot.export.croissant import DataFile
from aliquot.export.data_card import build_data_card, describe_for_paper
from aliquot.export.writers.data_card import write_data_card
from tests.fixtures.lengths import make_lengths
from tests.fixtures.reports import COUNTS, make_finding, make_report
from tests.unit.export.test_source_files import make_source

ASKED = "Not stated: creators, version, licence, web page or DOI and citation."


def _front_matter(report, *files):
    return DatasetCard(build_data_card(report, files), ignore_metadata_errors=False).data.to_dict()


def test_the_hub_reads_the_front_matter_and_no_language_is_guessed():
    assert _front_matter(make_report()) == {
        "pretty_name": "rows",
        "task_categories": ["text-classification"],
        "size_categories": ["n<1K"],
    }


@pytest.mark.parametrize(
    ("licence", "found"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("https://example.org/terms", {"license": "other", "license_link": "https://example.org/terms"}),
        ("On request: ask us", {"license": "other", "license_name": "On request: ask us"}),
    ],
)
def test_licences_are_written_as_the_hub_expects(licence, found):
    front = _front_matter(make_report(about=About(licence=licence)))
    assert {name: value for name, value in front.items() if name.startswith("license")} == found


def test_files_per_split_become_a_configuration_without_the_empty_one():
    files = [
        DataFile(path=f"rows/{split}.jsonl", sha256="ef" * 32, num_bytes=1, split=split)
        for split in ("train", "validation", "test")
    ]
    assert _front_matter(make_report(), *files)["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": "rows/train.jsonl"},
                {"split": "test", "path": "rows/test.jsonl"},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("number", "category"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (100_000, "100K<n<1M"), (10**6, "1M<n<10M")],
)
def test_size_categories_change_at_their_bounds(number, category):
    assert _front_matter(make_report(num_examples=number))["size_categories"] == [category]


def test_numbers_have_no_category_of_the_hub():
    task = replace(make_report().task, task_type="number", labels=())
    assert "task_categories" not in _front_matter(make_report(task=task))


def test_the_paragraph_for_a_paper_can_be_pasted():
    assert describe_for_paper(make_report()) == (
        "The data set comprised 12 prompts with a reference answer each: 8 for training and 4 for testing. "
        "How they were split: The file's own split was kept: 8 train, 4 test rows. Answers were one of the "
        "labels high (50.0 %) and low (50.0 %). No test prompt occurs verbatim in train or validation. The "
        f"data are identified by the SHA-256 of the file, {'ab' * 32}."
    )


def test_what_was_not_given_is_said_to_be_missing():
    assert ASKED in build_data_card(make_report())
    about = About(
        creators=("A", "B"), organization="C", licence="MIT", citation="```@x```", url="u", version="1"
    )
    card = build_data_card(make_report(about=about))
    assert "Not stated" not in card
    assert "- Made by: A, B and C" in card
    assert "````\n```@x```\n````" in card, "a fence in a citation cannot end the block"


def test_sections_without_content_are_left_out():
    card = build_data_card(make_report(detectable=None, fields=()))
    assert "## Lengths" not in card
    assert "## What the test can show" not in card
    assert "Seen by the model" not in card


def test_nothing_from_the_data_becomes_markup():
    label = "<b>x</b> | `a` *b* [c](http://d) _e_"
    splits = tuple(replace(one, label_counts={label: one.num_examples}) for one in make_report().splits)
    fields = (RowField(name="a|b", kind="text", num_rows=1, is_metadata=True),)
    finding = make_finding("error", f"Found {label!r}.", remedy="<script>")
    card = build_data_card(make_report(splits=splits, fields=fields, findings=(finding,)))
    assert "<" not in card.replace("1K<", "").replace("n<1K", "")
    assert r"&lt;b>x&lt;/b> \| \`a\` \*b\* \[c\](http://d) \_e\_" in card
    assert r"| a\|b | text | 1 | no |" in card


def test_findings_stand_by_weight_with_their_lines_and_remedies():
    findings = (
        make_finding("warning", "Weak.", lines=(3, 5), count=12, remedy="Look."),
        make_finding("note", "Fine."),
    )
    card = build_data_card(make_report(findings=findings))
    assert "Fit for training: no errors, 1 warning." in card
    assert "### Warning\n\n- Weak. (lines 3, 5 and 10 more) *Look.*\n\n### Note\n\n- Fine." in card


def test_lengths_are_told_where_they_are_known():
    tokens = TokenProfile(
        num_tokens=1000,
        num_trained_tokens=20,
        longest_line=3,
        shared_prefix=4,
        prefix_tree_tokens={1: 1000, 8: 500},
        distinct_tokens=250,
        rows=make_lengths(12, 15, 16),
        prompts=make_lengths(10, 13, 14),
        answers=make_lengths(2),
    )
    splits = (replace(make_report().splits[0], tokens=tokens), make_report().splits[1])
    card = build_data_card(make_report(splits=splits, base="smollm2-135m-instruct"))
    assert "| train | 12 | 15 | 16 | 1,000 | 20 |" in card
    assert "under the chat template of smollm2-135m-instruct" in card


def test_many_labels_are_counted_rather_than_listed():
    counts = {f"label {number:03}": 1 for number in range(150)}
    splits = tuple(replace(one, label_counts=counts, num_examples=150) for one in make_report().splits)
    card = build_data_card(make_report(splits=splits))
    assert "… and 50 more labels." in card
    assert "Answers were one of 150 labels." in card


@pytest.mark.parametrize("task", ["labels", "number", "text"])
def test_the_card_of_a_run_names_the_files_beside_it(task, scored_run):
    card = write_data_card(scored_run(task))
    assert "`rows/train.jsonl`" in card
    assert "it is not among them" in card


def test_beside_files_of_a_run_both_layouts_are_told():
    files = [DataFile(path="rows/train.jsonl", sha256="ef" * 32, num_bytes=1, split="train")]
    assert "one JSON object per line: `example_id`" in build_data_card(make_report(), files)
    assert "one JSON object per line" not in build_data_card(make_report())


def test_the_fixture_has_both_labels_in_both_splits():
    assert all(set(counts) == {"high", "low"} for counts in COUNTS.values())


def test_a_card_of_several_files_names_each_and_says_what_the_hash_is_of():
    files = (make_source("/set/train.csv", sha256="12" * 32), make_source("/set/test.csv", sha256="34" * 32))
    report = make_report(file="/set", files=files)
    card = build_data_card(report)
    assert f"| `train.csv` | 7 bytes | `{'12' * 32}` |\n| `test.csv` | 7 bytes | `{'34' * 32}` |" in card
    assert f"the SHA-256 of the files' hashes, {'ab' * 32}." in card
    stored = DataFile(path="rows/train.jsonl", sha256="ef" * 32, num_bytes=1, split="train")
    assert "The last 2 are what the others were made from" in build_data_card(report, [stored])
