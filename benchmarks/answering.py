"""How fast are items answered, and all their labels scored? Aliquot beside its peers on the same prompts.

    python benchmarks/answering.py [--lm-eval PYTHON] [--vllm PYTHON] [--gguf FILE] [--separation FILE]

PYTHON is an interpreter that has lm-eval (and xllamacpp) or vllm; FILE is the GGUF of SmolLM2-135M-Instruct
for llama.cpp, and chat rows with five labels under a short system prompt. What is not given is left out.
Two kinds of work: ``score`` is the log-probability of every whole label of every item, end of turn
included; ``generate`` is the greedy answer of up to 16 tokens. Every contender is a process of its own,
gets the same token ids, and runs at each batch size; all take turns, in rounds, and each is shown at its
best size. Columns: items a second (fastest to slowest round), times plain transformers and times the best
peer built on it (lm-eval is one) in wall time and in own CPU seconds, peak memory, and how far the result
is from ours: largest difference of a label's log-probability in nats, or share of answers that are token
for token the same (llama.cpp multiplies in 4 bits: another model, strictly). On a busy machine only --num-
threads 1 and own CPU seconds mean anything.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contenders import data
from contenders.process import find_model, run_contender

from aliquot.core.conversation import Message
from aliquot.tokenization.encoder import Encoder
from aliquot.tokenization.prefix_tree import shared_length
from aliquot.worker.probe import probe

OURS = "ours"
PLAIN = "transformers"
ON_TRANSFORMERS = (PLAIN, "lm-eval")
PROGRAMS = {
    OURS: "answer_ours.py",
    PLAIN: "answer_transformers.py",
    "lm-eval": "answer_lm_eval.py",
    "vLLM": "answer_vllm.py",
    "llama.cpp": "answer_llama_cpp.py",
}
WORKS = ("score", "generate")
MAX_NEW_TOKENS = 16
COLUMNS = (
    "contender | batch | items/s | x transformers | x best on it | own CPU ms an item | x transformers | "
    "x best on it | peak GB | from ours"
)
SETS = ("few shots", "long prefix", "separation", "nothing shared")


@dataclass
class Figures:
    """What one contender showed at one batch size over all rounds."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    found: list[Any] = field(default_factory=list)

    def add(self, result: dict[str, Any]) -> None:
        """Take one round."""
        self.wall_s.append(result["wall_s"])
        self.cpu_s.append(result["cpu_s"])
        self.peak_bytes = max(self.peak_bytes, result["peak_bytes"])
        self.found = result["found"]

    @property
    def seconds(self) -> tuple[float, float]:
        """Median wall and own CPU seconds."""
        return statistics.median(self.wall_s), statistics.median(self.cpu_s)


def main() -> None:
    """Measure every set and work; print a table each."""
    options = parse()
    model_dir = find_model()
    encoder = Encoder.load(model_dir)
    device = probe("cpu")
    num_threads = options.num_threads or device.num_threads
    versions = ", ".join(f"{name} {version}" for name, version in device.versions.items())
    print(f"{device.name}, {num_threads} threads, {versions}")
    for name in options.data:
        rows, labels = read_set(name, options)
        job = make_job(rows, labels, encoder, options.items)
        job |= {"model_dir": str(model_dir), "gguf": options.gguf, "num_threads": num_threads}
        job |= {"precision": options.precision}
        for work in options.works:
            print(describe(name, work, job, measure(job | {"work": work}, options)), flush=True)


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lm-eval", help="a Python in which lm-eval and xllamacpp are installed")
    parser.add_argument("--vllm", help="a Python in which vLLM's CPU build is installed")
    parser.add_argument("--gguf", help="the model for llama.cpp")
    parser.add_argument("--separation", type=Path, help="chat rows; without it that set is left out")
    parser.add_argument("--data", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--contenders", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--items", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--num-threads", type=int, default=0, help="0: all cores")
    options = parser.parse_args()
    options.pythons = {
        OURS: sys.executable,
        PLAIN: sys.executable,
        "lm-eval": options.lm_eval,
        "vLLM": options.vllm,
        "llama.cpp": options.lm_eval if options.gguf else None,
    }
    options.contenders = [name for name in options.contenders if options.pythons[name]]
    if not options.separation:
        options.data = [name for name in options.data if name != "separation"]
    return options


def read_set(name: str, options: argparse.Namespace) -> tuple[list[data.Conversation], list[str]]:
    """Return the conversations of a set, shuffled, and all answers that occur in it."""
    if name == "few shots":
        rows = data.few_shots()
    elif name == "long prefix":
        rows = data.long_prefix()
    elif name == "separation":
        rows = data.chat_file(options.separation)
    else:
        rows = data.nothing_shared_short()
    random.Random(0).shuffle(rows)
    return rows, sorted({row[-1]["content"] for row in rows})


def make_job(
    rows: list[data.Conversation], labels: list[str], encoder: Encoder, num_items: int
) -> dict[str, Any]:
    """Return the token ids of the prompts and of every label as their answer."""
    questions = [
        [Message(turn["role"], turn["content"]) for turn in messages[:-1]] for messages in rows[:num_items]
    ]
    prompts = [encoder.encode_prompt(question) for question in questions]
    answers = [encoder.encode_answers(question, labels) for question in questions]
    return {
        "prompts": prompts,
        "answers": answers,
        "stop_token_ids": list(encoder.model.stop_token_ids),
        "max_new_tokens": MAX_NEW_TOKENS,
    }


def measure(job: dict[str, Any], options: argparse.Namespace) -> dict[str, tuple[int, Figures]]:
    """Run every contender at every batch size once a round; return each at its best size."""
    figures: dict[tuple[str, int], Figures] = {}
    names = [name for name in options.contenders if (name, job["work"]) != ("llama.cpp", "score")]
    pairs = [(name, size) for size in options.batches for name in names]
    for turn in range(options.rounds):
        for name, size in pairs[:: -1 if turn % 2 else 1]:
            result = run_contender(options.pythons[name], PROGRAMS[name], job | {"batch_size": size})
            if result:
                figures.setdefault((name, size), Figures()).add(result)
    best: dict[str, tuple[int, Figures]] = {}
    for name in names:
        sizes = [(size, figures[name, size]) for size in options.batches if (name, size) in figures]
        if sizes:
            best[name] = min(sizes, key=lambda pair: pair[1].seconds)
    return best


def describe(name: str, work: str, job: dict[str, Any], best: dict[str, tuple[int, Figures]]) -> str:
    """Return the table of one set and work."""
    prompts = [tuple(prompt) for prompt in job["prompts"]]
    shared = min(shared_length(prompts[0], prompt) for prompt in prompts[1:])
    mean = statistics.mean(map(len, prompts))
    lines = [
        f"\n{name}, {work}: {len(prompts)} items of {mean:.0f} tokens, {shared} shared by all, "
        f"{len(job['answers'][0])} labels; {job['num_threads']} threads, {job['precision']}\n",
        f"| {COLUMNS} |",
        "|---" * len(COLUMNS.split("|")) + "|",
    ]
    times = {key: figures.seconds for key, (_, figures) in best.items()}
    plain = times.get(PLAIN, (math.nan, math.nan))
    peers = [times[key] for key in ON_TRANSFORMERS if key in times] or [plain]
    peer = [min(column) for column in zip(*peers, strict=True)]
    for key, (size, figures) in best.items():
        wall_s, cpu_s = figures.seconds
        slowest, fastest = len(prompts) / max(figures.wall_s), len(prompts) / min(figures.wall_s)
        cells = [
            key,
            str(size),
            f"{len(prompts) / wall_s:.1f} ({fastest:.1f} to {slowest:.1f})",
            f"{plain[0] / wall_s:.2f}",
            f"{peer[0] / wall_s:.2f}",
            f"{1000 * cpu_s / len(prompts):.1f}",
            f"{plain[1] / cpu_s:.2f}",
            f"{peer[1] / cpu_s:.2f}",
            f"{figures.peak_bytes / 1e9:.2f}",
            tell_distance(work, best[OURS][1].found, figures.found) if OURS in best else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tell_distance(work: str, ours: list[Any], theirs: list[Any]) -> str:
    """Return how far a peer's result is from ours."""
    pairs = list(zip(ours, theirs, strict=True))
    if work == "generate":
        return f"{100 * statistics.mean(list(mine) == list(its) for mine, its in pairs):.0f} % same"
    return f"{max(abs(a - b) for mine, its in pairs for a, b in zip(mine, its, strict=True)):.1e}"


if __name__ == "__main__":
    main()
