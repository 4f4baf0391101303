"""The training stage: rows of the run directory in, published weights out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from safetensors.torch import load_file

from aliquot.core.dataset import StoredExample
from aliquot.core.files import new_folder, write_file
from aliquot.core.records import decode, encode_pretty, sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec, StartingPoint
from aliquot.errors import RunError
from aliquot.modeling.forward import attention_of, layout_of
from aliquot.modeling.load import require_determinism
from aliquot.modeling.trained_weights import make_trainable, save_trained, set_trained_tensors
from aliquot.tokenization.batches import MAX_PACK_TOKENS
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from aliquot.worker.environment import Measured, device_name
from aliquot.worker.journal import RunJournal


def train_stage(run_dir: RunDir, spec: Spec, encoder: Encoder, *, base: Any, journal: RunJournal) -> None:
    """Train from the newest checkpoint and publish ``adapter/`` or ``model/`` by one rename.

    Raises:
        Interrupted: Training was stopped at a step border.
    """
    measured = _measure(run_dir, spec, base, journal)
    if measured.attention == "flash":
        require_determinism()
    rows = _encode(encoder, run_dir.read_rows("train"))
    validation_rows = _encode(encoder, run_dir.read_rows("validation"))
    model = make_trainable(base, spec.training)
    if spec.start:
        set_trained_tensors(model, _read_start(run_dir, spec.start))
    train(
        model,
        rows,
        validation_rows,
        spec.training,
        packing=Packing(measured.layout, measured.max_pack_tokens),
        checkpoints=CheckpointStore(run_dir.checkpoints_dir, spec.training.num_checkpoints_kept),
        journal=journal,
    )
    target = run_dir.model_dir if spec.training.method == "full" else run_dir.adapter_dir
    with new_folder(target) as folder:
        save_trained(model, folder, model_dir=encoder.folder, prepared=spec.model)


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


def _encode(encoder: Encoder, examples: list[StoredExample]) -> list[EncodedRow]:
    return encoder.encode_many(
        [example.messages for example in examples], [example.tools for example in examples]
    )


def _measure(run_dir: RunDir, spec: Spec, base: Any, journal: RunJournal) -> Measured:
    """Return what is chosen on this device, once for the whole life of the run."""
    layout = layout_of(base)
    found = Measured(
        layout=layout,
        attention=attention_of(base) if layout == "prefix_tree" else "masked",
        max_pack_tokens=MAX_PACK_TOKENS[spec.training.device],
        device_name=device_name(spec),
        num_threads=spec.training.num_threads,
        precision=spec.training.precision,
        torch_version=str(torch.__version__),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
    )
    if not run_dir.measured_path.is_file():
        write_file(run_dir.measured_path, encode_pretty(found))
        journal.write("measured", **asdict(found))
        return found
    first = decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path))
    if first != found:
        journal.write(
            "warning",
            code="machine_differs",
            message="This machine or its torch differs from the one the run began on; "
            "the result will be close, but not equal to the last bit.",
        )
    return first
