import json

import pytest

from aliquot.cli.app import call
from tests.fixtures.reviews import write_reviews
from tests.fixtures.scripted import ScriptedTarget


@pytest.fixture
def target(monkeypatch):
    """Workers follow a script instead of being processes."""
    target = ScriptedTarget()
    monkeypatch.setattr("aliquot.compute.targets.local.TARGET", target)
    return target


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An own cache, an own folder of runs, a terminal of a known width, no waiting."""
    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("aliquot.workflows.watch.LOOK_S", 0)
    return tmp_path


@pytest.fixture
def data(tmp_path):
    return str(write_reviews(tmp_path / "reviews.jsonl"))


@pytest.fixture
def aliquot(capsys):
    """Type a command; get its exit code, its stdout and its stderr."""

    def type_(*words):
        code = call([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return type_


@pytest.fixture
def aliquot_json(aliquot):
    """Type a command with --json; get its exit code and its one document."""

    def type_(*words):
        code, out, err = aliquot(*words, "--json")
        assert err == ""
        return code, json.loads(out)

    return type_
