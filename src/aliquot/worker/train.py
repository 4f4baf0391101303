"""The training stage: rows of the run directory in, a published adapter out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aliquot.core.dataset import StoredExample
from aliquot.core.files import new_folder
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.modeling.adapter import add_adapter, save_adapter
from aliquot.modeling.forward import attention_of, layout_of
from aliquot.modeling.load import require_determinism
from aliquot.modeling.memory import naming_memory_errors
from aliquot.modeling.sharding import shard_layers
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.journal import Journal
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from aliquot.training.process_group import ALONE, ProcessGroup
from aliquot.worker.measure import measure
from aliquot.worker.row_losses import choose_of_all, save_row_losses
from aliquot.worker.selection import build_validate


def train_stage(
    run_dir: RunDir,
    spec: Spec,
    encoder: Encoder,
    *,
    base: Any,
    journal: Journal,
    group: ProcessGroup = ALONE,
) -> None:
    """Train from the newest checkpoint and publish ``losses/`` and ``adapter/``, each by one rename.

    Of several processes each computes its share; the first one alone writes.

    Raises:
        Interrupted: Training was stopped at a step border.
    """
    checkpoints = CheckpointStore(run_dir.checkpoints_dir, spec.training.num_checkpoints_kept)
    if journal.take_wish("from_start"):
        checkpoints.clear()
        journal.write("warning", code="started_over", message="Training started over from step 0, as asked.")
    group.wait()
    examples = run_dir.read_rows("train")
    rows, validation_rows = _encode(encoder, examples), _encode(encoder, run_dir.read_rows("validation"))
    if layout_of(base) == "prefix_tree" and attention_of(base) == "flash":
        require_determinism()
    model = add_adapter(base, spec.training)
    if spec.training.activation_checkpointing:
        base.activation_checkpointing_enable()
    if spec.training.sharding == "full":
        shard_layers(model, spec.training.device)
    chosen = choose_of_all(run_dir, spec.training.num_loss_rows, spec.training.seed)
    with naming_memory_errors("while training"):
        measured = measure(run_dir, spec, model, rows, journal=journal, group=group)
        packing = Packing(measured.layout, measured.max_pack_tokens)
        # A new adapter changes nothing yet: this is the base model.
        save_row_losses(run_dir, "before", model, encoder, chosen=chosen, packing=packing, group=group)
        train(
            model,
            rows,
            validation_rows,
            spec.training,
            packing=packing,
            checkpoints=checkpoints,
            journal=journal,
            group=group,
            name_row=_naming(examples),
            score=build_validate(run_dir, spec, encoder),
        )
        save_row_losses(run_dir, "after", model, encoder, chosen=chosen, packing=packing, group=group)
    if not group.is_first:
        return
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
