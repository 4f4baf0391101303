"""Every writer in the folder: it says what it is, works at any stage of a run, and repeats itself."""

import importlib
import re

import pytest

from aliquot.export.write import WRITERS, get_writer, list_writers
from aliquot.export.writer import Writer
from tests.fixtures.scored_runs import STATES, make_scored_run

NAMES = list_writers()
TASKS = ("labels", "number", "text", "set", "json")
AT_ONCE = {
    "croissant",
    "data_card",
    "report_html",
    "settings_csv",
    "settings_latex",
    "settings_yaml",
    "methods_text",
    "reproduce_script",
}
"""What a plan alone is enough for."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return {
        (task, state): make_scored_run(
            tmp_path_factory.mktemp(f"{task}-{state}"), task_type=task, state=state
        )
        for task in TASKS
        for state in STATES
    }


def _files(run_dir):
    return {path: path.read_bytes() for path in sorted(run_dir.path.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_writer_is_named_by_its_file_and_says_what_it_is(name):
    writer = get_writer(name)
    assert isinstance(writer, Writer)
    assert writer.name == name
    assert writer.title
    assert (importlib.import_module(f"{WRITERS}.{name}").__doc__ or "").startswith("``")


def test_no_two_writers_share_a_file_and_none_leaves_the_run_directory():
    names = [get_writer(name).filename for name in NAMES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(figures/)?[a-z_]+\.[a-z]+", name) for name in names)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_writer_works_at_any_stage_writes_nothing_itself_and_repeats_itself(name, task, state, runs):
    run_dir = runs[task, state]
    before = _files(run_dir)
    text = get_writer(name).write(run_dir)
    assert _files(run_dir) == before
    assert text is None or text.strip()
    assert get_writer(name).write(run_dir) == text


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", sorted(AT_ONCE))
def test_a_plan_alone_is_enough_for_what_describes_it(name, task, runs):
    assert get_writer(name).write(runs[task, "planned"])


@pytest.mark.parametrize("name", sorted(set(NAMES) - AT_ONCE))
def test_what_shows_results_waits_for_them(name, runs):
    assert get_writer(name).write(runs["labels", "planned"]) is None
    assert any(get_writer(name).write(runs[task, "finished"]) for task in TASKS)


@pytest.mark.parametrize("name", NAMES)
def test_no_artefact_tells_where_the_run_lies(name, runs):
    run_dir = runs["labels", "finished"]
    artefact = get_writer(name).write(run_dir) or ""
    data = artefact if isinstance(artefact, bytes) else artefact.encode()
    assert str(run_dir.path).encode() not in data
