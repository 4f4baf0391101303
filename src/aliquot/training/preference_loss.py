"""Direct preference optimisation: the loss of pairs of a chosen and a rejected answer to one prompt.

    loss = mean over the pairs of a step of  -log sigmoid(margin)
    margin = beta * ((log p(chosen) - log p_ref(chosen)) - (log p(rejected) - log p_ref(rejected)))

A log-probability is summed over the tokens of the answer, end of turn included. The reference is the model as
it was before the first step; what it gave is computed once and handed in.

Source: Rafailov et al. 2023, Direct Preference Optimization, arXiv 2305.18290, equation 7.
Shape letters: P pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import logsigmoid

from aliquot.core.spec import TrainingSpec
from aliquot.modeling.forward import token_losses
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.pairs import answers_of
from aliquot.training.loss import Packing, own_passes
from aliquot.training.objective import PassSums
from aliquot.training.process_group import ALONE, ProcessGroup


@dataclass(frozen=True, slots=True)
class Preference:
    """The objective of pairs.

    Attributes:
        beta: How strongly the model is held to the reference.
        reference: log p_ref(chosen) - log p_ref(rejected) of every pair, in nats.
    """

    beta: float
    reference: Mapping[EncodedRow, float]

    measures = ("preference_accuracy", "reward_margin")

    def num_terms(self, rows: Sequence[EncodedRow]) -> int:
        """Return the pairs."""
        return len(rows)

    def sum_pass(self, model: Any, rows: Sequence[EncodedRow], layout: str) -> PassSums:
        """Return the summed loss in nats, how many chosen answers win, and their summed margins."""
        margins_P, computed_tokens = self.margins(model, rows, layout)
        won = {"preference_accuracy": (margins_P > 0).sum(), "reward_margin": margins_P.detach().sum()}
        return PassSums(-logsigmoid(margins_P).sum(), won, computed_tokens)

    def margins(self, model: Any, pairs: Sequence[EncodedRow], layout: str) -> tuple[torch.Tensor, int]:
        """Return the reward margins of the pairs of one pass, shape P, and the tokens computed."""
        logprobs_P2, computed_tokens = answer_logprobs(model, pairs, layout)
        gains_P = logprobs_P2[:, 1] - logprobs_P2[:, 0]
        reference_P = gains_P.new_tensor([self.reference[pair] for pair in pairs])
        return self.beta * (gains_P - reference_P), computed_tokens


def answer_logprobs(model: Any, pairs: Sequence[EncodedRow], layout: str) -> tuple[torch.Tensor, int]:
    """Return log p of the rejected and of the chosen answers, shape P x 2, and the tokens computed."""
    answers = [answer for pair in pairs for answer in answers_of(pair)]
    result = token_losses(model, answers, layout)
    losses, _ = result.per_row(len(answers))
    return -losses.view(len(pairs), 2), result.computed_tokens


def pair_logprobs(
    model: Any, pairs: Sequence[EncodedRow], spec: TrainingSpec, packing: Packing, group: ProcessGroup = ALONE
) -> list[tuple[float, float]]:
    """Return log p of the rejected and of the chosen answer of each pair, in nats, dropout off.

    Several processes share the passes; each gets all the numbers.
    """
    was_training = model.training
    model.eval()
    # By content: passes hold the pairs in an order of their own.
    places = {pair: place for place, pair in enumerate(dict.fromkeys(pairs))}
    found = [0.0] * (2 * len(places))
    with torch.inference_mode():
        for _, weight, micro_batch in own_passes(list(places), spec, packing, group):
            logprobs_P2, _ = answer_logprobs(model, micro_batch, packing.layout)
            for pair, both in zip(micro_batch, logprobs_P2.tolist() if weight else (), strict=False):
                start = 2 * places[pair]
                found[start : start + 2] = both
    model.train(was_training)
    summed = group.add_up(found)
    return [(summed[2 * places[pair]], summed[2 * places[pair] + 1]) for pair in pairs]
