"""Token lengths under the base model's own template, and what must hold of every encoded row."""

from __future__ import annotations

import math
import random
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aliquot.core.dataset import Example, Finding, TokenProfile
from aliquot.data.findings import first_lines
from aliquot.errors import AliquotError, InputError, ModelError
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.prefix_tree import count_distinct

MICRO_BATCHES = (8, 32)
SAMPLED_ROWS = 20_000
"""Above this many rows the prefix tree is measured on a sample of so many and scaled up."""
_CHUNK_ROWS = 1_000
_TURN = re.compile(rb"\x01+")


@dataclass(frozen=True, slots=True)
class RowTokens:
    """One example in tokens.

    Attributes:
        branches: Ids of its sequences, four bytes each; most rows have one.
        num_trained: Tokens with loss, over all branches.
        num_reference: Tokens of the last trained turn, the end of the turn included.
        is_end_trained: Whether every trained turn ends with a trained stop token.
    """

    branches: tuple[array[int], ...]
    num_trained: int
    num_reference: int
    is_end_trained: bool

    @property
    def length(self) -> int:
        """Tokens of the longest branch: what must fit into the window."""
        return max(len(ids) for ids in self.branches)

    @property
    def num_tokens(self) -> int:
        """Tokens of all branches."""
        return sum(len(ids) for ids in self.branches)


def measure_rows(examples: Sequence[Example], encoder: Encoder) -> Iterator[RowTokens | AliquotError]:
    """Yield the tokens of each example in order, or why the template refuses it."""
    stops = frozenset(encoder.model.stop_token_ids)
    for start in range(0, len(examples), _CHUNK_ROWS):
        for encoded in _encode(examples[start : start + _CHUNK_ROWS], encoder):
            yield encoded if isinstance(encoded, AliquotError) else _measure_row(encoded, stops)


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


def _measure_row(encoded: EncodedRow, stops: frozenset[int]) -> RowTokens:
    num_trained, is_end_trained, reference = 0, True, (0, 0)
    for branch in encoded.branches:
        for turn in _TURN.finditer(bytes(branch.is_trained)):
            reference = turn.span()
            num_trained += reference[1] - reference[0]
            is_end_trained = is_end_trained and branch.token_ids[reference[1] - 1] in stops
    return RowTokens(
        branches=tuple(array("i", branch.token_ids) for branch in encoded.branches),
        num_trained=num_trained,
        num_reference=reference[1] - reference[0],
        is_end_trained=is_end_trained,
    )


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


def profile_tokens(lines: Sequence[int], rows: Sequence[RowTokens], *, seed: int) -> TokenProfile:
    """Return the token profile of one split.

    Args:
        lines: The line of each row.
        rows: Its tokens; at least one row.
        seed: Of the order in which rows are put into micro-batches.
    """
    lengths = [row.length for row in rows]
    longest = max(lengths)
    ordered = sorted(lengths)
    return TokenProfile(
        num_tokens=sum(row.num_tokens for row in rows),
        num_trained_tokens=sum(row.num_trained for row in rows),
        median=ordered[(len(ordered) - 1) // 2],
        p95=ordered[math.ceil(0.95 * len(ordered)) - 1],
        longest=longest,
        longest_line=lines[lengths.index(longest)],
        longest_reference=max(row.num_reference for row in rows),
        shared_prefix=_shared_prefix([ids for row in rows for ids in row.branches]),
        prefix_tree_tokens={size: _tree_tokens(rows, size, seed) for size in MICRO_BATCHES},
    )


def _shared_prefix(rows: Sequence[array[int]]) -> int:
    """Return how many leading tokens all rows have in common."""
    first, last = min(rows), max(rows)  # in dictionary order these two differ earliest
    return next(
        (index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )


def _tree_tokens(rows: Sequence[RowTokens], micro_batch_size: int, seed: int) -> int:
    """Return the tokens per epoch when each prefix shared within a micro-batch counts once."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    sample = order[:SAMPLED_ROWS]
    distinct = 0
    for start in range(0, len(sample), micro_batch_size):
        batch = [rows[index] for index in sample[start : start + micro_batch_size]]
        distinct += count_distinct([tuple(ids) for row in batch for ids in row.branches])
    if len(sample) == len(order):
        return distinct
    total, sampled = (sum(rows[index].num_tokens for index in which) for which in (order, sample))
    return round(distinct * total / sampled)
