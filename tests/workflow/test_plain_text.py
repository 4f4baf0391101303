"""Continued pretraining on a plain text, from the file to the report and the artefacts beside it."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import aliquot
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir

SETTINGS = {"max_steps": 2, "lora_rank": 2, "max_seq_len": 128, "num_loss_rows": 8}
METALS = ("iron", "copper", "zinc", "gold", "tin", "lead", "cobalt")


def write_text(path: Path, num_paragraphs: int = 36) -> Path:
    """Write paragraphs of about 600 characters about metals."""
    paragraphs = [
        " ".join(
            f"Sample {index}-{n} holds {METALS[(index * n) % 7]} and {n * index} g of salt."
            for n in range(14)
        )
        for index in range(num_paragraphs)
    ]
    path.write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(tiny_model_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    result = aliquot.run(
        write_text(folder / "notes.txt"), base=str(tiny_model_dir), runs_dir=folder / "runs", **SETTINGS
    )
    assert result.state is RunState.FINISHED
    return RunDir(Path(result.path))


def test_the_objective_is_chosen_and_said(finished):
    spec = finished.read_spec()
    choice = next(one for one in spec.plan.choices if one.name == "train.objective")
    assert (choice.value, choice.set_by) == ("text", "rule")
    assert "plain texts" in choice.reason
    assert spec.task.task_type == "document"


def test_every_text_is_cut_into_windows_and_all_of_them_are_trained(finished):
    spec = finished.read_spec()
    tokens = spec.data.get_split("train").tokens
    assert tokens.num_windows > spec.data.get_split("train").num_examples == tokens.num_cut
    assert tokens.rows.longest == 128
    warned = " ".join(spec.plan.warnings)
    assert f"of {tokens.num_windows:,} rows" in warned  # two steps do not pass through all of them
    assert any(finding.code == "texts_cut" for finding in spec.data.findings)


def test_base_and_tuned_are_compared_in_bits_per_byte_beside_a_byte_model(finished):
    report = finished.find_report()
    assert report.primary_metric == "bits_per_byte"
    assert [result.model for result in report.results] == ["tuned", "base", "byte_ngram"]
    assert {value.metric for value in report.results[0].metrics} == {"bits_per_byte", "perplexity"}
    assert all(result.primary.interval is not None for result in report.results)
    assert {(one.model, one.other) for one in report.comparisons} >= {("tuned", "base")}
    assert report.get_result("byte_ngram").metrics[1].value is None
    assert report.num_items == len(finished.read_rows("test"))


def test_the_perplexity_is_the_one_that_transformers_computes(finished, tiny_model_dir):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_model_dir, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_model_dir)
    end, nats, count = tokenizer.convert_tokens_to_ids("<|endoftext|>"), 0.0, 0
    for row in finished.read_rows("test"):
        ids = torch.tensor([[end, *tokenizer(row.reference, add_special_tokens=False).input_ids]])
        for start in range(0, ids.shape[1] - 1, 127):
            part = ids[:, start : start + 128]
            with torch.inference_mode():
                mean = model(input_ids=part, labels=part).loss.item()
            nats += mean * (part.shape[1] - 1)
            count += part.shape[1] - 1
    base = finished.find_report().get_result("base")
    found = next(value for value in base.metrics if value.metric == "perplexity")
    assert found.value == pytest.approx(math.exp(nats / count), rel=1e-5)
    num_bytes = sum(len(row.reference.encode()) for row in finished.read_rows("test"))
    assert base.primary.value == pytest.approx(nats / math.log(2) / num_bytes, rel=1e-5)


def test_every_test_text_is_in_every_file_with_its_own_score(finished):
    ids = [row.example_id for row in finished.read_rows("test")]
    for model in ("tuned", "base", "byte_ngram"):
        predictions = finished.read_predictions(model, "test")
        scores = finished.read_scores(model, "test")
        assert [one.example_id for one in predictions] == [one.example_id for one in scores] == ids
        assert all(one.log_probability < 0 and not one.in_train for one in predictions)
        assert all(one.normalised > 0 and one.is_parsed for one in scores)


def test_the_loss_of_single_texts_is_kept(finished):
    for when in ("before", "after"):
        lines = finished.losses_path("test", when).read_text().splitlines()
        assert len(lines) == len(finished.read_rows("test"))
        assert all(json.loads(line)["num_tokens"] > 128 for line in lines)


def test_the_artefacts_say_what_was_done_and_nothing_of_answers(finished):
    methods = (finished.path / "methods.txt").read_text()
    assert "continued pretraining" in methods and "bits per byte" in methods
    assert "chat template" not in methods and "unreadable answer" not in methods
    page = (finished.path / "report.html").read_text()
    assert "bits per byte" in page and 'id="before-after"' not in page
    first = (finished.path / "items.csv").read_text().splitlines()[0]
    assert "tuned.score" in first and "byte_ngram.score" in first


def test_the_script_scores_texts_without_aliquot_as_the_run_did(finished, tiny_model_dir):
    """Without a step the script scores the base."""
    command = [sys.executable, "reproduce.py", str(tiny_model_dir), "--max-steps", "0"]
    made = subprocess.run(command, cwd=finished.path, capture_output=True, text=True, check=True)
    found = re.search(r"reproduced: ([\d.]+) bits per byte over (\d+) texts", made.stdout)
    recorded = re.search(r"recorded: +([\d.]+)", made.stdout)
    report = finished.find_report()
    assert float(found[1]) == pytest.approx(report.get_result("base").primary.value, abs=1e-4)
    assert float(recorded[1]) == pytest.approx(report.get_result("tuned").primary.value, abs=1e-4)
    assert int(found[2]) == report.num_items
