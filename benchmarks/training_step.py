"""How long does an update take beside TRL's SFTTrainer? The same rows, updates and first weights.

    python benchmarks/training_step.py --peers PYTHON [--separation FILE] [--batches 8 32] [--quick]

PYTHON is an interpreter that has torch, transformers, peft, trl and datasets; without it only our own loop
is measured. FILE is a file of chat rows with a shared system prompt of about 40 tokens. Each contender is a
process of its own; all take turns, in rounds. Base model: SmolLM2-135M-Instruct, LoRA of rank 16 on all
linear layers. Columns: median seconds an update (fastest to slowest), the rows' own tokens (a shared prefix
counted in every row) a second, tokens computed against the rows' prefix tree, times faster than TRL at its
defaults and at its best, own CPU seconds and the same two ratios in them, share of the peak of matrix
products (the best seen before any of the runs), peak memory, loss of the last update. TRL's defaults train
on every token, so their loss is another; all others must agree within rounding. Contenders in bfloat16 are
left out where its products are slower than in float32, and TRL's defaults then run without it. On a busy
machine only --num-threads 1 and own CPU seconds mean anything. All of it takes hours on two cores; name
data sets, batches and contenders to measure a part.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contenders import data
from contenders.process import find_model, run_contender

from aliquot.core.conversation import Message
from aliquot.tokenization.batches import rows_of_step
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.prefix_tree import build_prefix_tree
from aliquot.worker.probe import probe

TRL_BEST: dict[str, Any] = {"activation_checkpointing": False}
CONTENDERS: dict[str, dict[str, Any]] = {
    "ours, float32": {"program": "step_ours.py", "precision": "float32"},
    "ours, bfloat16": {"program": "step_ours.py", "precision": "bfloat16"},
    "TRL default": {"program": "step_trl.py", "precision": "float32", "rows_as": "messages", "sft": {}},
    "TRL, float32": {"precision": "float32", "sft": TRL_BEST | {"bf16": False}},
    "TRL, bfloat16": {"precision": "bfloat16", "sft": TRL_BEST},
    "TRL, float32, padding-free": {
        "precision": "float32",
        "sft": TRL_BEST | {"bf16": False, "padding_free": True},
    },
    "TRL, float32, compiled": {
        "precision": "float32",
        "sft": TRL_BEST | {"bf16": False, "torch_compile": True},
    },
    "TRL, bfloat16, compiled": {"precision": "bfloat16", "sft": TRL_BEST | {"torch_compile": True}},
}
DATA: dict[str, Callable[[], list[data.Conversation]]] = {
    "long prefix": data.long_prefix,
    "separation": lambda: [],
    "nothing shared, short answers": data.nothing_shared_short,
    "nothing shared, long answers": data.nothing_shared_long,
}
COLUMNS = (
    "contender | s an update | rows' tokens/s | computed tokens | of the tree | x TRL default | x TRL best | "
    "own CPU s | x default | x best | of peak | peak GB | last loss"
)


@dataclass
class Figures:
    """What one contender showed over all rounds."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    computed_tokens: float = 0.0
    peak_bytes: int = 0
    loss: float = 0.0

    def add(self, result: dict[str, Any], num_warm_up: int) -> None:
        """Take the updates of one round but the first ones."""
        updates = result["updates"][num_warm_up:]
        self.wall_s += [update["wall_s"] for update in updates]
        self.cpu_s += [update["cpu_s"] for update in updates]
        self.computed_tokens = statistics.mean(update["computed_tokens"] for update in updates)
        self.peak_bytes = max(self.peak_bytes, result["peak_bytes"])
        self.loss = updates[-1]["loss"]

    @property
    def median_s(self) -> float:
        """Median of the updates of all rounds."""
        return statistics.median(self.wall_s)

    @property
    def median_cpu_s(self) -> float:
        """The same in CPU seconds of the contender's own process, all threads together."""
        return statistics.median(self.cpu_s)


def main() -> None:
    """Measure every data set with every batch; print a table each."""
    options = parse()
    model_dir = find_model()
    encoder = Encoder.load(model_dir)
    device = probe("cpu")
    num_threads = options.num_threads or device.num_threads
    print(
        f"{device.name}, {num_threads} threads, {', '.join(f'{k} {v}' for k, v in device.versions.items())}"
    )
    contenders = choose_contenders(options, device.gflops)
    peaks: dict[str, float] = {}
    for name in options.data:
        conversations = data.chat_file(options.separation) if name == "separation" else DATA[name]()
        random.Random(0).shuffle(conversations)
        for batch_size in options.batches:
            seen = probe("cpu").gflops
            peaks = {key: max(peaks.get(key, 0.0), speed) for key, speed in seen.items()}
            job = make_job(conversations, encoder, batch_size, options)
            job |= {"num_threads": num_threads, "model_dir": str(model_dir)}
            figures = measure(job, contenders, options)
            share = num_threads / device.num_threads
            scaled = {key: peak * share for key, peak in peaks.items()}
            print(describe(name, job, figures, scaled, encoder.model.architecture), flush=True)


def choose_contenders(options: argparse.Namespace, gflops: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Return the contenders that make sense here: none in a precision that this processor emulates."""
    chosen = {name: dict(CONTENDERS[name]) for name in options.contenders}
    if gflops["bfloat16"] >= gflops["float32"]:
        return chosen
    print("bfloat16 is slower than float32 here: left out, and off in TRL's defaults")
    if "TRL default" in chosen:
        chosen["TRL default"]["sft"] = {"bf16": False}
    return {name: one for name, one in chosen.items() if one["precision"] == "float32"}


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", help="a Python in which trl, peft and datasets are installed")
    parser.add_argument("--separation", type=Path, help="chat rows; without it that data set is left out")
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--updates", type=int, default=6, help="in each round, warm-up included")
    parser.add_argument("--warm-up", type=int, default=2, help="first updates of a round, not counted")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--num-threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--quick", action="store_true", help="a smoke run: batch 2, two updates, one round")
    options = parser.parse_args()
    if options.quick:
        options.batches, options.updates, options.warm_up, options.rounds = [2], 2, 1, 1
    if not options.peers:
        options.contenders = [name for name in options.contenders if name.startswith("ours")]
    if not options.separation:
        options.data = [name for name in options.data if name != "separation"]
    return options


def make_job(
    conversations: list[data.Conversation], encoder: Encoder, batch_size: int, options: argparse.Namespace
) -> dict[str, Any]:
    """Return the rows of every update, as our loop will take them and in the order in which it will."""
    num_rows = batch_size * options.updates
    chosen = conversations[:num_rows]
    rows = encoder.encode_many(
        [[Message(turn["role"], turn["content"]) for turn in messages] for messages in chosen]
    )
    steps = [
        rows_of_step(step, num_rows=num_rows, batch_size=batch_size, seed=0)
        for step in range(options.updates)
    ]
    order = [index for step in steps for index in step]
    return {
        "batch_size": batch_size,
        "num_updates": options.updates,
        "learning_rate": 2e-4,
        "lora_rank": 16,
        "lora_alpha": 32,
        "own_rows": [(row.token_ids, row.is_trained) for row in rows],
        "peer_rows": [(rows[index].token_ids, rows[index].is_trained) for index in order],
        "messages": [chosen[index] for index in order],
    }


def measure(
    job: dict[str, Any], contenders: dict[str, dict[str, Any]], options: argparse.Namespace
) -> dict[str, Figures]:
    """Run every contender once a round, every other round in the reverse order."""
    figures = {name: Figures() for name in contenders}
    for turn in range(options.rounds):
        for name in list(contenders)[:: -1 if turn % 2 else 1]:
            contender = {"program": "step_trl.py", "rows_as": "tokens"} | contenders[name]
            is_ours = contender["program"] == "step_ours.py"
            rows = job["own_rows"] if is_ours else job["peer_rows"]
            result = run_contender(
                sys.executable if is_ours else options.peers,
                contender["program"],
                job | contender | {"rows": rows},
            )
            if result:
                figures[name].add(result, options.warm_up)
    return {name: found for name, found in figures.items() if found.wall_s}


def describe(
    name: str, job: dict[str, Any], figures: dict[str, Figures], peaks: dict[str, float], sizes: Any
) -> str:
    """Return the table of one data set and batch."""
    rows = [EncodedRow(tuple(ids), tuple(mask)) for ids, mask in job["peer_rows"]]
    batches = [rows[start : start + job["batch_size"]] for start in range(0, len(rows), job["batch_size"])]
    tree = statistics.mean(len(build_prefix_tree(batch).token_ids) for batch in batches)
    own = sum(len(row.token_ids) for row in rows) / len(batches)
    trained = sum(row.num_trained_tokens for row in rows) / len(batches)
    times = {key: (one.median_s, one.median_cpu_s) for key, one in figures.items()}
    default = times.get("TRL default", (math.nan, math.nan))
    peers = [pair for key, pair in times.items() if key.startswith("TRL")] or [(math.nan, math.nan)]
    best = [min(column) for column in zip(*peers, strict=True)]
    lines = [
        f"\n{name}, {job['batch_size']} rows an update: {own:,.0f} tokens, {tree:,.0f} on a prefix tree, "
        f"{trained:,.0f} with loss; {job['num_threads']} threads\n",
        f"| {COLUMNS} |",
        "|---" * len(COLUMNS.split("|")) + "|",
    ]
    for key, found in figures.items():
        is_ours = key.startswith("ours")
        head_tokens = trained if is_ours else found.computed_tokens
        is_half = "bfloat16" in key or key == "TRL default"
        peak = peaks["bfloat16" if is_half and peaks["bfloat16"] >= peaks["float32"] else "float32"]
        speed = flops(sizes, found.computed_tokens, head_tokens) / found.median_s / 1e9
        cells = [
            key,
            f"{found.median_s:.2f} ({min(found.wall_s):.2f} to {max(found.wall_s):.2f})",
            f"{own / found.median_s:,.0f}",
            f"{found.computed_tokens:,.0f}",
            f"{found.computed_tokens / tree:.2f}",
            f"{default[0] / found.median_s:.2f}",
            f"{best[0] / found.median_s:.2f}",
            f"{found.median_cpu_s:.2f}",
            f"{default[1] / found.median_cpu_s:.2f}",
            f"{best[1] / found.median_cpu_s:.2f}",
            f"{100 * speed / peak:.0f} %",
            f"{found.peak_bytes / 1e9:.2f}",
            f"{found.loss:.4f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def flops(sizes: Any, num_tokens: float, head_tokens: float) -> float:
    """Return the products of forward and backward through frozen weights: 4 a parameter and token."""
    table = sizes.vocab_size * sizes.hidden_size
    body = sizes.num_parameters - (1 if sizes.ties_embeddings else 2) * table
    return 4 * (body * num_tokens + table * head_tokens)


if __name__ == "__main__":
    main()
