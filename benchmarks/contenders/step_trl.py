"""TRL's SFTTrainer on the rows of a job: ``python step_trl.py JOB.json``; see ../training_step.py.

Needs torch, transformers, peft, trl and datasets, not Aliquot. Prints the same JSON line as step_ours.py.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import torch
from datasets import Dataset  # pyrefly: ignore[missing-import]
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer  # pyrefly: ignore[missing-import]

IGNORED = -100


class Stopwatch(TrainerCallback):
    """Keeps what each update took, and its loss."""

    def __init__(self) -> None:
        self.updates: list[dict[str, float]] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start the clocks."""
        self._start = (time.perf_counter(), time.process_time())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Stop them."""
        wall_s, cpu_s = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        self.updates.append({"wall_s": wall_s, "cpu_s": cpu_s})

    def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
        """Keep the loss; it is told after the update."""
        if "loss" in logs:
            self.updates[-1]["loss"] = float(logs["loss"])


def main(path: Path) -> None:
    """Train and print."""
    job = json.loads(path.read_text(encoding="utf-8"))
    torch.set_num_threads(job["num_threads"])
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        stopwatch = Stopwatch()
        trainer = make_trainer(job, folder, stopwatch)
        setup_s = time.perf_counter() - started
        trainer.train()
    for number, update in enumerate(stopwatch.updates):
        lengths = [len(ids) for ids in trainer.train_dataset["input_ids"]]
        batch = lengths[number * job["batch_size"] : (number + 1) * job["batch_size"]]
        update["computed_tokens"] = sum(batch) if job["sft"].get("padding_free") else max(batch) * len(batch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    line = {"updates": stopwatch.updates, "peak_bytes": peak, "setup_s": setup_s}
    print("\n" + json.dumps(line))


def make_trainer(job: dict[str, Any], folder: str, stopwatch: Stopwatch) -> SFTTrainer:
    """Return a trainer as the job wants it: at its defaults, or on tokens and loss mask as ours has them."""
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=job["lora_rank"],
        lora_alpha=job["lora_alpha"],
        lora_dropout=0.0,
        target_modules="all-linear",
    )
    config = SFTConfig(
        output_dir=folder,
        use_cpu=True,
        seed=0,
        per_device_train_batch_size=job["batch_size"],
        max_steps=job["num_updates"],
        learning_rate=job["learning_rate"],
        lr_scheduler_type="constant",
        train_sampling_strategy="sequential",
        max_length=None,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **job["sft"],
    )
    tokenizer = AutoTokenizer.from_pretrained(job["model_dir"])
    base = AutoModelForCausalLM.from_pretrained(job["model_dir"], dtype=getattr(torch, job["precision"]))
    shared: dict[str, Any] = {"args": config, "processing_class": tokenizer, "callbacks": [stopwatch]}
    if job["rows_as"] == "messages":
        data = Dataset.from_list([{"messages": messages} for messages in job["messages"]])
        return SFTTrainer(model=base, train_dataset=data, peft_config=lora, **shared)
    data = Dataset.from_list(
        [
            {
                "input_ids": ids,
                "labels": [i if is_trained else IGNORED for i, is_trained in zip(ids, mask, strict=True)],
            }
            for ids, mask in job["rows"]
        ]
    )
    torch.manual_seed(0)  # the same first weights as ours
    return SFTTrainer(model=get_peft_model(base, lora), train_dataset=data, **shared)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
