"""How the answers of one model of a comparison were made, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aliquot.core.answer_source import AnswerSource
from aliquot.core.comparison import ComparedModel
from aliquot.core.records import decode
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.export.wording import method_in_words, setting_text

SPLIT = "test"
BASELINES = {
    "majority": "the same answer to every item",
    "nearest_neighbour": "the answer of the most similar training row",
    "linear": "a linear model of character n-grams",
}
_OF_FILES = ("file", "sha256")
"""Of the source of a file of answers; how rows were found is told elsewhere."""
VARIES = "varies"
LEN_COMMIT = 40


def describe_model(name: str, run_dir: RunDir, model: str) -> ComparedModel:
    """Return what is recorded of a model of a folder.

    Args:
        name: What the comparison calls it.
        run_dir: The folder.
        model: What the folder calls it.
    """
    spec, source = run_dir.read_scoring_spec(), run_dir.find_source(model, SPLIT)
    seconds, cost = (source.seconds, source.cost_usd) if source else (None, None)
    # What came from the cache took no time and cost nothing now; a share of that would be told as the price.
    num_asked = source.num_answers - source.num_cached if source else 0
    if isinstance(spec, Spec) and source is None:
        seconds, num_asked = _find_seconds(run_dir, spec, model)
    predictions = run_dir.read_predictions(_answered_by(model), SPLIT)
    return ComparedModel(
        name=name,
        model=model,
        run_id=run_dir.run_id,
        path=str(run_dir.path),
        made_by=_made_by(run_dir, model, source),
        system=source.system if source and source.system else _find_system(run_dir),
        seconds_per_item=seconds / num_asked if seconds and num_asked else None,
        cost_usd_per_item=cost / num_asked if cost is not None and num_asked else None,
        prompt_tokens_per_item=_mean([one.num_prompt_tokens for one in predictions]),
        output_tokens_per_item=_mean([one.num_output_tokens for one in predictions]),
    )


def _answered_by(model: str) -> str:
    """Return whose file of answers is meant: a model that is held to its labels has none of its own."""
    return model.removesuffix("_held")


def _made_by(run_dir: RunDir, model: str, source: AnswerSource | None) -> dict[str, str]:
    if source is not None:
        names = _OF_FILES if source.engine == "file" else source.settings
        made = {name: source.settings[name] for name in names if name in source.settings}
        made |= {"sha256": f"{made['sha256'][:16]}…"} if "sha256" in made else {}
        return made | ({"answered": source.started_at[:10]} if source.started_at else {})
    spec = run_dir.read_scoring_spec()
    if model in BASELINES or not isinstance(spec, Spec):
        return {"simple baseline": BASELINES.get(model, model)}
    made = {"base": spec.plan.base, "revision": _shortened(spec.model.revision)}
    if model == "tuned":
        made |= {"trained": method_in_words(spec.training), "on": f"{_num_train(spec):,} rows"}
        made |= {"seed": setting_text(spec.training.seed)}
    if model.startswith("base_few_shot"):
        made["shots"] = str(spec.prediction.num_shots)
    if model.endswith("_held"):
        made["held to"] = "its likeliest label"
    return made | {"decoding": f"greedy, at most {spec.prediction.max_new_tokens:,} tokens"}


def _shortened(revision: str) -> str:
    """Return a commit as people write it; a version stays whole."""
    return revision[:12] if len(revision) == LEN_COMMIT and " " not in revision else revision


def _num_train(spec: Spec) -> int:
    return spec.data.get_split("train").num_examples


def _find_system(run_dir: RunDir) -> str:
    """Return the system prompt of the rows, if all have the same."""
    found = {
        "\n".join(message.text for message in row.prompt if message.role == "system")
        for row in run_dir.read_rows(SPLIT)
    }
    return found.pop() if len(found) == 1 else VARIES if found else ""


def _find_seconds(run_dir: RunDir, spec: Spec, model: str) -> tuple[float | None, int]:
    """Return what a run recorded of answering with this model, and how many rows that was for."""
    stages = _read_plain(run_dir.environment_path).get("stage_s", {})
    answered = [split for name, split in run_dir.list_predictions() if name == model]
    rows = sum(spec.data.get_split(split).num_examples for split in answered)
    return stages.get(f"predict:{model}"), rows


def _read_plain(path: Path) -> dict[str, Any]:
    return dict(decode(path.read_bytes(), dict, str(path))) if path.is_file() else {}


def _mean(counts: list[int]) -> float | None:
    return sum(counts) / len(counts) if any(counts) else None
