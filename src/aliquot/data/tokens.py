"""Token lengths under the base model's own template, and what must hold of every encoded row."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from aliquot.core.dataset import Example, Finding
from aliquot.data.findings import describe_rows
from aliquot.data.table import ExampleTable
from aliquot.data.template_check import find_begin_token
from aliquot.errors import AliquotError, InputError, ModelError
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.pairs import encode_examples
from aliquot.tokenization.texts import TextEncoder

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
        is_pair: Whether it has a rejected answer beside the chosen one, a branch each.
        is_text: Whether it is a plain text, its windows the branches: each is trained as a row.
    """

    branches: tuple[bytes, ...]
    num_trained: int
    num_reference: int
    num_prompt: int = 0
    num_system: int = 0
    is_end_trained: bool = True
    has_one_begin: bool = True
    is_pair: bool = False
    is_text: bool = False

    @property
    def length(self) -> int:
        """Tokens of the longest branch: what must fit into the window."""
        return max(map(len, self.branches)) // TOKEN_BYTES

    @property
    def num_tokens(self) -> int:
        """Tokens of all branches."""
        return sum(map(len, self.branches)) // TOKEN_BYTES


def measure_rows(
    examples: Sequence[Example], encoder: Encoder, *, as_pairs: bool = False
) -> Iterator[RowTokens | AliquotError]:
    """Yield the tokens of each example in order, or why the template refuses it.

    Args:
        examples: The examples.
        encoder: Of the base model.
        as_pairs: Whether a rejected answer is trained beside the chosen one.
    """
    stops, begin = frozenset(encoder.model.stop_token_ids), find_begin_token(encoder)
    system_lengths: dict[str, int] = {}
    for start in range(0, len(examples), _CHUNK_ROWS):
        chunk = examples[start : start + _CHUNK_ROWS]
        _measure_system_texts(chunk, encoder, system_lengths)
        for example, encoded in zip(chunk, _encode(chunk, encoder, as_pairs=as_pairs), strict=True):
            if isinstance(encoded, AliquotError):
                yield encoded
            else:
                num_system = sum(system_lengths[text] for text in _system_texts(example))
                measured = _measure_row(encoded, stops, begin=begin, num_system=num_system)
                yield replace(measured, is_pair=True) if as_pairs and example.rejected else measured


def measure_texts(
    examples: Sequence[Example], encoder: Encoder, window: int
) -> Iterator[RowTokens | AliquotError]:
    """Yield the tokens of plain texts in order, each cut into windows of so many tokens."""
    texts = TextEncoder(encoder, window)
    for start in range(0, len(examples), _CHUNK_ROWS):
        chunk = [example.messages[0].content for example in examples[start : start + _CHUNK_ROWS]]
        for windows in texts.windows(chunk):
            num_trained = sum(one.num_trained_tokens for one in windows)
            packed = tuple(pack(one.token_ids) for one in windows)
            yield RowTokens(packed, num_trained, max(len(one.token_ids) for one in windows) - 1, is_text=True)


def list_windows(row: RowTokens) -> list[RowTokens]:
    """Return the windows of a plain text as rows of their own, as they are trained; another row as it is."""
    if not row.is_text:
        return [row]
    sizes = [len(ids) // TOKEN_BYTES - 1 for ids in row.branches]
    return [
        RowTokens((ids,), size, size, num_prompt=1, is_text=True)
        for ids, size in zip(row.branches, sizes, strict=True)
    ]


def _system_texts(example: Example) -> list[str]:
    return [one.content for one in example.messages if one.role in ("system", "developer")]


def _measure_system_texts(examples: Sequence[Example], encoder: Encoder, known: dict[str, int]) -> None:
    """Add the length of each system text that is new; most data sets have one."""
    if len(known) > _MAX_SYSTEM_TEXTS:
        known.clear()
    new = list({text for example in examples for text in _system_texts(example)} - known.keys())
    encodings = encoder.tokenizer.encode_batch_fast(new, add_special_tokens=False) if new else []
    known.update({text: len(encoding.ids) for text, encoding in zip(new, encodings, strict=True)})


def _encode(
    examples: Sequence[Example], encoder: Encoder, *, as_pairs: bool
) -> Sequence[EncodedRow | AliquotError]:
    """Encode some examples at once; when one is refused, each alone, to know which."""
    try:
        return encode_examples(encoder, examples, as_pairs=as_pairs)
    except (InputError, ModelError) as error:
        if len(examples) == 1:
            return [error]
    return [row for example in examples for row in _encode([example], encoder, as_pairs=as_pairs)]


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


def check_tokens(table: ExampleTable, rows: Sequence[RowTokens | AliquotError], limit: int) -> list[Finding]:
    """Return the rows that the template refuses, that teach nothing, or that do not fit.

    Args:
        table: All examples.
        rows: The tokens of each, or why the template refuses it.
        limit: Longest row accepted, in tokens.

    Raises:
        AliquotError: The template refuses every row: the model is at fault, not the rows.
    """
    faults: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for code in _list_faults(row, limit):
            faults.setdefault(code, []).append(place)
    refused = faults.get("template_refuses_row", [])
    if refused and len(refused) == len(rows):
        raise cast(AliquotError, rows[refused[0]])
    return [
        finding
        for code, places in faults.items()
        for finding in _describe(table, code, places, *_explain(table, rows, code, places, limit))
    ]


def _list_faults(row: RowTokens | AliquotError, limit: int) -> Iterator[str]:
    """Yield the codes of what is wrong with one row."""
    if isinstance(row, AliquotError):
        is_unseen = row.code == "tools_not_in_template"
        yield row.code if is_unseen else "template_refuses_row"
        return
    if row.num_trained == 0:
        yield "no_trained_token"
    elif not row.is_end_trained:
        yield "end_not_trained"
    if not row.has_one_begin:
        yield "begin_token_repeated"
    if row.length > limit:
        yield "too_long"


def _explain(
    table: ExampleTable, rows: Sequence[RowTokens | AliquotError], code: str, places: list[int], limit: int
) -> tuple[str, str]:
    """Return the message of a fault and its remedy."""
    first = rows[places[0]]
    match code:
        case "tools_not_in_template" if isinstance(first, AliquotError):
            return first.message, first.hint
        case "template_refuses_row" if isinstance(first, AliquotError):
            message = f"The base model's chat template refuses the conversation: {first.message}"
            return message, "Change these rows, or choose another base model."
        case "no_trained_token":
            return "No token of the row is trained.", "Give the row an assistant's answer."
        case "end_not_trained":
            message = "The token that ends the answer is not trained; the model would never stop."
            return message, "Choose another base model."
        case "begin_token_repeated":
            message = "The row has not exactly one beginning token; its text may spell it."
            remedy = (
                "Take the beginning token out of the messages; `aliquot data show FILE --line N` shows it."
            )
            return message, remedy
    return _explain_too_long(table, rows, places, limit)


def _explain_too_long(
    table: ExampleTable, rows: Sequence[RowTokens | AliquotError], places: list[int], limit: int
) -> tuple[str, str]:
    lengths = {place: row.length for place in places if isinstance(row := rows[place], RowTokens)}
    longest = max(lengths, key=lengths.__getitem__)
    message = (
        f"{len(places):,} of {len(rows):,} rows exceed {limit:,} tokens "
        f"(longest: line {table.line_N[longest]:,}, {lengths[longest]:,} tokens)."
    )
    remedy = (
        "Choose: leave them out (drop_too_long), take a base model with a larger window "
        "(or raise train.max_seq_len), or shorten them. Nothing is ever cut."
    )
    return message, remedy


def _describe(table: ExampleTable, code: str, places: list[int], message: str, remedy: str) -> list[Finding]:
    return describe_rows(table, np.array(places), code=code, severity="error", message=message, remedy=remedy)
