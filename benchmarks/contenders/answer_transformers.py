"""Plain transformers: ``python answer_transformers.py JOB.json``; see ../answering.py.

Generation is ``model.generate`` on left-padded batches. For scores each prompt is computed once, and its
labels then go on from its keys and values. Items are sorted by length, so that little is padding.
"""

from __future__ import annotations

from typing import Any

import answer_job
import torch
from transformers import AutoModelForCausalLM


def make_work(job: dict[str, Any]) -> answer_job.Work:
    """Load the model and warm up on two items."""
    torch.set_num_threads(job["num_threads"])
    model = AutoModelForCausalLM.from_pretrained(job["model_dir"], dtype=getattr(torch, job["precision"]))
    model.eval()
    order = sorted(range(len(job["prompts"])), key=lambda place: len(job["prompts"][place]))
    items = [(job["prompts"][place], job["answers"][place]) for place in order]

    def do(some: list[Any]) -> list[Any]:
        found: list[Any] = []
        with torch.inference_mode():
            for batch in answer_job.batches(some, job["batch_size"]):
                found += score(model, batch) if job["work"] == "score" else generate(model, batch, job)
        return found

    def work() -> list[Any]:
        return [one for _, one in sorted(zip(order, do(items), strict=True), key=lambda pair: pair[0])]

    do(items[:2])
    return work


def pad_left(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and mask, both (rows, longest)."""
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def generate(model: Any, batch: list[Any], job: dict[str, Any]) -> list[list[int]]:
    """Return greedy answers."""
    ids, mask = pad_left([prompt for prompt, _ in batch])
    found = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=False,
        max_new_tokens=job["max_new_tokens"],
        eos_token_id=job["stop_token_ids"],
        pad_token_id=job["stop_token_ids"][0],
    )
    return [answer_job.until_stop(row, job["stop_token_ids"]) for row in found[:, ids.shape[1] :].tolist()]


def score(model: Any, batch: list[Any]) -> list[list[float]]:
    """Return the log-probability of every label of every item."""
    ids, mask = pad_left([prompt for prompt, _ in batch])
    num_labels = len(batch[0][1])
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    prefill = model(
        input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
    )
    first = prefill.logits[:, -1].float().log_softmax(-1)
    labels = [label for _, its in batch for label in its]
    longest = max(map(len, labels))
    label_ids = torch.tensor([label + [0] * (longest - len(label)) for label in labels])
    is_label = torch.tensor([[1] * len(label) + [0] * (longest - len(label)) for label in labels])
    cache = prefill.past_key_values
    cache.batch_repeat_interleave(num_labels)
    rest = model(
        input_ids=label_ids[:, :-1],
        attention_mask=torch.cat([mask.repeat_interleave(num_labels, 0), is_label[:, :-1]], 1),
        position_ids=mask.sum(1).repeat_interleave(num_labels)[:, None] + torch.arange(longest - 1),
        past_key_values=cache,
        use_cache=True,
    ).logits.float()
    found = rest.log_softmax(-1).gather(2, label_ids[:, 1:, None])[..., 0] * is_label[:, 1:]
    sums = found.sum(1) + first.repeat_interleave(num_labels, 0).gather(1, label_ids[:, :1])[:, 0]
    return sums.view(-1, num_labels).tolist()


if __name__ == "__main__":
    answer_job.run(make_work)
