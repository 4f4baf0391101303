import pytest

from aliquot.errors import RunError
from aliquot.workflows.find import find_run, list_run_dirs


@pytest.fixture
def three(tmp_path):
    for name in ("20260101-a", "20260102-b", "20260102-c", ".20260103-half.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spec.json").write_text("{}")
    (tmp_path / "no-run").mkdir()
    return tmp_path


def test_runs_are_listed_by_time_and_half_made_ones_are_not(three):
    assert [one.run_id for one in list_run_dirs(three)] == ["20260101-a", "20260102-b", "20260102-c"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("20260101-a", "20260101-a"),
        ("20260101", "20260101-a"),
        ("20260102-c", "20260102-c"),
        ("last", "20260102-c"),
    ],
)
def test_a_run_is_found_by_name_beginning_or_last(three, name, found):
    assert find_run(name, three).run_id == found


def test_a_run_is_found_by_its_folder(three):
    assert find_run(three / "20260102-b", three / "elsewhere").run_id == "20260102-b"


def test_a_beginning_of_several_is_refused_with_their_names(three):
    with pytest.raises(RunError, match="20260102-b, 20260102-c") as caught:
        find_run("20260102", three)
    assert caught.value.code == "run_ambiguous"


@pytest.mark.parametrize("name", ["nope", "", "no-run"])
def test_an_unknown_name_is_refused(three, name):
    with pytest.raises(RunError) as caught:
        find_run(name, three)
    assert caught.value.code == "run_not_found"


def test_last_of_nothing_is_refused(tmp_path):
    with pytest.raises(RunError, match="has 0 runs"):
        find_run("last", tmp_path)


def test_a_file_of_answers_is_no_run_and_a_part_of_a_name_is_recognised(fixture_run, tmp_path):
    answers = tmp_path / "alpha.csv"
    answers.write_text("id,answer\n")
    with pytest.raises(RunError) as caught:
        find_run(answers)
    assert "--against ROWS" in caught.value.hint
    part = fixture_run.run_id[3:-1]
    with pytest.raises(RunError) as caught:
        find_run(part)
    assert f"Did you mean {fixture_run.run_id}?" in caught.value.hint
