"""Is the worker plane fit on this device? ``python -m aliquot.worker.selftest``, in well under a minute.

Prints one JSON line per check: {"name", "is_ok", "detail", "remedy"}. The checks run real code on a
two-layer model with random weights: prefix sharing against the padded batch, training that learns, and
a checkpoint that continues with equal bits.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from aliquot.core.spec import TrainingSpec
from aliquot.errors import AliquotError, Interrupted
from aliquot.modeling.adapter import adapter_tensors, add_adapter
from aliquot.modeling.forward import token_losses
from aliquot.modeling.load import set_determinism
from aliquot.modeling.tree_attention import NAME as TREE_ATTENTION
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from aliquot.worker.probe import find_fastest
from aliquot.worker.process import publish, run_program

MAX_GRADIENT_DIFFERENCE = 1e-4
"""Relative norm, float32. Rounding gives about 1e-6; a wrong mask or position gives more than 1e-2."""
_REINSTALL = "Reinstall torch, transformers and peft at the versions of constraints.txt."
_SPEC = TrainingSpec(
    seed=0,
    lora_rank=4,
    lora_alpha=8,
    lora_dropout=0.05,
    target_modules=("all-linear",),
    learning_rate=2e-2,
    schedule="constant",
    warmup_ratio=0.0,
    num_epochs=1,
    batch_size=8,
    micro_batch_size=8,
    weight_decay=0.0,
    max_grad_norm=1.0,
    max_seq_len=64,
    precision="float32",
    device="cpu",
    num_threads=1,
    validation_interval_steps=100,
    checkpoint_interval_steps=100,
    num_checkpoints_kept=1,
    early_stopping_patience=0,
    num_steps=12,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    name: str
    is_ok: bool
    detail: str
    remedy: str = ""


def main(_arguments: list[str]) -> None:
    """Run every check, whatever the others say."""
    for check in (_check_sharing, _check_learning, _check_resume):
        publish(_guard(check))


def _guard(check: Callable[[str], _Outcome]) -> _Outcome:
    try:
        return check(find_fastest())
    except (AliquotError, RuntimeError, ImportError, OSError, ValueError) as error:
        name = check.__name__.removeprefix("_check_")
        return _Outcome(name=name, is_ok=False, detail=f"{type(error).__name__}: {error}", remedy=_REINSTALL)


def _check_sharing(device: str) -> _Outcome:
    model, rows = _model(device, dropout=0.0), _rows()
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # zero at the start, which would hide errors in the gradient of A
            torch.nn.init.normal_(parameter, std=0.05)
    shared, padded = (_gradient(model, rows, layout) for layout in ("prefix_tree", "padded"))
    difference = ((shared - padded).norm() / padded.norm()).item()
    return _Outcome(
        name="prefix sharing",
        is_ok=difference <= MAX_GRADIENT_DIFFERENCE,
        detail=f"gradient differs from the padded batch by {difference:.1e} "
        f"(allowed {MAX_GRADIENT_DIFFERENCE:.0e})",
        remedy=_REINSTALL,
    )


def _check_learning(device: str) -> _Outcome:
    with tempfile.TemporaryDirectory() as folder:
        losses = _train(device, Path(folder), _Journal()).losses
    return _Outcome(
        name="training",
        is_ok=losses[-1] < 0.9 * losses[0],
        detail=f"loss {losses[0]:.2f} → {losses[-1]:.2f} in {len(losses)} steps on {device}",
        remedy=_REINSTALL,
    )


def _check_resume(device: str) -> _Outcome:
    with tempfile.TemporaryDirectory() as folder:
        whole = _train(device, Path(folder) / "whole", _Journal())
        with contextlib.suppress(Interrupted):
            _train(device, Path(folder) / "cut", _Journal(stop_at=5))
        resumed = _train(device, Path(folder) / "cut", _Journal())
    is_equal = all(torch.equal(value, resumed.weights[name]) for name, value in whole.weights.items())
    return _Outcome(
        name="resume",
        is_ok=is_equal or device != "cpu",  # kernels of other devices may sum in another order each time
        detail="a stopped and resumed run gives "
        + ("the same adapter to the last bit" if is_equal else "a slightly different adapter on this device"),
        remedy=_REINSTALL,
    )


class _Journal:
    """Remembers the losses and, at the end, the weights."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.losses: list[float] = []
        self.weights: dict[str, torch.Tensor] = {}
        self._stop_at = stop_at

    def write(self, kind: str, **data: Any) -> None:
        if kind == "step":
            self.losses.append(data["loss"])

    def take_wish(self, name: str) -> bool:
        return False

    def find_wish(self) -> str | None:
        return "stop" if len(self.losses) == self._stop_at else None


def _train(device: str, folder: Path, journal: _Journal) -> _Journal:
    set_determinism(1, device)
    model = _model(device, dropout=_SPEC.lora_dropout)
    store = CheckpointStore(folder, num_kept=1)
    train(model, _rows(), [], _SPEC, packing=Packing("prefix_tree", 1536), checkpoints=store, journal=journal)
    journal.weights = adapter_tensors(model)
    return journal


def _gradient(model: Any, rows: list[EncodedRow], layout: str) -> torch.Tensor:
    model.zero_grad()
    token_losses(model, rows, layout).losses_Q.sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def _model(device: str, dropout: float) -> Any:
    config = LlamaConfig(
        attn_implementation=TREE_ATTENTION,  # pyrefly: ignore[unexpected-keyword]
        vocab_size=64,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.1,
    )
    torch.manual_seed(0)
    base = LlamaForCausalLM(config).requires_grad_(False).eval()
    cast(Any, base).to(device)
    return add_adapter(base, replace(_SPEC, lora_dropout=dropout))


def _rows() -> list[EncodedRow]:
    """Return 48 rows with a common prefix whose answer follows from their last token."""
    rng = random.Random(0)
    prefix = [rng.randrange(64) for _ in range(20)]
    rows = []
    for _ in range(48):
        own = [rng.randrange(8, 64) for _ in range(rng.randrange(2, 9))]
        answer = [own[-1] % 4, 7]
        ids = (*prefix, *own, *answer)
        rows.append(EncodedRow(ids, (False,) * (len(ids) - 2) + (True, True)))
    return rows


if __name__ == "__main__":
    run_program(main)
