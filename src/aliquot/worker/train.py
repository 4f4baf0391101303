"""The training stage: rows of the run directory in, a published adapter out."""

from __future__ import annotations

from dataclasses import asdict
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
from aliquot.modeling.sharding import shard_layers
from aliquot.tokenization.batches import pack_limit
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.families import find_obstacle
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.journal import Journal
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from aliquot.training.process_group import ALONE, ProcessGroup
from aliquot.worker.environment import Measured, device_name


def train_stage(
    run_dir: RunDir,
    spec: Spec,
    encoder: Encoder,
    *,
    base: Any,
    journal: Journal,
    group: ProcessGroup = ALONE,
) -> None:
    """Train from the newest checkpoint and publish ``adapter/`` by one rename.

    Of several processes each computes its share; the first one alone writes.

    Raises:
        Interrupted: Training was stopped at a step border.
    """
    measured = _measure(run_dir, spec, base, journal, group)
    if measured.attention == "flash":
        require_determinism()
    rows = _encode(encoder, run_dir.read_rows("train"))
    validation_rows = _encode(encoder, run_dir.read_rows("validation"))
    model = add_adapter(base, spec.training)
    if spec.training.activation_checkpointing:
        base.activation_checkpointing_enable()
    if spec.training.sharding == "full":
        shard_layers(model, spec.training.device)
    train(
        model,
        rows,
        validation_rows,
        spec.training,
        packing=Packing(measured.layout, measured.max_pack_tokens),
        checkpoints=CheckpointStore(run_dir.checkpoints_dir, spec.training.num_checkpoints_kept),
        journal=journal,
        group=group,
    )
    if not group.is_first:
        return
    with new_folder(run_dir.adapter_dir) as folder:
        save_adapter(model, folder, model_dir=encoder.folder, prepared=spec.model)


def _encode(encoder: Encoder, examples: list[StoredExample]) -> list[EncodedRow]:
    return encoder.encode_many(
        [example.messages for example in examples], [example.tools for example in examples]
    )


def _measure(run_dir: RunDir, spec: Spec, base: Any, journal: Journal, group: ProcessGroup) -> Measured:
    """Return what is chosen on this device, once for the whole life of the run."""
    if group.is_first:
        _publish_measured(run_dir, spec, base, journal)
    group.wait()
    return decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path))


def _publish_measured(run_dir: RunDir, spec: Spec, base: Any, journal: Journal) -> None:
    layout = layout_of(base)
    found = Measured(
        layout=layout,
        layout_reason=find_obstacle(spec.model.architecture.model_type) or "",
        attention=attention_of(base) if layout == "prefix_tree" else "masked",
        max_pack_tokens=pack_limit(spec.training.device, spec.training.max_seq_len),
        device_name=device_name(spec),
        num_threads=spec.training.num_threads,
        precision=spec.training.precision,
        torch_version=str(torch.__version__),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
    )
    if not run_dir.measured_path.is_file():
        write_file(run_dir.measured_path, encode_pretty(found))
        journal.write("measured", **asdict(found))
        return
    if found != decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path)):
        journal.write(
            "warning",
            code="machine_differs",
            message="This machine or its torch differs from the one the run began on; "
            "the result will be close, but not equal to the last bit.",
        )
