from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aliquot.workflows.surroundings import Surroundings
from tests.fixtures.reviews import write_reviews
from tests.fixtures.run_dirs import make_run_dir
from tests.fixtures.scripted import ScriptedTarget


@dataclass
class Clock:
    """A clock that moves on by itself when somebody waits."""

    time: datetime = datetime(2026, 11, 24, 15, 30, 12, tzinfo=UTC)
    interrupts: list[int] = field(default_factory=list)
    """At which waits (counted from 1) the user types Ctrl-C."""
    num_waits: int = 0

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.num_waits += 1
        self.time += timedelta(seconds=seconds)
        if self.num_waits in self.interrupts:
            raise KeyboardInterrupt


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def surround(clock, told):
    """Make surroundings around a scripted target."""

    def make(script=None, **errors):
        target = script if isinstance(script, ScriptedTarget) else ScriptedTarget(script, **errors)
        return Surroundings(
            target=target, tell=told.append, now=clock.now, sleep=clock.sleep, token=lambda: "a1b2"
        )

    return make


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch) -> Path:
    """An own cache and an own folder of runs."""
    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALIQUOT_RUNS", str(tmp_path / "runs"))
    return tmp_path


@pytest.fixture
def runs_dir(places):
    return places / "runs"


@pytest.fixture
def data(tmp_path):
    return write_reviews(tmp_path / "film reviews!.jsonl")


@pytest.fixture
def fixture_run(runs_dir):
    """A run in the middle of training, written record by record."""
    runs_dir.mkdir()
    return make_run_dir(runs_dir, with_tuned=False)
