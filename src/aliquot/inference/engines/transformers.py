"""Answers from a transformers model, on any device torch knows.

The prefix that all prompts of a batch share is computed once; answers are scored on a prefix tree.
Shape letters: B prompts, P shared prefix, S longest rest, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from aliquot.inference.engine import Answer, AnswerScore
from aliquot.modeling.forward import layout_of, token_losses
from aliquot.modeling.load import autocast
from aliquot.tokenization.batches import micro_batches
from aliquot.tokenization.encoder import EncodedRow


class TransformersEngine:
    """Greedy decoding and scoring with one loaded model, adapter included if there is one.

    Args:
        model: A transformers causal language model or a PEFT model, in evaluation mode.
        stop_token_ids: Tokens that end an answer.
    """

    def __init__(self, model: Any, stop_token_ids: Sequence[int]) -> None:
        self._model = model
        self._stop_ids = torch.tensor(sorted(stop_token_ids), device=model.device)
        self._layout = layout_of(model)

    @torch.inference_mode()
    def generate(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[Answer]:
        """See ``Engine.generate``."""
        prefix = shared_prefix(prompts)
        rests = [list(prompt[len(prefix) :]) for prompt in prompts]
        with autocast(self._model):
            cache = self._prefill(prefix, len(prompts))
            tokens_BN = self._decode(rests, cache, len(prefix), max_new_tokens)
        return [self._as_answer(tokens) for tokens in tokens_BN.tolist()]

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
        for batch in micro_batches(rows, len(rows)):
            losses, is_greedy = token_losses(self._model, batch, self._layout).per_row(len(batch))
            for row, loss, flag in zip(batch, losses.tolist(), is_greedy.tolist(), strict=True):
                scores[row.token_ids] = AnswerScore(-loss, flag)
        found = iter([scores[row.token_ids] for row in rows])
        return [[next(found) for _ in candidates] for candidates in answers]

    def _prefill(self, prefix: Sequence[int], num_prompts: int) -> DynamicCache:
        """Return the keys and values of the shared prefix, repeated for each prompt."""
        cache = DynamicCache(config=self._model.config)
        if prefix:
            self._model(
                input_ids=torch.tensor([list(prefix)], device=self._model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache.batch_repeat_interleave(num_prompts)
        return cache

    def _decode(
        self, rests: list[list[int]], cache: DynamicCache, num_prefix: int, max_new_tokens: int
    ) -> torch.Tensor:
        """Return the generated tokens (B, N); rows that stopped early go on with their stop token."""
        device = self._model.device
        longest = max(len(rest) for rest in rests)
        # Padding stands on the left, so that every rest ends at the same place.
        ids_BS = torch.tensor([[0] * (longest - len(rest)) + rest for rest in rests], device=device)
        is_token_BS = torch.tensor(
            [[0] * (longest - len(rest)) + [1] * len(rest) for rest in rests], device=device
        )
        mask = torch.cat([is_token_BS.new_ones(len(rests), num_prefix), is_token_BS], dim=1)
        positions = num_prefix + (is_token_BS.cumsum(1) - 1).clamp(min=0)
        is_done_B = torch.zeros(len(rests), dtype=torch.bool, device=device)
        inputs, produced = ids_BS, []
        for _ in range(max_new_tokens):
            logits_BV = self._model(
                input_ids=inputs,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            next_B = logits_BV.float().argmax(-1)
            next_B = torch.where(is_done_B, self._stop_ids[0], next_B)
            produced.append(next_B)
            is_done_B |= torch.isin(next_B, self._stop_ids)
            if is_done_B.all():
                break
            inputs = next_B[:, None]
            mask = torch.cat([mask, mask.new_ones(len(rests), 1)], dim=1)
            positions = positions[:, -1:] + 1
        return torch.stack(produced, dim=1)

    def _as_answer(self, tokens: list[int]) -> Answer:
        stops = set(self._stop_ids.tolist())
        for place, token in enumerate(tokens):
            if token in stops:
                return Answer(tuple(tokens[:place]), "stop")
        return Answer(tuple(tokens), "length")


def shared_prefix(prompts: Sequence[Sequence[int]]) -> list[int]:
    """Return the ids all prompts begin with, leaving each at least one id of its own."""
    limit = min(len(prompt) for prompt in prompts) - 1
    first = prompts[0]
    for place in range(limit):
        if any(prompt[place] != first[place] for prompt in prompts):
            return list(first[:place])
    return list(first[: max(0, limit)])
