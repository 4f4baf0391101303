"""Aliquot's engine on the prompts of a job: ``python answer_ours.py JOB.json``; see ../answering.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import answer_job

from aliquot.inference.engines.transformers import TransformersEngine
from aliquot.modeling.load import load_base, set_determinism
from aliquot.tokenization.prefix_tree import shared_length


def make_work(job: dict[str, Any]) -> answer_job.Work:
    """Load the model; what is timed goes as in a run: what all prompts begin with is told, then batches."""
    set_determinism(job["num_threads"], "cpu")
    model = load_base(Path(job["model_dir"]), precision=job["precision"], device="cpu")
    engine = TransformersEngine(model, job["stop_token_ids"])
    items = list(zip(job["prompts"], job["answers"], strict=True))

    def do(some: list[Any]) -> list[Any]:
        found: list[Any] = []
        for batch in answer_job.batches(some, job["batch_size"]):
            prompts, answers = [item[0] for item in batch], [item[1] for item in batch]
            if job["work"] == "score":
                scores = engine.score(prompts, answers)
                found += [[score.log_probability for score in its] for its in scores]
            else:
                found += [answer.token_ids for answer in engine.generate(prompts, job["max_new_tokens"])]
        return found

    def work() -> list[Any]:
        first = tuple(job["prompts"][0])
        engine.keep_prefix(first[: min(shared_length(first, tuple(prompt)) for prompt in job["prompts"][1:])])
        return do(items)

    do(items[:2])
    return work


if __name__ == "__main__":
    answer_job.run(make_work)
