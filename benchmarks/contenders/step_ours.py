"""Aliquot's training loop on the rows of a job: ``python step_ours.py JOB.json``; see ../training_step.py.

Prints one JSON line: seconds, own CPU seconds and loss of every update, tokens computed, peak memory.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from aliquot.core.spec import TrainingSpec
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.forward import layout_of
from aliquot.modeling.load import load_base, set_determinism
from aliquot.plan.rules.machine import BEST_PASS_TOKENS
from aliquot.tokenization.batches import MAX_PACK_TOKENS
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.prefix_tree import build_prefix_tree
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.loop import train
from aliquot.training.loss import Packing


class Stopwatch:
    """The loop's journal: keeps what each update took."""

    def __init__(self) -> None:
        self.updates: list[dict[str, float]] = []
        self._last = (time.perf_counter(), time.process_time())

    def write(self, kind: str, **data: Any) -> None:
        """Keep the figures of an update."""
        now = (time.perf_counter(), time.process_time())
        if kind == "step":
            taken = {"wall_s": now[0] - self._last[0], "cpu_s": now[1] - self._last[1]}
            self.updates.append(taken | {"loss": data["loss"], "computed_tokens": data["computed_tokens"]})
        if kind in ("step", "resumed"):
            self._last = now

    def find_wish(self) -> str | None:
        """Nobody asks for anything."""
        return None

    def take_wish(self, name: str) -> bool:
        """Nobody has asked for anything."""
        return False


def main(path: Path) -> None:
    """Train and print."""
    job = json.loads(path.read_text(encoding="utf-8"))
    rows = [EncodedRow(tuple(ids), tuple(mask)) for ids, mask in job["rows"]]
    spec = make_spec(job, rows)
    set_determinism(spec.num_threads, "cpu")
    started = time.perf_counter()
    base = load_base(Path(job["model_dir"]), precision=spec.precision, device="cpu")
    model = add_adapter(base, spec)
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        packing = Packing(layout_of(base), MAX_PACK_TOKENS["cpu"])
        store = CheckpointStore(Path(folder), 1)
        setup_s = time.perf_counter() - started
        train(model, rows, [], spec, packing=packing, checkpoints=store, journal=stopwatch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"updates": stopwatch.updates, "peak_bytes": peak, "setup_s": setup_s}))


def make_spec(job: dict[str, Any], rows: list[EncodedRow]) -> TrainingSpec:
    """Return the specification of a short run without warm-up, validation or dropout."""
    return TrainingSpec(
        seed=0,
        lora_rank=job["lora_rank"],
        lora_alpha=job["lora_alpha"],
        lora_dropout=0.0,
        target_modules=("all-linear",),
        learning_rate=job["learning_rate"],
        schedule="constant",
        warmup_ratio=0.0,
        num_epochs=1,
        batch_size=job["batch_size"],
        micro_batch_size=rows_per_pass(rows, job["batch_size"]),
        weight_decay=0.0,
        max_grad_norm=1.0,
        max_seq_len=max(len(row.token_ids) for row in rows),
        precision=job["precision"],
        device="cpu",
        num_threads=job["num_threads"],
        validation_interval_steps=job["num_updates"],
        checkpoint_interval_steps=job["num_updates"],
        num_checkpoints_kept=1,
        early_stopping_patience=0,
        num_steps=job["num_updates"],
    )


def rows_per_pass(rows: list[EncodedRow], batch_size: int) -> int:
    """Return what the plan's rule would take: the batch, halved until a pass has its best size."""
    size = batch_size
    while size > 1:
        passes = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
        nodes = sum(len(build_prefix_tree(chosen).token_ids) for chosen in passes)
        if nodes <= BEST_PASS_TOKENS["cpu"] * len(passes):
            break
        size = -(-size // 2)
    return size


if __name__ == "__main__":
    main(Path(sys.argv[1]))
