"""Answers from a transformers model, on any device torch knows.

The prefix that all prompts of a split share is computed once and kept, where the model and the device allow
it; else once a batch. Answers are scored on a prefix tree; rows that have stopped are not decoded further.

Shape letters: B prompts, S longest rest of a prompt, K own keys so far, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from transformers import DynamicCache

from aliquot.inference.engine import Answer, AnswerScore
from aliquot.modeling.forward import layout_of, token_losses
from aliquot.modeling.kept_prefix import MIN_TOKENS, can_keep_prefix, compute_prefix
from aliquot.modeling.load import autocast
from aliquot.modeling.shared_prefix import SharedPrefix
from aliquot.tokenization.batches import micro_batches, pack_limit
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.prefix_tree import shared_length

MAX_OPEN = 0.75
"""Share of a batch's rows still open at which the others are left out: leaving out copies the rest."""


class TransformersEngine:
    """Greedy decoding and scoring with one loaded model, adapter included if there is one.

    Args:
        model: A transformers causal language model or a PEFT model, in evaluation mode.
        stop_token_ids: Tokens that end an answer.
    """

    def __init__(self, model: Any, stop_token_ids: Sequence[int]) -> None:
        self._model = model
        self._stops = frozenset(stop_token_ids)
        self._stop_ids = torch.tensor(sorted(stop_token_ids), device=model.device)
        self._layout = layout_of(model)
        self._expected: tuple[int, ...] = ()
        self._kept: SharedPrefix | None = None

    def keep_prefix(self, prefix: Sequence[int]) -> None:
        """See ``Engine.keep_prefix``. It is computed when the first batch comes that begins with it."""
        self._expected, self._kept = tuple(prefix), None

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[Answer]:
        """See ``Engine.generate``."""
        tokens_BN = torch.stack(
            list(islice(self._greedy_tokens(prompts, max_new_tokens), max_new_tokens)), dim=1
        )
        return [self._as_answer(tokens) for tokens in tokens_BN.tolist()]

    @torch.inference_mode()
    def stream(self, prompt: Sequence[int], max_new_tokens: int) -> Iterator[int]:
        """Yield the greedy answer to one prompt token by token, the stop token left out."""
        for token_B in islice(self._greedy_tokens([prompt], max_new_tokens), max_new_tokens):
            token = int(token_B.item())
            if token in self._stops:
                return
            yield token

    @torch.inference_mode()
    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[AnswerScore]]:
        """See ``Engine.score``. A prompt is computed once for all its answers."""
        longest = max((len(ids) for candidates in answers for ids in candidates), default=0)
        prefix = self._prefix_of(prompts, longest)
        start = len(prefix.token_ids) if prefix else 0
        rows = [
            EncodedRow((*prompt[start:], *answer), (False,) * (len(prompt) - start) + (True,) * len(answer))
            for prompt, candidates in zip(prompts, answers, strict=True)
            for answer in candidates
        ]
        scores: dict[tuple[int, ...], AnswerScore] = {}
        most = pack_limit(self._model.device.type, max((len(row.token_ids) for row in rows), default=0))
        for batch in micro_batches(rows, len(rows), most, self._layout):
            found = token_losses(self._model, batch, self._layout, prefix=prefix)
            losses, is_greedy = found.per_row(len(batch))
            for row, loss, flag in zip(batch, losses.tolist(), is_greedy.tolist(), strict=True):
                scores[row.token_ids] = AnswerScore(-loss, flag)
        in_order = iter([scores[row.token_ids] for row in rows])
        return [[next(in_order) for _ in candidates] for candidates in answers]

    def _greedy_tokens(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> Iterator[torch.Tensor]:
        """Yield the next token of each prompt (B,), until all have stopped.

        A prompt that stopped early goes on with a stop token.
        """
        batch = self._start(prompts, max_new_tokens)
        next_B = self._stop_ids[:1].repeat(len(prompts))
        rows = torch.arange(len(prompts), device=self._model.device)  # of the prompts that are still computed
        is_open = torch.ones_like(rows, dtype=torch.bool)
        while is_open.any():
            with autocast(self._model):
                logits = self._model(use_cache=True, logits_to_keep=1, **batch.inputs()).logits[:, -1]
            found = torch.where(is_open, logits.float().argmax(-1), self._stop_ids[0])
            next_B = next_B.index_copy(0, rows, found)
            yield next_B
            is_open = ~torch.isin(found, self._stop_ids)
            batch.advance(found)
            if self._layout == "prefix_tree" and 0 < is_open.sum() <= MAX_OPEN * len(rows):
                kept = is_open.nonzero()[:, 0]
                batch.keep(kept)
                rows, is_open = rows[kept], is_open[kept]

    def _start(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> _LeftPadded:
        """Return the batch as the model is first fed it, what its prompts share being computed already."""
        prefix = self._prefix_of(prompts, max_new_tokens)
        if prefix:
            return _LeftPadded(prompts, len(prefix.token_ids), DynamicCache(), self._model.device, prefix)
        shared = shared_prefix(prompts) if self._sees_all(prompts, max_new_tokens) else []
        cache = self._prefill(shared, len(prompts))
        return _LeftPadded(prompts, len(shared), cache, self._model.device)

    def _prefix_of(self, prompts: Sequence[Sequence[int]], num_answer_tokens: int) -> SharedPrefix | None:
        """Return what these prompts begin with, computed: the kept prefix, or more if they share more.

        None where they share little, or where a prefix cannot be computed by itself.
        """
        shared = shared_prefix(prompts)
        longest = max(len(prompt) for prompt in prompts) + num_answer_tokens
        if len(shared) < MIN_TOKENS or not can_keep_prefix(self._model, longest):
            return None
        num_kept = len(self._expected)
        kept = (
            self._compute_kept() if num_kept >= MIN_TOKENS and shared[:num_kept] == self._expected else None
        )
        if len(prompts) == 1 or (kept and len(shared) < num_kept + MIN_TOKENS):
            return kept
        return compute_prefix(self._model, shared, after=kept)

    def _compute_kept(self) -> SharedPrefix:
        self._kept = self._kept or compute_prefix(self._model, self._expected)
        return self._kept

    def _sees_all(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> bool:
        """Whether no padding between the shared prefix and a rest takes up room of a sliding window."""
        lengths = [len(prompt) for prompt in prompts]
        window = getattr(self._model.config.get_text_config(), "sliding_window", None)
        return window is None or min(lengths) == max(lengths) or max(lengths) + max_new_tokens <= window

    def _prefill(self, prefix: Sequence[int], num_prompts: int) -> DynamicCache:
        """Return the keys and values of the shared prefix, repeated for each prompt."""
        cache = DynamicCache(config=self._model.config)
        if prefix:
            with autocast(self._model):
                self._model(
                    input_ids=torch.tensor([list(prefix)], device=self._model.device),
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
            cache.batch_repeat_interleave(num_prompts)
        return cache

    def _as_answer(self, tokens: list[int]) -> Answer:
        for place, token in enumerate(tokens):
            if token in self._stops:
                return Answer(tuple(tokens[:place]), "stop")
        return Answer(tuple(tokens), "length")


class _LeftPadded:
    """What the model is fed next: the rests of the prompts, then one token of each after the other.

    Padding stands on the left, so that every rest ends at the same place.

    Args:
        prompts: Whole.
        num_before: Tokens that all of them begin with, computed already.
        cache: Of keys and values; holds those tokens unless there is a ``prefix``.
        device: Where the model is.
        prefix: Those tokens, if they are kept beside the cache.
    """

    def __init__(
        self,
        prompts: Sequence[Sequence[int]],
        num_before: int,
        cache: DynamicCache,
        device: torch.device,
        prefix: SharedPrefix | None = None,
    ) -> None:
        rests = [list(prompt[num_before:]) for prompt in prompts]
        longest = max(len(rest) for rest in rests)
        padding = [longest - len(rest) for rest in rests]
        self._ids = torch.tensor(
            [[0] * n + rest for n, rest in zip(padding, rests, strict=True)], device=device
        )
        is_token_BS = torch.tensor([[0] * n + [1] * (longest - n) for n in padding], device=device)
        self._positions = num_before + (is_token_BS.cumsum(1) - 1).clamp(min=0)
        cached_BN = is_token_BS.new_ones(len(rests), 0 if prefix else num_before)
        self._is_token_BK = torch.cat([cached_BN, is_token_BS], dim=1)
        self._cache, self._prefix = cache, prefix

    def inputs(self) -> dict[str, Any]:
        """Return the arguments of the model's next pass."""
        sight = {"attention_mask": self._is_token_BK}
        if self._prefix:
            sight = {"attention_mask": self._is_visible(), "prefix": self._prefix}
        return {
            "input_ids": self._ids,
            "position_ids": self._positions,
            "past_key_values": self._cache,
            **sight,
        }

    def advance(self, next_B: torch.Tensor) -> None:
        """Feed one more token of each row."""
        self._ids = next_B[:, None]
        self._is_token_BK = torch.cat([self._is_token_BK, self._is_token_BK.new_ones(len(next_B), 1)], dim=1)
        self._positions = self._positions[:, -1:] + 1

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with some of the rows only."""
        self._ids, self._positions = self._ids[rows], self._positions[rows]
        self._is_token_BK = self._is_token_BK[rows]
        self._cache.batch_select_indices(rows)

    def _is_visible(self) -> torch.Tensor:
        """Return which own keys the new tokens see (B, 1, new, K): what stands before, and themselves."""
        num_new, num_keys = self._ids.shape[1], self._is_token_BK.shape[1]
        places = torch.arange(num_keys, device=self._ids.device)
        own_places = places[num_keys - num_new :, None]
        is_before = self._is_token_BK[:, None, None].bool() & (places <= own_places)
        return is_before | (places == own_places)  # padding sees itself: it must see something


def shared_prefix(prompts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the ids all prompts begin with, leaving each at least one id of its own."""
    first = tuple(prompts[0])
    shared = min(shared_length(first, tuple(prompt)) for prompt in prompts)
    return first[: max(0, min(shared, min(len(prompt) for prompt in prompts) - 1))]
