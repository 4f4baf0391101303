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
from aliquot.training.loss import Packing, StepLoss, count_tokens, own_passes, seed_dropout, total
from aliquot.training.optimizer import trained_parameters
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

    def accumulate_gradients(
        self,
        model: Any,
        rows: Sequence[EncodedRow],
        spec: TrainingSpec,
        *,
        step: int,
        packing: Packing,
        group: ProcessGroup = ALONE,
    ) -> StepLoss:
        """Add the gradient of the mean loss of a step's pairs to the trained parameters."""
        shares: list[torch.Tensor] = []
        margins: list[torch.Tensor] = []
        wins: list[torch.Tensor] = []
        computed_tokens = 0
        for micro_step, weight, micro_batch in own_passes(rows, spec, packing, group):
            seed_dropout(spec.seed, step, micro_step)
            margins_P, computed = self.margins(model, micro_batch, packing.layout)
            share = -weight * logsigmoid(margins_P).sum() / len(rows)
            share.backward()
            shares.append(share.detach())
            margins.append(weight * margins_P.detach().sum())
            wins.append(weight * (margins_P.detach() > 0).sum())
            computed_tokens += computed
        group.add_up_gradients(trained_parameters(model))
        loss, margin, num_wins, num_computed = group.add_up(
            [total(shares), total(margins), total(wins), computed_tokens]
        )
        measures = {"preference_accuracy": num_wins / len(rows), "reward_margin": margin / len(rows)}
        trained_tokens = sum(row.num_trained_tokens for row in rows)
        return StepLoss(loss, count_tokens(rows), round(num_computed), trained_tokens, measures)

    def mean_loss(
        self,
        model: Any,
        rows: Sequence[EncodedRow],
        spec: TrainingSpec,
        packing: Packing,
        group: ProcessGroup = ALONE,
    ) -> float:
        """Return the mean loss of held-out pairs, dropout off."""
        was_training = model.training
        model.eval()
        totals: list[torch.Tensor] = []
        with torch.inference_mode():
            for _, weight, micro_batch in own_passes(rows, spec, packing, group):
                margins_P, _ = self.margins(model, micro_batch, packing.layout)
                totals.append(-weight * logsigmoid(margins_P).sum())
        model.train(was_training)
        [summed] = group.add_up([total(totals)])
        return summed / len(rows)

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
