"""The loss of every validation row under the trained adapter: what trials of a sweep are compared on."""

from __future__ import annotations

from typing import Any

from aliquot.core.records import decode
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.tokenization.encoder import Encoder
from aliquot.training.loss import Packing
from aliquot.training.process_group import ALONE
from aliquot.worker.environment import Measured
from aliquot.worker.row_losses import save_row_losses


def validate_stage(run_dir: RunDir, spec: Spec, encoder: Encoder, *, model: Any) -> None:
    """Publish ``losses/validation.after.jsonl`` with all rows.

    Args:
        run_dir: A run whose training has ended, and measured no losses of single rows.
        spec: Its specification.
        encoder: Of its base model.
        model: The base with the trained adapter.
    """
    measured = decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path))
    save_row_losses(
        run_dir,
        "after",
        model,
        encoder,
        training=spec.training,
        chosen={"validation": run_dir.read_rows("validation")},
        packing=Packing(measured.layout, measured.max_pack_tokens),
        group=ALONE,
    )
