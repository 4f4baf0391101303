"""lm-eval's local model: ``python answer_lm_eval.py JOB.json``; see ../answering.py."""

from __future__ import annotations

from typing import Any

import answer_job
import torch
from lm_eval.api.instance import Instance  # pyrefly: ignore[missing-import]
from lm_eval.models.huggingface import HFLM  # pyrefly: ignore[missing-import]


def make_work(job: dict[str, Any]) -> answer_job.Work:
    """Load the model; what is timed are the two calls that every task of lm-eval makes."""
    torch.set_num_threads(job["num_threads"])
    model = HFLM(
        pretrained=job["model_dir"],
        dtype=job["precision"],
        device="cpu",
        batch_size=job["batch_size"],
        add_bos_token=False,
    )
    tokenizer = model.tokenizer
    texts = [tokenizer.decode(prompt) for prompt in job["prompts"]]
    stops = tokenizer.batch_decode([[token] for token in job["stop_token_ids"]])

    def score(num_items: int) -> list[Any]:
        requests = [
            ((texts[place], str(number)), prompt, answer)
            for place, (prompt, its) in enumerate(zip(job["prompts"], job["answers"], strict=True))
            for number, answer in enumerate(its)
        ]
        num_labels = len(job["answers"][0])
        found = model._loglikelihood_tokens(requests[: num_items * num_labels], disable_tqdm=True)
        values = [log_probability for log_probability, _ in found]
        return answer_job.batches(values, num_labels)

    def generate(num_items: int) -> list[Any]:
        options = {"until": stops, "max_gen_toks": job["max_new_tokens"], "do_sample": False}
        requests = [
            Instance(request_type="generate_until", doc={}, arguments=(text, dict(options)), idx=place)
            for place, text in enumerate(texts[:num_items])
        ]
        found = model.generate_until(requests, disable_tqdm=True)
        return [tokenizer.encode(text, add_special_tokens=False) for text in found]

    do = score if job["work"] == "score" else generate
    do(2)
    return lambda: do(len(texts))


if __name__ == "__main__":
    answer_job.run(make_work)
