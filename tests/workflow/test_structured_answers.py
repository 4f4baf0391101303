"""Sets and JSON records from file to report: the kind of answer is recognised and scored as such."""

import json
from itertools import permutations
from pathlib import Path

import pytest

import aliquot
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir

SETTINGS = {"num_epochs": 1, "batch_size": 16, "lora_rank": 2, "models": ["tuned"], "max_new_tokens": 4}
HEADLINES = {
    "set": "set_match",
    "json": "field_f1",
    "composition": "composition_match",
    "molecule": "molecule_match",
}
GROUPS = ("acid", "amine", "ketone", "ether", "ester")
ANSWERS = {
    "set": ["; ".join(groups) for groups in permutations(GROUPS, 3)][:40],
    "composition": [
        f"{metal}{index + 1}O{number}" for index in range(20) for metal, number in (("Fe", 3), ("Ti", 7))
    ],
    "molecule": [f"{'C' * (index + 1)}(=O)O" for index in range(40)],
    "json": [json.dumps({"id": index, "charge": index % 3}) for index in range(40)],
}


def write_rows(path: Path, answers: list[str]) -> Path:
    """Write a chat file; every fourth row is a test row."""
    lines = []
    for index, answer in enumerate(answers):
        messages = [
            {"role": "user", "content": f"What is in bottle {index}?"},
            {"role": "assistant", "content": answer},
        ]
        split = "test" if index % 4 == 0 else "train"
        lines.append(json.dumps({"messages": messages, "split": split}) + "\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("task_type", ANSWERS)
def test_it_is_recognised_trained_and_scored(task_type, tiny_model_dir, tmp_path):
    data = write_rows(tmp_path / "bottles.jsonl", ANSWERS[task_type])
    result = aliquot.run(data, base=str(tiny_model_dir), runs_dir=tmp_path, **SETTINGS)
    run_dir = RunDir(Path(result.path))
    report = run_dir.find_report()
    assert result.state is RunState.FINISHED
    assert report is not None
    assert (report.task_type, report.primary_metric, report.num_items) == (
        task_type,
        HEADLINES[task_type],
        10,
    )
    assert "linear" not in {item.model for item in report.results}
    assert {"exact_match", "parse_failure_rate"} <= {item.metric for item in report.results[0].metrics}
    assert "40 references" in run_dir.read_spec().task.reason
    assert ('id="fields"' in (run_dir.path / "report.html").read_text()) == (task_type == "json")
