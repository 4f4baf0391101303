"""The main job on a tiny random model: one file in, everything out, every number recomputed from files.

Real processes, real worker, real scoring; only the model is small. Run alone: pytest tests/workflow.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aliquot
from aliquot.core.records import canonical_json
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from tests.fixtures.training import conversation

SETTINGS = {"num_epochs": 1, "batch_size": 8, "lora_rank": 4, "learning_rate": 5e-3}


def write_rows(path: Path, num_rows: int = 120) -> Path:
    """Write a chat file whose labels follow from its prompts; every fourth row is a test row."""
    with path.open("w", encoding="utf-8") as file:
        for index in range(num_rows):
            messages = [{"role": m.role, "content": m.content} for m in conversation(index)]
            split = "test" if index % 4 == 0 else "train"
            file.write(json.dumps({"messages": messages, "split": split}) + "\n")
    return path


@pytest.fixture(scope="module")
def job(tiny_model_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    data = write_rows(folder / "molecules.jsonl")
    result = aliquot.run(data, base=str(tiny_model_dir), runs_dir=folder / "runs", **SETTINGS)
    return RunDir(Path(result.path)), result


def test_everything_promised_is_there(job):
    run_dir, result = job
    assert result.state is RunState.FINISHED
    for name in (
        "spec.json",
        "events.jsonl",
        "measured.json",
        "environment.json",
        "adapter/adapter_model.safetensors",
        "rows/test.jsonl",
        "scores/report.json",
        "report.html",
        "settings.csv",
        "settings.tex",
        "items.csv",
        "predictions.csv",
        "methods.txt",
        "reproduce.py",
        "figures/forest_plot.svg",
        "figures/loss_curve.svg",
    ):
        assert (run_dir.path / name).stat().st_size > 0, name


def test_every_model_answered_every_test_row(job):
    run_dir, _ = job
    ids = [row.example_id for row in run_dir.read_rows("test")]
    assert len(ids) == 30
    models = {model for model, split in run_dir.list_predictions() if split == "test"}
    assert models == {"base", "base_few_shot", "tuned", "linear", "nearest_neighbour", "majority"}
    for model in models:
        assert [answer.example_id for answer in run_dir.read_predictions(model, "test")] == ids


def test_the_rows_are_those_of_the_file(job):
    run_dir, _ = job
    spec = run_dir.read_spec()
    lines = Path(run_dir.path.parent.parent / "molecules.jsonl").read_text(encoding="utf-8").splitlines()
    for split in ("train", "validation", "test"):
        for row in run_dir.read_rows(split):
            assert json.loads(lines[row.line - 1])["messages"][-1]["content"] == row.reference
        digest = hashlib.sha256(run_dir.rows_path(split).read_bytes()).hexdigest()
        assert spec.rows_sha256[split] == digest


def test_accuracy_is_recounted_by_hand_from_the_predictions(job):
    run_dir, result = job
    for model in ("tuned", "linear", "majority", "base_few_shot"):
        answers = [
            json.loads(line) for line in run_dir.predictions_path(model, "test").read_text().splitlines()
        ]
        right = sum(answer["output"].strip().lower() == answer["reference"] for answer in answers)
        reported = result.evaluation.get_result(model).primary
        assert reported.value == pytest.approx(right / len(answers), abs=1e-12), model


def test_scoring_again_without_torch_gives_the_same_bytes(job):
    run_dir, _ = job
    before = {path.name: path.read_bytes() for path in (run_dir.path / "scores").iterdir()}
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'peft'): sys.modules[name] = None\n"
        "from aliquot.cli.app import main; main()"
    )
    command = [sys.executable, "-c", code, "evaluate", str(run_dir.path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    after = {path.name: path.read_bytes() for path in (run_dir.path / "scores").iterdir()}
    assert after == before


def test_the_numbers_of_the_page_are_those_of_the_record(job):
    run_dir, result = job
    page = run_dir.report_path.read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", page)
    for model in result.evaluation.results:
        value = model.primary.value
        assert f"{value:.2f}" in text, model.model
    assert 'http-equiv="refresh"' not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_the_settings_load_again_and_give_the_same_plan(job, tmp_path):
    run_dir, _ = job
    done = subprocess.run(
        [sys.executable, "-m", "aliquot", "runs", "show", str(run_dir.path), "--yaml"],
        capture_output=True,
        text=True,
        check=True,
    )
    settings = tmp_path / "settings.yaml"
    settings.write_text(done.stdout, encoding="utf-8")
    data = run_dir.path.parent.parent / "molecules.jsonl"
    again = aliquot.plan(data, config=settings)
    first = run_dir.read_spec().plan
    # As JSON: a tuple that was stored comes back as a list.
    planned, stored = ({c.name: c.value for c in plan.choices} for plan in (again, first))
    assert canonical_json(planned) == canonical_json(stored)


def test_the_resolved_settings_leave_nothing_to_a_rule(job):
    run_dir, _ = job
    data = run_dir.path.parent.parent / "molecules.jsonl"
    again = aliquot.plan(data, config=run_dir.path / "settings.yaml")
    first = run_dir.read_spec().plan
    values = [{c.name: c.value for c in plan.choices} for plan in (again, first)]
    assert canonical_json(values[0]) == canonical_json(values[1])
    automatic = {c.name for c in again.choices if c.set_by == "rule"}
    assert automatic == {
        "recipe",
        "train.start_from",
        "train.time_budget_s",
        "train.max_steps",
        "evaluate.tolerance",
        "evaluate.positive_label",
        "evaluate.class_prior",
    }  # those without a value


def test_a_worker_killed_in_the_middle_is_resumed_to_the_same_adapter(job, tiny_model_dir, tmp_path):
    """kill -9 of the worker while it trains; `aliquot resume` ends with the uninterrupted run's bytes."""
    run_dir, _ = job
    data = run_dir.path.parent.parent / "molecules.jsonl"
    # The worker is killed by its own journal after the sixth step: a point no run can miss.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if 'aliquot.worker.run' in ' '.join(sys.orig_argv):\n"
        "    import aliquot.worker.journal as journal\n"
        "    write = journal.RunJournal.write\n"
        "    def deadly(self, kind, **data):\n"
        "        write(self, kind, **data)\n"
        "        if kind == 'step' and data['step'] == 6:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "    journal.RunJournal.write = deadly\n"
    )
    aliquot_command = [sys.executable, "-m", "aliquot"]
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()]
    deadly = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"}
    runs = ["--runs-dir", str(tmp_path / "runs")]
    first = subprocess.run(
        [*aliquot_command, "run", str(data), "--base", str(tiny_model_dir), *flags, *runs],
        env=deadly,
        capture_output=True,
        text=True,
        check=False,
    )
    assert first.returncode != 0
    assert "aliquot resume" in first.stderr
    assert "Traceback" not in first.stderr
    second = subprocess.run(
        [*aliquot_command, "resume", "last", *runs], capture_output=True, text=True, check=False
    )
    assert second.returncode == 0, second.stderr
    (resumed,) = (RunDir(path) for path in (tmp_path / "runs").iterdir() if path.is_dir())
    starts = [event.data["from_step"] for event in resumed.read_events() if event.kind == "resumed"]
    assert starts[0] == 0 < starts[-1]
    weights = "adapter_model.safetensors"
    assert (resumed.adapter_dir / weights).read_bytes() == (run_dir.adapter_dir / weights).read_bytes()
