"""A run on preferences: it learns, it resumes to the bit, and its reference is the one it began with."""

import json

import pytest

from aliquot.core.preference import PairScore
from aliquot.core.records import read_records
from aliquot.errors import Interrupted, RunError
from aliquot.worker import run as program
from aliquot.worker.journal import RunJournal
from tests.fixtures.forked_worker import outcome_of
from tests.fixtures.preferences import make_tiny_preference_run


@pytest.fixture
def work(tmp_path, prepared_dir, monkeypatch):
    """Return a function that makes a tiny run on pairs, or takes one, and trains it."""
    monkeypatch.setattr(RunJournal, "listen_for_signals", lambda self: None)

    def start(name="run", run_dir=None, **training):
        run_dir = run_dir or make_tiny_preference_run(tmp_path / name, prepared_dir, **training)
        program.main([str(run_dir.path), "--model-dir", str(prepared_dir), "--stages", "train"])
        return run_dir

    return start


def data_of(run_dir, kind):
    return [event.data for event in run_dir.read_events() if event.kind == kind]


def test_it_learns_what_is_preferred(work):
    run_dir = work(num_steps=60, lora_dropout=0.0, validation_interval_steps=60)
    steps = data_of(run_dir, "step")
    assert steps[0]["loss"] == pytest.approx(0.693147, abs=1e-4)
    assert sum(step["preference_accuracy"] for step in steps[-5:]) / 5 > 0.9
    assert steps[-1]["reward_margin"] > 0.1
    [told] = data_of(run_dir, "preferences")
    scores = list(read_records(run_dir.preferences_path("test"), PairScore))
    assert [score.example_id for score in scores] == [row.example_id for row in run_dir.read_rows("test")]
    assert told["num_right"] == sum(score.margin > 0 for score in scores)
    assert told["num_right"] >= 9
    assert told["low"] < told["accuracy"] <= told["high"]


def test_stopped_and_resumed_equals_never_interrupted(work, tmp_path, prepared_dir, monkeypatch):
    whole = work("whole")
    cut = make_tiny_preference_run(tmp_path / "cut", prepared_dir)
    real, seen = RunJournal.find_wish, []

    def stop_once(self):
        seen.append(1)
        return "stop" if len(seen) == 9 else real(self)

    monkeypatch.setattr(RunJournal, "find_wish", stop_once)
    with pytest.raises(Interrupted):
        work(run_dir=cut)
    began_with = cut.reference_path.read_bytes()
    work(run_dir=cut)
    assert outcome_of(cut) == outcome_of(whole)
    assert cut.reference_path.read_bytes() == began_with == whole.reference_path.read_bytes()
    assert cut.preferences_path("test").read_bytes() == whole.preferences_path("test").read_bytes()


def test_another_reference_than_the_run_began_with_is_refused(work, tmp_path, prepared_dir):
    run_dir = work(num_steps=2)
    again = make_tiny_preference_run(tmp_path / "again", prepared_dir, num_steps=2)
    record = json.loads(run_dir.reference_path.read_text())
    record["splits"]["train"][0]["chosen"] += 0.5
    again.reference_path.write_text(json.dumps(record))
    with pytest.raises(RunError) as caught:
        work(run_dir=again)
    assert caught.value.code == "reference_differs"
    again.requests_dir.mkdir(exist_ok=True)
    (again.requests_dir / "from_start").touch()
    work(run_dir=again)
    assert again.reference_path.read_bytes() == run_dir.reference_path.read_bytes()
