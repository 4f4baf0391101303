import pytest

from aliquot.core.dataset import Finding
from aliquot.data.overlap import find_conflicts, measure_overlap
from aliquot.data.remedies import REMEDIES, apply_remedies, require_remedies, with_remedies
from aliquot.errors import InputError
from tests.unit.data.rows import example, list_rows, table_of

ROWS = [
    example("p", "High", line=1, split="train"),
    example("p", "High", line=2, split="train"),
    example("q", "high ", line=3, split="train"),
    example("r", "High", line=4, split="train"),
    example("r", "low", line=5, split="train"),
    example("p", "High", line=6, split="test"),
    example("s", "low", line=7, split="test"),
]


def apply(*names, phase):
    treated = apply_remedies(table_of(ROWS), names, phase)
    return list_rows(treated.table), list(treated.findings)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("drop_conflicts", [1, 2, 3, 6, 7]),
        ("drop_duplicates", [1, 3, 4, 5, 6, 7]),
        ("drop_overlap_from_train", [3, 4, 5, 6, 7]),
        ("drop_overlap_from_test", [1, 2, 3, 4, 5, 7]),
    ],
)
def test_a_remedy_leaves_out_just_its_rows_and_says_which(name, kept):
    treated = apply_remedies(table_of(ROWS), [name], REMEDIES[name].phase)
    (finding, *_), changes = treated.findings, treated.changes
    assert [item.line for item in list_rows(treated.table)] == kept
    lost = sorted({item.line for item in ROWS} - set(kept))
    assert (finding.code, finding.severity) == ("remedy_applied", "warning")
    assert (list(finding.lines), finding.count) == (lost, len(lost))
    assert f"were left out ({name})." in finding.message
    assert [item.line for item in changes if item.action == "left_out"] == lost


def test_similar_labels_become_the_most_frequent_one():
    rows, (finding,) = apply("merge_similar_labels", phase="before")
    assert [item.reference for item in rows] == ["High", "High", "High", "High", "low", "High", "low"]
    assert (finding.lines, finding.count) == ((3,), 1)
    assert rows[2].content_hash == example("q", "High").content_hash


def test_spaces_around_answers_go():
    rows, (finding,) = apply("strip_answers", phase="before")
    assert rows[2].reference == "high"
    assert finding.lines == (3,)


def test_nothing_happens_that_was_not_asked_for():
    for phase in ("before", "after"):
        rows, findings = apply(phase=phase)
        assert [item.line for item in rows] == [1, 2, 3, 4, 5, 6, 7]
        assert findings == []
    assert apply("drop_duplicates", phase="before")[1] == []


def test_a_remedy_cures_what_it_answers():
    table = apply_remedies(table_of(ROWS), ["drop_overlap_from_train"], "after").table
    assert measure_overlap(table, find_conflicts(table)).test_prompts_in_train == 0
    table = apply_remedies(table_of(ROWS), ["drop_conflicts"], "before").table
    assert find_conflicts(table).num_conflicting == 0


def test_a_misspelt_remedy_is_answered_with_the_near_name():
    with pytest.raises(InputError, match="drop_duplicate") as caught:
        require_remedies(["drop_duplicate"])
    assert caught.value.hint == "Did you mean 'drop_duplicates'?"
    with pytest.raises(InputError) as caught:
        require_remedies(["xyz"])
    assert "drop_overlap_from_train" in caught.value.hint


def test_findings_name_the_remedies_that_fit():
    def names(code, **rest):
        finding = Finding(code=code, severity="error", message="m", **rest)
        return with_remedies(finding).remedies

    assert names("test_prompt_in_train") == ("drop_overlap_from_train", "drop_overlap_from_test")
    assert names("unknown_role", remedies=("drop_invalid",)) == ("drop_invalid",)
    assert names("no_test") == ()


def test_a_changed_answer_is_told_with_what_it_was():
    (change,) = apply_remedies(table_of(ROWS), ["merge_similar_labels"], "before").changes
    assert (change.line, change.action, change.before, change.after) == (3, "changed", "high ", "High")
