import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from aliquot.cli.app import VERBS, main

HEAVY = (
    "torch",
    "transformers",
    "scipy",
    "sklearn",
    "pydantic",
    "tokenizers",
    "numpy",
    "rich",
    "huggingface_hub",
)


def loaded_after(statement):
    """Return which heavy packages a fresh Python has loaded after a statement."""
    program = f"import sys\n{statement}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(eval(done.stdout.splitlines()[-1]))


def test_finding_the_verb_loads_nothing_heavy():
    assert loaded_after("import aliquot.cli.app") == set()


def test_help_loads_nothing_heavy():
    assert loaded_after("from aliquot.cli.app import call; call(['--help'])") == set()


def test_importing_the_python_api_loads_nothing_heavy():
    assert loaded_after("import aliquot") == set()


def test_checking_loads_neither_torch_nor_the_scientific_packages():
    loaded = loaded_after("import aliquot.cli.check, aliquot.cli.views.data, aliquot.cli.tables")
    assert loaded.isdisjoint({"torch", "transformers", "scipy", "sklearn", "huggingface_hub"})


def test_help_lists_every_verb(aliquot):
    code, out, _ = aliquot("--help")
    assert code == 0
    assert all(f"\n  {verb} " in out for verb in VERBS)


def test_every_verb_is_a_file_and_every_file_with_an_app_is_a_verb():
    folder = Path(importlib.import_module("aliquot.cli").__file__).parent
    modules = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    with_app = [path for path in modules if "\napp = typer.Typer(" in path.read_text()]
    files = {path.parent.name if path.stem == "__init__" else path.stem for path in with_app}
    assert files == {*VERBS, "app"}


@pytest.mark.parametrize(
    "verb",
    [
        *VERBS,
        "runs list",
        "runs show",
        "runs delete",
        "models fetch",
        "data convert",
        "data prompts",
        "data show",
    ],
)
def test_every_verb_explains_itself_and_takes_json_and_debug(aliquot, verb):
    code, out, _ = aliquot(*verb.split(), "--help")
    assert code == 0
    assert verb in ("data", "runs", "models") or ("--json" in out and "--debug" in out)


def test_a_misspelt_verb_is_answered_with_the_right_one(aliquot):
    code, out, err = aliquot("reprot")
    assert (code, out) == (2, "")
    assert "Did you mean 'report'?" in err
    assert "Traceback" not in err


def test_a_misspelt_flag_is_answered_with_the_right_one(aliquot, data):
    code, _, err = aliquot("check", data, "--tset-fraction", "0.5")
    assert code == 2
    assert "--test-fraction" in err


def test_errors_are_json_when_json_is_asked_for(aliquot_json):
    code, document = aliquot_json("check", "nothing.jsonl")
    assert code == 2
    assert set(document["error"]) == {"code", "message", "location", "hint"}
    assert document["error"]["location"] == "nothing.jsonl"


def test_a_usage_error_is_json_too(aliquot_json):
    code, document = aliquot_json("check")
    assert (code, document["error"]["code"]) == (2, "usage")


def test_a_bug_is_told_as_a_bug_without_a_traceback(aliquot, monkeypatch, tmp_path):
    monkeypatch.setattr("aliquot.workflows.runs.list_runs", lambda runs_dir: 1 / 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, _, err = aliquot("runs", "list")
    assert code == 1
    assert "a bug in Aliquot" in err and "Traceback" not in err
    (log,) = tmp_path.glob("aliquot-bug-*.log")
    assert "ZeroDivisionError" in log.read_text()


def test_debug_shows_the_traceback(aliquot):
    code, _, err = aliquot("check", "nothing.jsonl", "--debug")
    assert code == 2
    assert "Traceback" in err


def test_ctrl_c_ends_with_130_and_no_traceback(aliquot, monkeypatch):
    def interrupt(runs_dir):
        raise KeyboardInterrupt

    monkeypatch.setattr("aliquot.workflows.runs.list_runs", interrupt)
    code, _, err = aliquot("runs", "list")
    assert code == 130
    assert "Traceback" not in err


def test_the_version_is_shown_by_verb_and_by_flag(aliquot):
    assert aliquot("version")[1] == aliquot("--version")[1] != ""


def test_main_exits_with_the_code(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["check", "nothing.jsonl"])
    assert caught.value.code == 2
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 0
