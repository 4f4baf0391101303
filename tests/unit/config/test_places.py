"""Where things are kept, and how the environment moves them."""

from pathlib import Path

from aliquot.config.places import cache_dir, default_runs_dir, models_dir


def test_the_environment_moves_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path / "here"))
    assert cache_dir() == tmp_path / "here"
    assert models_dir() == tmp_path / "here" / "models"


def test_without_it_the_cache_is_the_users_own(monkeypatch):
    monkeypatch.delenv("ALIQUOT_HOME", raising=False)
    assert cache_dir().is_absolute() and cache_dir().name == "aliquot"


def test_runs_are_in_the_working_folder_unless_the_environment_says_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("ALIQUOT_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert default_runs_dir() == Path.cwd() / "runs"
    monkeypatch.setenv("ALIQUOT_RUNS", str(tmp_path / "elsewhere"))
    assert default_runs_dir() == tmp_path / "elsewhere"


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ALIQUOT_HOME", "~/cache")
    assert cache_dir() == tmp_path / "cache"
