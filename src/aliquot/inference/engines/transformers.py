"""Answers from a transformers model, on any device torch knows.

The prefix that all prompts of a batch share is computed once; answers are scored on a prefix tree.
Shape letters: B prompts, P shared prefix, S longest rest, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from transformers import DynamicCache

from aliquot.inference.engine import Answer, AnswerScore
from aliquot.modeling.forward import layout_of, token_losses
from aliquot.modeling.load import autocast
from aliquot.tokenization.batches import micro_batches, pack_limit
from aliquot.tokenization.encoder import EncodedRow


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
        rows = [
            EncodedRow((*prompt, *answer), (False,) * len(prompt) + (True,) * len(answer))
            for prompt, candidates in zip(prompts, answers, strict=True)
            for answer in candidates
        ]
        scores: dict[tuple[int, ...], AnswerScore] = {}
        most = pack_limit(self._model.device.type, max((len(row.token_ids) for row in rows), default=0))
        for batch in micro_batches(rows, len(rows), most, self._layout):
            losses, is_greedy = token_losses(self._model, batch, self._layout).per_row(len(batch))
            for row, loss, flag in zip(batch, losses.tolist(), is_greedy.tolist(), strict=True):
                scores[row.token_ids] = AnswerScore(-loss, flag)
        found = iter([scores[row.token_ids] for row in rows])
        return [[next(found) for _ in candidates] for candidates in answers]

    def _greedy_tokens(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> Iterator[torch.Tensor]:
        """Yield the next token of each prompt (B,), until all have stopped.

        A prompt that stopped early goes on with a stop token.
        """
        prefix = shared_prefix(prompts) if self._sees_all(prompts, max_new_tokens) else []
        batch = _LeftPadded(prompts, len(prefix), self._model.device)
        is_done_B = torch.zeros(len(prompts), dtype=torch.bool, device=self._model.device)
        cache = self._prefill(prefix, len(prompts))
        while not is_done_B.all():
            with autocast(self._model):
                logits_BV = self._model(
                    input_ids=batch.ids,
                    attention_mask=batch.mask,
                    position_ids=batch.positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                ).logits[:, -1]
            next_B = torch.where(is_done_B, self._stop_ids[0], logits_BV.float().argmax(-1))
            yield next_B
            is_done_B |= torch.isin(next_B, self._stop_ids)
            batch.advance(next_B)

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
    """What the model is fed next: the rests of the prompts after their shared prefix of P tokens.

    Padding stands on the left, so that every rest ends at the same place.
    """

    def __init__(self, prompts: Sequence[Sequence[int]], num_prefix: int, device: torch.device) -> None:
        rests = [list(prompt[num_prefix:]) for prompt in prompts]
        longest = max(len(rest) for rest in rests)
        padding = [longest - len(rest) for rest in rests]
        self.ids = torch.tensor(
            [[0] * n + rest for n, rest in zip(padding, rests, strict=True)], device=device
        )
        is_token_BS = torch.tensor([[0] * n + [1] * (longest - n) for n in padding], device=device)
        self.mask = torch.cat([is_token_BS.new_ones(len(rests), num_prefix), is_token_BS], dim=1)
        self.positions = num_prefix + (is_token_BS.cumsum(1) - 1).clamp(min=0)

    def advance(self, next_B: torch.Tensor) -> None:
        """Feed one more token of each row."""
        self.ids = next_B[:, None]
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(next_B), 1)], dim=1)
        self.positions = self.positions[:, -1:] + 1


def shared_prefix(prompts: Sequence[Sequence[int]]) -> list[int]:
    """Return the ids all prompts begin with, leaving each at least one id of its own."""
    limit = min(len(prompt) for prompt in prompts) - 1
    first = prompts[0]
    for place in range(limit):
        if any(prompt[place] != first[place] for prompt in prompts):
            return list(first[:place])
    return list(first[: max(0, limit)])
