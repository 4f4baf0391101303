"""The training stage: rows of the run directory in, published weights out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from safetensors.torch import load_file

from aliquot.core.files import new_folder
from aliquot.core.records import sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec, StartingPoint, TrainingSpec
from aliquot.errors import RunError
from aliquot.modeling.forward import attention_of, layout_of
from aliquot.modeling.load import require_determinism
from aliquot.modeling.memory import naming_memory_errors
from aliquot.modeling.sharding import shard_layers
from aliquot.modeling.trained_weights import make_trainable, save_trained, set_trained_tensors
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.journal import Journal
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from aliquot.training.process_group import ALONE, ProcessGroup
from aliquot.worker.measure import measure
from aliquot.worker.preferences import build_objective, save_preferences
from aliquot.worker.row_losses import choose_of_all, save_row_losses
from aliquot.worker.selection import build_validate
from aliquot.worker.trained_rows import encode_by_example


def train_stage(
    run_dir: RunDir,
    spec: Spec,
    encoder: Encoder,
    *,
    base: Any,
    journal: Journal,
    group: ProcessGroup = ALONE,
) -> None:
    """Train from the newest checkpoint and publish ``losses/`` and ``adapter/`` or ``model/``.

    Of several processes each computes its share; the first one alone writes.

    Raises:
        Interrupted: Training was stopped at a step border.
    """
    checkpoints = CheckpointStore(run_dir.checkpoints_dir, spec.training.num_checkpoints_kept)
    if journal.take_wish("from_start"):
        checkpoints.clear()
        run_dir.reference_path.unlink(missing_ok=True)
        journal.write("warning", code="started_over", message="Training started over from step 0, as asked.")
    group.wait()
    training = spec.training
    rows, name_row = _encode(run_dir, encoder, training, "train")
    validation_rows, _ = _encode(run_dir, encoder, training, "validation")
    if layout_of(base) == "prefix_tree" and attention_of(base) == "flash":
        require_determinism()
    model = _make_model(run_dir, spec, base)
    chosen = choose_of_all(run_dir, training.num_loss_rows, training.seed)
    with naming_memory_errors("while training"):
        measured = measure(run_dir, spec, model, rows, journal=journal, group=group)
        packing = Packing(measured.layout, measured.max_pack_tokens)
        together = {"model": model, "packing": packing, "group": group}
        whose = {"training": training, "chosen": chosen, "packing": packing, "group": group}
        # Nothing was changed yet: this is the base model, or the adapter that training continues from.
        objective = build_objective(run_dir, spec, encoder, **together)
        save_row_losses(run_dir, "before", model, encoder, **whose)
        train(
            model,
            rows,
            validation_rows,
            training,
            packing=packing,
            checkpoints=checkpoints,
            journal=journal,
            objective=objective,
            group=group,
            name_row=name_row,
            score=build_validate(run_dir, spec, encoder),
        )
        save_row_losses(run_dir, "after", model, encoder, **whose)
        save_preferences(run_dir, spec, encoder, journal=journal, **together)
    if not group.is_first:
        return
    target = run_dir.adapter_dir if training.has_adapter else run_dir.model_dir
    with new_folder(target) as folder:
        save_trained(model, folder, model_dir=encoder.folder, prepared=spec.model)


def _make_model(run_dir: RunDir, spec: Spec, base: Any) -> Any:
    """Return the model as it is before the first step, laid out over its devices."""
    model = make_trainable(base, spec.training)
    if spec.start:
        set_trained_tensors(model, _read_start(run_dir, spec.start))
    if spec.training.activation_checkpointing:
        base.activation_checkpointing_enable()
    if spec.training.sharding == "full":
        shard_layers(model, spec.training.device)
    return model


def _read_start(run_dir: RunDir, start: StartingPoint) -> dict[str, torch.Tensor]:
    """Return the adapter that training continues from.

    Raises:
        RunError: The copy in the run directory is not the one that was planned with (``start_differs``).
    """
    path = run_dir.start_path
    found = sha256_file(path) if path.is_file() else "no file"
    if found != start.sha256:
        raise RunError(
            f"The weights to continue from have SHA-256 {found}, the run was planned with {start.sha256}.",
            code="start_differs",
            location=str(path),
            hint=f"Copy them again from {start.name}, or start a new run.",
        )
    return load_file(path)


def _encode(
    run_dir: RunDir, encoder: Encoder, training: TrainingSpec, split: str
) -> tuple[list[EncodedRow], Callable[[int], str]]:
    """Return the rows of a split that the loop is fed, and what names one of them in messages."""
    examples = run_dir.read_rows(split)
    by_example = encode_by_example(encoder, examples, training, as_pairs=training.objective == "dpo")
    whose = [example for example, rows in zip(examples, by_example, strict=True) for _ in rows]

    def name(index: int) -> str:
        example = whose[index]
        where = f"{example.file}:{example.line}" if example.file else f"line {example.line}"
        return f"{where} ({example.example_id})"

    return list(chain(*by_example)), name
