"""llama.cpp on the prompts of a job: ``python answer_llama_cpp.py JOB.json``; see ../answering.py.

Generation only: its server tells no probability of a text that it is given. It runs in this process, by
the wheel xllamacpp, on the very 4-bit file from which the other contenders' weights were made.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import answer_job
import xllamacpp  # pyrefly: ignore[missing-import]
from tokenizers import Tokenizer


def make_work(job: dict[str, Any]) -> answer_job.Work:
    """Load the model and warm up on two items."""
    slots = min(job["batch_size"], len(job["prompts"]))
    params = xllamacpp.CommonParams()
    params.model.path = job["gguf"]
    params.n_parallel = slots
    params.n_ctx = slots * (max(map(len, job["prompts"])) + job["max_new_tokens"] + 8)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = job["num_threads"]
    params.kv_unified = True
    server = xllamacpp.Server(params)

    tokenizer = Tokenizer.from_file(f"{job['model_dir']}/tokenizer.json")
    options = {"n_predict": job["max_new_tokens"], "temperature": 0.0, "cache_prompt": True}

    def answer(prompt: list[int]) -> list[int]:
        reply = server.handle_completions(options | {"prompt": prompt})
        return tokenizer.encode(reply["choices"][0]["text"], add_special_tokens=False).ids

    def do(prompts: list[list[int]]) -> list[Any]:
        with ThreadPoolExecutor(slots) as pool:
            return list(pool.map(answer, prompts))

    do(job["prompts"][:2])
    return lambda: do(job["prompts"])


if __name__ == "__main__":
    answer_job.run(make_work)
