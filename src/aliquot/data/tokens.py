"""Token lengths under the base model's own template, and what must hold of every encoded row."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aliquot.core.dataset import Example, Finding
from aliquot.data.findings import first_lines
from aliquot.data.template_check import find_begin_token
from aliquot.errors import AliquotError, InputError, ModelError
from aliquot.tokenization.encoder import EncodedRow, Encoder

TOKEN_BYTES = 4
_CHUNK_ROWS = 1_000
_MAX_SYSTEM_TEXTS = 10_000
"""Lengths remembered at a time: memory stays flat where every row has its own system message."""
_TURN = re.compile(rb"\x01+")


@dataclass(frozen=True, slots=True)
class RowTokens:
    """One example in tokens.

    Attributes:
        branches: Ids of its sequences, four bytes each, the highest first: so they sort as the ids do.
        num_trained: Tokens with loss, over all branches.
        num_reference: Tokens of the last trained turn, the end of the turn included.
        num_prompt: Tokens before that turn.
        num_system: Tokens of the texts of system messages, in all branches.
        is_end_trained: Whether every trained turn ends with a trained stop token.
        has_one_begin: Whether every branch has exactly one beginning token, where the model has one.
    """

    branches: tuple[bytes, ...]
    num_trained: int
    num_reference: int
    num_prompt: int = 0
    num_system: int = 0
    is_end_trained: bool = True
    has_one_begin: bool = True

    @property
    def length(self) -> int:
        """Tokens of the longest branch: what must fit into the window."""
        return max(map(len, self.branches)) // TOKEN_BYTES

    @property
    def num_tokens(self) -> int:
        """Tokens of all branches."""
        return sum(map(len, self.branches)) // TOKEN_BYTES


def measure_rows(examples: Sequence[Example], encoder: Encoder) -> Iterator[RowTokens | AliquotError]:
    """Yield the tokens of each example in order, or why the template refuses it."""
    stops, begin = frozenset(encoder.model.stop_token_ids), find_begin_token(encoder)
    system_lengths: dict[str, int] = {}
    for start in range(0, len(examples), _CHUNK_ROWS):
        chunk = examples[start : start + _CHUNK_ROWS]
        _measure_system_texts(chunk, encoder, system_lengths)
        for example, encoded in zip(chunk, _encode(chunk, encoder), strict=True):
            if isinstance(encoded, AliquotError):
                yield encoded
            else:
                num_system = sum(system_lengths[text] for text in _system_texts(example))
                yield _measure_row(encoded, stops, begin=begin, num_system=num_system)


def _system_texts(example: Example) -> list[str]:
    return [one.content for one in example.messages if one.role in ("system", "developer")]


def _measure_system_texts(examples: Sequence[Example], encoder: Encoder, known: dict[str, int]) -> None:
    """Add the length of each system text that is new; most data sets have one."""
    if len(known) > _MAX_SYSTEM_TEXTS:
        known.clear()
    new = list({text for example in examples for text in _system_texts(example)} - known.keys())
    encodings = encoder.tokenizer.encode_batch_fast(new, add_special_tokens=False) if new else []
    known.update({text: len(encoding.ids) for text, encoding in zip(new, encodings, strict=True)})


def _encode(examples: Sequence[Example], encoder: Encoder) -> Sequence[EncodedRow | AliquotError]:
    """Encode some examples at once; when one is refused, each alone, to know which."""
    try:
        return encoder.encode_many(
            [example.messages for example in examples], [example.tools for example in examples]
        )
    except (InputError, ModelError) as error:
        if len(examples) == 1:
            return [error]
    return [row for example in examples for row in _encode([example], encoder)]


def _measure_row(
    encoded: EncodedRow, stops: frozenset[int], *, begin: int | None = None, num_system: int = 0
) -> RowTokens:
    num_trained, is_end_trained, reference = 0, True, (0, 0)
    for branch in encoded.branches:
        for turn in _TURN.finditer(bytes(branch.is_trained)):
            reference = turn.span()
            num_trained += reference[1] - reference[0]
            is_end_trained = is_end_trained and branch.token_ids[reference[1] - 1] in stops
    return RowTokens(
        branches=tuple(pack(branch.token_ids) for branch in encoded.branches),
        num_trained=num_trained,
        num_reference=reference[1] - reference[0],
        num_prompt=reference[0],
        num_system=num_system * len(encoded.branches),
        is_end_trained=is_end_trained,
        has_one_begin=begin is None or all(branch.token_ids.count(begin) == 1 for branch in encoded.branches),
    )


def pack(token_ids: Sequence[int]) -> bytes:
    """Return token ids as bytes that sort and share prefixes as the ids do."""
    return struct.pack(f">{len(token_ids)}I", *token_ids)


def is_too_long(row: RowTokens | AliquotError, limit: int) -> bool:
    """Whether a row does not fit into the limit."""
    return isinstance(row, RowTokens) and row.length > limit


def check_tokens(
    examples: Sequence[Example],
    rows: Sequence[RowTokens | AliquotError],
    limit: int,
    *,
    drops_too_long: bool,
) -> list[Finding]:
    """Return the rows that the template refuses, that teach nothing, or that do not fit.

    Raises:
        AliquotError: The template refuses every row: the model is at fault, not the rows.
    """
    failed = [
        (example, row) for example, row in zip(examples, rows, strict=True) if isinstance(row, AliquotError)
    ]
    unseen = [(example, row) for example, row in failed if row.code == "tools_not_in_template"]
    refused = [(example, row) for example, row in failed if row.code != "tools_not_in_template"]
    if refused and len(refused) == len(rows):
        raise refused[0][1]
    good = [(example, row) for example, row in zip(examples, rows, strict=True) if isinstance(row, RowTokens)]
    untrained = [example for example, row in good if row.num_trained == 0]
    endless = [example for example, row in good if row.num_trained and not row.is_end_trained]
    begun = [example for example, row in good if not row.has_one_begin]
    too_long = [(example, row) for example, row in good if row.length > limit]
    findings = []
    if unseen:
        error = unseen[0][1]
        findings.append(_error(error.code, error.message, [example for example, _ in unseen], error.hint))
    if refused:
        message = f"The base model's chat template refuses the conversation: {refused[0][1].message}"
        remedy = "Change these rows, or choose another base model."
        findings.append(_error("template_refuses_row", message, [example for example, _ in refused], remedy))
    if untrained:
        message = "No token of the row is trained."
        findings.append(_error("no_trained_token", message, untrained, "Give the row an assistant's answer."))
    if endless:
        message = "The token that ends the answer is not trained; the model would never stop."
        findings.append(_error("end_not_trained", message, endless, "Choose another base model."))
    if begun:
        message = "The row has not exactly one beginning token; its text may spell it."
        remedy = "Take the beginning token out of the messages; `aliquot data show FILE --line N` shows it."
        findings.append(_error("begin_token_repeated", message, begun, remedy))
    if too_long:
        findings.append(_describe_too_long(too_long, len(examples), limit, drops_too_long))
    return findings


def _describe_too_long(
    too_long: Sequence[tuple[Example, RowTokens]], num_rows: int, limit: int, drops_too_long: bool
) -> Finding:
    example, longest = max(too_long, key=lambda pair: pair[1].length)
    counts = f"{len(too_long):,} of {num_rows:,} rows exceed {limit:,} tokens"
    message = f"{counts} (longest: line {example.line:,}, {longest.length:,} tokens)"
    rows = [example for example, _ in too_long]
    if drops_too_long:
        finding = _error(
            "dropped_too_long", f"{message}; they were left out.", rows, "Asked for by data.drop_too_long."
        )
        return replace(finding, severity="warning")
    remedy = (
        "Choose: set data.drop_too_long to leave them out, take a base model with a larger window "
        "(or raise train.max_seq_len), or shorten them. Nothing is ever cut."
    )
    return _error("too_long", f"{message}.", rows, remedy)


def _error(code: str, message: str, rows: Sequence[Example], remedy: str) -> Finding:
    lines = first_lines(example.line for example in rows)
    return Finding(code=code, severity="error", message=message, lines=lines, count=len(rows), remedy=remedy)
