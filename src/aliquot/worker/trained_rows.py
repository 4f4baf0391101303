"""What the loop trains of each example: one row of a conversation, the windows of a plain text."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.dataset import StoredExample
from aliquot.core.spec import TrainingSpec
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.pairs import encode_examples
from aliquot.tokenization.texts import encode_texts


def encode_by_example(
    encoder: Encoder, examples: Sequence[StoredExample], training: TrainingSpec, *, as_pairs: bool = False
) -> list[list[EncodedRow]]:
    """Return the rows of each example, in their order.

    Args:
        encoder: Of the base model.
        examples: Of one split.
        training: Says whether they are plain texts, and how long a window is.
        as_pairs: Whether a rejected answer becomes a branch.
    """
    if training.objective == "text":
        return encode_texts(encoder, examples, training.max_seq_len)
    return [[row] for row in encode_examples(encoder, examples, as_pairs=as_pairs)]
