"""The loss of every validation row under the trained adapter: what trials of a sweep are compared on."""

from __future__ import annotations

from typing import Any

import torch

from aliquot.core.files import write_file
from aliquot.core.records import decode, encode_lines
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.core.sweep import RowLoss
from aliquot.modeling.forward import token_losses
from aliquot.tokenization.encoder import Encoder
from aliquot.training.loss import Packing
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
    place = {id(row): index for index, row in enumerate(rows)}  # passes sort their rows
    losses = [0.0] * len(rows)
    model.eval()
    with torch.inference_mode():
        for part in Packing(measured.layout, measured.max_pack_tokens).cut(rows, spec.training):
            found = token_losses(model, part, measured.layout).per_row(len(part))[0].tolist()
            for row, loss in zip(part, found, strict=True):
                losses[place[id(row)]] = loss
    records = [
        RowLoss(
            example_id=example.example_id,
            loss=loss,
            num_trained_tokens=row.num_trained_tokens,
            group=example.group,
        )
        for example, row, loss in zip(examples, rows, losses, strict=True)
    ]
    write_file(run_dir.validation_losses_path, encode_lines(records))
