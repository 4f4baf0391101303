"""The loss of single rows before and after training: ``losses/<split>.before.jsonl`` and ``.after.jsonl``.

A training row whose loss stays high is the first to look at for a wrong label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from aliquot.core.dataset import SPLITS, StoredExample
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines
from aliquot.core.result import RowLoss
from aliquot.core.run_dir import RunDir
from aliquot.tokenization.batches import epoch_order
from aliquot.tokenization.encoder import Encoder
from aliquot.training.loss import Packing, row_losses
from aliquot.training.process_group import ProcessGroup


def choose_rows(examples: Sequence[StoredExample], limit: int, seed: int) -> list[StoredExample]:
    """Return at most ``limit`` rows, drawn by the seed, in the order of the split."""
    # Epoch -2 is nobody's: -1 draws the examples that a few-shot prompt shows.
    return [examples[index] for index in sorted(epoch_order(len(examples), seed, -2)[:limit])]


def save_row_losses(
    run_dir: RunDir,
    when: Literal["before", "after"],
    model: Any,
    encoder: Encoder,
    *,
    chosen: Mapping[str, Sequence[StoredExample]],
    packing: Packing,
    group: ProcessGroup,
) -> None:
    """Measure and publish the loss of some rows of each split; a file that is there is left as it is.

    A spread model needs all processes of the group; the first one writes.
    """
    for split, examples in chosen.items():
        path = run_dir.losses_path(split, when)
        if not examples or not group.agree(not path.is_file()):
            continue
        rows = encoder.encode_many([e.messages for e in examples], [e.tools for e in examples])
        found = row_losses(model, rows, packing)
        records = [
            RowLoss(example_id=example.example_id, loss=loss / num_tokens, num_tokens=num_tokens)
            for example, (loss, num_tokens) in zip(examples, found, strict=True)
        ]
        if group.is_first:
            write_file(path, encode_lines(records))


def choose_of_all(run_dir: RunDir, limit: int, seed: int) -> dict[str, list[StoredExample]]:
    """Return the rows of every split whose loss is measured; none when the limit is 0."""
    splits = SPLITS if limit else ()
    return {split: choose_rows(run_dir.read_rows(split), limit, seed) for split in splits}
