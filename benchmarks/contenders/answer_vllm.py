"""vLLM's CPU build on the prompts of a job: ``python answer_vllm.py JOB.json``; see ../answering.py.

It keeps the keys and values of prefixes itself. For scores each place of the labels' own prefix tree is one
request for one token, whose log-probability is asked for the tokens that go on from there.
"""

from __future__ import annotations

import os
from typing import Any

import answer_job

os.environ |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "4"}

import torch
from vllm import LLM, SamplingParams, TokensPrompt  # pyrefly: ignore[missing-import]


def make_work(job: dict[str, Any]) -> answer_job.Work:
    """Load the model and warm up on two items."""
    torch.set_num_threads(job["num_threads"])
    model = LLM(
        model=job["model_dir"],
        dtype=job["precision"],
        enable_prefix_caching=True,
        max_num_seqs=job["batch_size"],
        max_model_len=max(map(len, job["prompts"])) + 64,
        max_logprobs=64,
        seed=0,
    )

    def generate(num_items: int) -> list[Any]:
        options = SamplingParams(
            temperature=0.0,
            max_tokens=job["max_new_tokens"],
            stop_token_ids=job["stop_token_ids"],
            detokenize=False,
        )
        prompts = [TokensPrompt(prompt_token_ids=ids) for ids in job["prompts"][:num_items]]
        found = model.generate(prompts, options, use_tqdm=False)
        return [answer_job.until_stop(list(one.outputs[0].token_ids), job["stop_token_ids"]) for one in found]

    def score(num_items: int) -> list[Any]:
        asked = [
            (place, begun, going_on)
            for place in range(num_items)
            for begun, going_on in branches(job["answers"][place]).items()
        ]
        prompts = [
            TokensPrompt(prompt_token_ids=[*job["prompts"][place], *begun]) for place, begun, _ in asked
        ]
        options = [
            SamplingParams(
                temperature=0.0, max_tokens=1, detokenize=False, logprob_token_ids=sorted(going_on)
            )
            for _, _, going_on in asked
        ]
        found = model.generate(prompts, options, use_tqdm=False)
        known = {
            (place, (*begun, token)): one.outputs[0].logprobs[0][token].logprob
            for (place, begun, going_on), one in zip(asked, found, strict=True)
            for token in going_on
        }
        return [
            [
                sum(known[place, tuple(label[: end + 1])] for end in range(len(label)))
                for label in job["answers"][place]
            ]
            for place in range(num_items)
        ]

    do = score if job["work"] == "score" else generate
    do(2)
    model.reset_prefix_cache()
    return lambda: do(len(job["prompts"]))


def branches(labels: list[list[int]]) -> dict[tuple[int, ...], set[int]]:
    """Return, for each beginning of a label, the tokens that go on from it."""
    found: dict[tuple[int, ...], set[int]] = {}
    for label in labels:
        for place, token in enumerate(label):
            found.setdefault(tuple(label[:place]), set()).add(token)
    return found


if __name__ == "__main__":
    answer_job.run(make_work)
