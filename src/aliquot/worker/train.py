"""The training stage: rows of the run directory in, a published adapter out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch

from aliquot.core.dataset import StoredExample
from aliquot.core.files import new_folder, write_file
from aliquot.core.records import decode, encode_pretty
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.modeling.adapter import add_adapter, save_adapter
from aliquot.modeling.forward import attention_of, layout_of
from aliquot.modeling.load import require_determinism
from aliquot.modeling.memory import naming_memory_errors
from aliquot.tokenization.batches import MAX_PACK_TOKENS
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from aliquot.worker.environment import Measured, device_name, peak_bytes
from aliquot.worker.journal import RunJournal
from aliquot.worker.row_losses import choose_of_all, save_row_losses
from aliquot.worker.selection import build_validate
from aliquot.worker.warmup import warm_up, why_no_warm_up


def train_stage(run_dir: RunDir, spec: Spec, encoder: Encoder, *, base: Any, journal: RunJournal) -> None:
    """Train from the newest checkpoint and publish ``losses/`` and ``adapter/``, each by one rename.

    Raises:
        Interrupted: Training was stopped at a step border.
    """
    checkpoints = CheckpointStore(run_dir.checkpoints_dir, spec.training.num_checkpoints_kept)
    if journal.take_wish("from_start"):
        checkpoints.clear()
        journal.write("warning", code="started_over", message="Training started over from step 0, as asked.")
    examples = run_dir.read_rows("train")
    rows, validation_rows = _encode(encoder, examples), _encode(encoder, run_dir.read_rows("validation"))
    attention = attention_of(base) if layout_of(base) == "prefix_tree" else "masked"
    if attention == "flash":
        require_determinism()
    model = add_adapter(base, spec.training)
    chosen = choose_of_all(run_dir, spec.training.num_loss_rows, spec.training.seed)
    with naming_memory_errors("while training"):
        measured = _measure(run_dir, spec, model, rows, attention=attention, journal=journal)
        packing = Packing(measured.layout, measured.max_pack_tokens)
        # A new adapter changes nothing yet: this is the base model.
        save_row_losses(run_dir, "before", model, encoder, chosen=chosen, packing=packing)
        train(
            model,
            rows,
            validation_rows,
            spec.training,
            packing=packing,
            checkpoints=checkpoints,
            journal=journal,
            name_row=_naming(examples),
            score=build_validate(run_dir, spec, encoder),
        )
        save_row_losses(run_dir, "after", model, encoder, chosen=chosen, packing=packing)
    with new_folder(run_dir.adapter_dir) as folder:
        save_adapter(model, folder, model_dir=encoder.folder, prepared=spec.model)


def _encode(encoder: Encoder, examples: list[StoredExample]) -> list[EncodedRow]:
    return encoder.encode_many(
        [example.messages for example in examples], [example.tools for example in examples]
    )


def _naming(examples: Sequence[StoredExample]) -> Callable[[int], str]:
    def name(index: int) -> str:
        example = examples[index]
        where = f"{example.file}:{example.line}" if example.file else f"line {example.line}"
        return f"{where} ({example.example_id})"

    return name


def _measure(
    run_dir: RunDir,
    spec: Spec,
    model: Any,
    rows: Sequence[EncodedRow],
    *,
    attention: str,
    journal: RunJournal,
) -> Measured:
    """Return what is chosen on this device, once for the whole life of the run."""
    found = Measured(
        layout=layout_of(model),
        attention=attention,
        max_pack_tokens=MAX_PACK_TOKENS[spec.training.device],
        device_name=device_name(spec),
        num_threads=spec.training.num_threads,
        precision=spec.training.precision,
        torch_version=str(torch.__version__),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
    )
    if not run_dir.measured_path.is_file():
        found = _warmed_up(found, spec, model, rows, journal)
        write_file(run_dir.measured_path, encode_pretty(found))
        journal.write("measured", **asdict(found))
        return found
    first = decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path))
    if not first.is_same_machine(found):
        journal.write(
            "warning",
            code="machine_differs",
            message="This machine or its torch differs from the one the run began on; "
            "the result will be close, but not equal to the last bit.",
        )
    return first


def _warmed_up(
    found: Measured, spec: Spec, model: Any, rows: Sequence[EncodedRow], journal: RunJournal
) -> Measured:
    """Return the choices with what a warm-up measured, beside what the plan reckoned."""
    why_not = why_no_warm_up(spec.training)
    if why_not:
        return replace(found, no_warmup=why_not)
    estimate = spec.plan.estimate
    packing = Packing(found.layout, found.max_pack_tokens)
    result = warm_up(model, rows, spec.training, packing=packing, estimate=estimate, journal=journal)
    return replace(
        found,
        max_pack_tokens=result.packing.max_pack_tokens,
        warmup_s=result.warmup_s,
        s_per_step=result.s_per_step,
        planned_s_per_step=round(estimate.train_s / estimate.num_steps, 4),
        peak_memory_bytes=peak_bytes(spec),
        planned_memory_bytes=estimate.memory_bytes,
    )
