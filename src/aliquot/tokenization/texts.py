"""A plain text as token ids, cut into windows of which every token is predicted once.

A text stands as in pretraining: after the token that begins texts (where the tokenizer has none, after the
one that ends them, which stood before it when documents were laid end to end), and before the token that ends
it. A window begins with the last token of the one before, which is only its context: so windows predict every
token of the text, none twice, and what is cut is the context alone. The lm-evaluation-harness scores texts in
the same way (``loglikelihood_rolling``: Gao et al., doi:10.5281/zenodo.5371628).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tokenizers import Tokenizer

from aliquot.core.dataset import StoredExample
from aliquot.tokenization.encoder import EncodedRow, Encoder

END_NAMES = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<｜end▁of▁sentence｜>")
"""What families call the token that ends a document in pretraining; that which ends a turn may be another."""


class TextEncoder:
    """Turns plain texts into windows, with the tokenizer of a prepared model.

    Args:
        encoder: Of the base model.
        window: Most tokens of a window, its context included; at least 2.
    """

    def __init__(self, encoder: Encoder, window: int) -> None:
        self.window = window
        self._tokenizer = encoder.tokenizer
        self.end = find_end_token(encoder)
        self.begin = find_begin_token(encoder)

    def windows(self, texts: Sequence[str], *, with_end: bool = True) -> list[list[EncodedRow]]:
        """Return the windows of each text; tokenises them in one call.

        Args:
            texts: Texts that are not empty.
            with_end: Whether the token that ends the text is predicted too: it is trained, but it is no part
                of the text and not scored.
        """
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        end = (self.end,) if with_end else ()
        return [self._cut((self.begin, *encoding.ids, *end)) for encoding in encodings]

    def _cut(self, ids: tuple[int, ...]) -> list[EncodedRow]:
        starts = range(0, len(ids) - 1, self.window - 1)
        parts = [ids[start : start + self.window] for start in starts]
        return [EncodedRow(part, (False, *(True,) * (len(part) - 1))) for part in parts]


def find_end_token(encoder: Encoder) -> int:
    """Return the id that ends a document: the one of pretraining where it is known, else that of a turn."""
    known = _special_ids(encoder.tokenizer)
    return next((known[name] for name in END_NAMES if name in known), encoder.model.stop_token_ids[-1])


def find_begin_token(encoder: Encoder) -> int:
    """Return the id before a document: the beginning token if the tokenizer sets one, else the end token."""
    first = encoder.tokenizer.encode("a").ids[:1]
    begin = encoder.model.bos_token_id
    return begin if begin is not None and first == [begin] else find_end_token(encoder)


@lru_cache(maxsize=4)
def _special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    added = tokenizer.get_added_tokens_decoder()
    return {token.content: token_id for token_id, token in added.items() if token.special}


def encode_texts(encoder: Encoder, examples: Sequence[StoredExample], window: int) -> list[list[EncodedRow]]:
    """Return the windows of each example, the end of the text included: what is trained."""
    return TextEncoder(encoder, window).windows([example.messages[0].content for example in examples])
