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
from aliquot.core.spec import TrainingSpec
from aliquot.tokenization.batches import epoch_order
from aliquot.tokenization.encoder import Encoder
from aliquot.training.loss import Packing, row_losses
from aliquot.training.process_group import ProcessGroup
from aliquot.worker.trained_rows import encode_by_example


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
    training: TrainingSpec,
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
        by_example = encode_by_example(encoder, examples, training)
        found = iter(row_losses(model, [row for rows in by_example for row in rows], packing))
        records = [
            _as_record(example, [next(found) for _ in rows])
            for example, rows in zip(examples, by_example, strict=True)
        ]
        if group.is_first:
            write_file(path, encode_lines(records))


def _as_record(example: StoredExample, losses: Sequence[tuple[float, int]]) -> RowLoss:
    """Return the loss of an example from the summed losses of its rows."""
    num_tokens = sum(number for _, number in losses)
    total = sum(loss for loss, _ in losses)
    return RowLoss(example_id=example.example_id, loss=total / num_tokens, num_tokens=num_tokens)


def choose_of_all(run_dir: RunDir, limit: int, seed: int) -> dict[str, list[StoredExample]]:
    """Return the rows of every split whose loss is measured; none when the limit is 0."""
    splits = SPLITS if limit else ()
    return {split: choose_rows(run_dir.read_rows(split), limit, seed) for split in splits}
