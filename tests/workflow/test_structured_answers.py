"""Sets and JSON records from file to report: the kind of answer is recognised and scored as text."""

import json
from itertools import permutations
from pathlib import Path

import pytest

import aliquot
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir

SETTINGS = {"num_epochs": 1, "batch_size": 16, "lora_rank": 2, "models": ["tuned"], "max_new_tokens": 4}
GROUPS = ("acid", "amine", "ketone", "ether", "ester")
ANSWERS = {
    "set": ["; ".join(groups) for groups in permutations(GROUPS, 3)][:40],
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
    assert (report.task_type, report.primary_metric, report.num_items) == (task_type, "exact_match", 10)
    assert "linear" not in {item.model for item in report.results}
    assert {"edit_similarity", "normalised_match"} <= {item.metric for item in report.results[0].metrics}
    assert "40 of 40 references" in run_dir.read_spec().task.reason
    assert (run_dir.path / "report.html").is_file()
