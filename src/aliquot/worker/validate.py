"""The loss of every validation row under the trained adapter: what trials of a sweep are compared on."""

from __future__ import annotations

from typing import Any

from aliquot.core.files import write_file
from aliquot.core.records import decode, encode_lines
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.core.sweep import ValidationLoss
from aliquot.tokenization.encoder import Encoder
from aliquot.training.loss import Packing, row_losses
from aliquot.worker.environment import Measured


def validate_stage(run_dir: RunDir, spec: Spec, encoder: Encoder, *, model: Any) -> None:
    """Publish ``validation_losses.jsonl``, in the order of the rows.

    Args:
        run_dir: A run whose training has ended.
        spec: Its specification.
        encoder: Of its base model.
        model: The base with the trained adapter.
    """
    examples = run_dir.read_rows("validation")
    rows = encoder.encode_many(
        [example.messages for example in examples], [example.tools for example in examples]
    )
    measured = decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path))
    losses = row_losses(model, rows, Packing(measured.layout, measured.max_pack_tokens))
    records = [
        ValidationLoss(
            example_id=example.example_id, loss=loss, num_trained_tokens=num_tokens, group=example.group
        )
        for example, (loss, num_tokens) in zip(examples, losses, strict=True)
    ]
    write_file(run_dir.validation_losses_path, encode_lines(records))
