"""The loss of preferences: by hand, against a naive implementation, for any cut, and what must not pass."""

import math
from dataclasses import replace
from functools import lru_cache

import pytest
import torch
from torch.nn.functional import cross_entropy

from aliquot.modeling.tree_attention import NAME as TREE_ATTENTION
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.pairs import answers_of
from aliquot.training import preference_loss
from aliquot.training.loss import Packing, accumulate_gradients, mean_loss
from aliquot.training.preference_loss import Preference, pair_logprobs
from tests.fixtures.families import distance, row, tiny_model
from tests.fixtures.preferences import encoded_pairs
from tests.fixtures.training import training_spec

BETA = 0.5
PACKING = Packing("prefix_tree", 1536)


def pair(*prompt, rejected, chosen):
    sides = [row(*prompt, *answer, num_trained=len(answer)) for answer in (rejected, chosen)]
    return EncodedRow(sides[0].token_ids, sides[0].is_trained, (sides[1],))


PAIRS = [
    pair(*range(8), first, rejected=(first + 1, 40), chosen=(first + 2, first + 3, 40))
    for first in range(12, 22)
]
SPEC = replace(training_spec(), micro_batch_size=len(PAIRS), batch_size=len(PAIRS))


@lru_cache
def model():
    """Return an adapter that is not at its beginning: B is zero there, and A would have no gradient."""
    made = tiny_model("llama", dtype=torch.float32)
    torch.manual_seed(1)
    for parameter in made.parameters():
        if parameter.requires_grad:
            parameter.data.add_(0.05 * torch.randn_like(parameter))
    return made


@lru_cache
def reference():
    """Return the gains of the base without its adapter, each answer by itself in transformers' attention."""
    with torch.no_grad(), model().disable_adapter():
        return {one: float(naive_gain(one)) for one in PAIRS}


def naive_gain(one):
    rejected, chosen = map(naive_logprob, answers_of(one))
    return chosen - rejected


def naive_logprob(answer):
    language_model = model().get_base_model()
    language_model.set_attn_implementation("sdpa")
    ids_L = torch.tensor(answer.token_ids)
    logits_LV = language_model(input_ids=ids_L[None], use_cache=False).logits[0, :-1]
    language_model.set_attn_implementation(TREE_ATTENTION)
    is_asked_L = torch.tensor(answer.is_trained)[1:]
    return -cross_entropy(logits_LV[is_asked_L], ids_L[1:][is_asked_L], reduction="sum")


def naive_step():
    """Return loss and gradient of all pairs: the formula, written out."""
    model().zero_grad()
    margins = [BETA * (naive_gain(one) - reference()[one]) for one in PAIRS]
    loss = sum(torch.log(1 + torch.exp(-margin)) for margin in margins) / len(PAIRS)
    loss.backward()
    return flat(loss.item())


def our_step(pairs=PAIRS, *, gains=None, spec=SPEC, packing=PACKING):
    model().zero_grad()
    objective = Preference(BETA, reference() if gains is None else gains)
    return flat(accumulate_gradients(objective, model(), pairs, spec, step=0, packing=packing).loss)


def flat(loss):
    gradients = [p.grad.flatten() for p in model().parameters() if p.grad is not None]
    return torch.cat([torch.tensor([loss]), *gradients])


def test_the_loss_of_two_pairs_by_hand(monkeypatch):
    """With beta 0.5: 0.5 * ((-1 + 2) - (-4 + 3)) = 1 and 0.5 * ((-3 + 2) - (-2 + 3)) = -1.

    -log sigmoid(1) = 0.313262, -log sigmoid(-1) = 1.313262; their mean is 0.813262.
    """
    first, second = PAIRS[:2]
    given = {first: (-4.0, -1.0), second: (-2.0, -3.0)}  # rejected, chosen

    def told(model, pairs, layout):
        return torch.tensor([given[one] for one in pairs], requires_grad=True), 10

    monkeypatch.setattr(preference_loss, "answer_logprobs", told)
    objective = Preference(0.5, {first: -2.0 - -3.0, second: -2.0 - -3.0})
    result = accumulate_gradients(objective, model(), [first, second], SPEC, step=0, packing=PACKING)
    assert result.loss == pytest.approx(0.813262, abs=1e-6)
    assert result.measures == {"preference_accuracy": 0.5, "reward_margin": 0.0}
    assert mean_loss(objective, model(), [first, second], SPEC, PACKING) == pytest.approx(0.813262, abs=1e-6)


def test_before_the_first_step_the_loss_is_the_logarithm_of_two():
    found = pair_logprobs(model(), PAIRS, SPEC, PACKING)
    gains = {one: chosen - rejected for one, (rejected, chosen) in zip(PAIRS, found, strict=True)}
    assert mean_loss(Preference(BETA, gains), model(), PAIRS, SPEC, PACKING) == pytest.approx(
        math.log(2), abs=1e-6
    )


@pytest.mark.parametrize("layout", ["prefix_tree", "padded"])
@pytest.mark.parametrize(("micro_batch_size", "limit"), [(10, 1536), (10, 40), (3, 1536), (1, 1536)])
def test_any_cut_gives_the_gradient_of_the_formula_written_out(layout, micro_batch_size, limit):
    spec = replace(SPEC, micro_batch_size=micro_batch_size)
    assert distance(our_step(spec=spec, packing=Packing(layout, limit)), naive_step()) < 1e-5


def test_the_prompt_of_a_pair_is_computed_once():
    model().zero_grad()
    objective = Preference(BETA, reference())
    result = accumulate_gradients(objective, model(), PAIRS[:1], SPEC, step=0, packing=PACKING)
    assert (result.computed_tokens, result.num_tokens) == (9 + 1 + 2, 11 + 12)


def swapped(one):
    rejected, chosen = answers_of(one)
    return EncodedRow(chosen.token_ids, chosen.is_trained, (rejected,))


def test_a_swapped_pair_would_be_noticed():
    turned = [swapped(one) for one in PAIRS]
    gains = {other: -reference()[one] for one, other in zip(PAIRS, turned, strict=True)}
    assert distance(our_step(turned, gains=gains), naive_step()) > 0.1


def test_a_reference_with_the_adapter_on_would_be_noticed():
    found = pair_logprobs(model(), PAIRS, SPEC, PACKING)
    gains = {one: chosen - rejected for one, (rejected, chosen) in zip(PAIRS, found, strict=True)}
    assert distance(our_step(gains=gains), naive_step()) > 1e-3


def test_a_sum_over_prompt_tokens_would_be_noticed():
    """Prompt tokens on both sides cancel: on the chosen side alone they do not."""

    def with_prompt(one):
        rejected, chosen = answers_of(one)
        everywhere = (False, *(True for _ in chosen.token_ids[1:]))
        return EncodedRow(
            rejected.token_ids, rejected.is_trained, (EncodedRow(chosen.token_ids, everywhere),)
        )

    longer = [with_prompt(one) for one in PAIRS]
    gains = {other: reference()[one] for one, other in zip(PAIRS, longer, strict=True)}
    assert distance(our_step(longer, gains=gains), naive_step()) > 0.1


def test_only_answers_with_their_end_of_turn_are_summed(prepared_dir):
    """Tokens of the shared prompt would cancel in the loss, but not in the numbers that are stored."""
    tokenizer = Encoder.load(prepared_dir)
    [one] = encoded_pairs(prepared_dir, 1)
    rejected, chosen = answers_of(one)
    texts = [
        tokenizer.tokenizer.decode(
            [token for token, is_on in zip(side.token_ids, side.is_trained, strict=True) if is_on],
            skip_special_tokens=False,
        )
        for side in (rejected, chosen)
    ]
    assert all(text.endswith("<|im_end|>") for text in texts)
    assert texts[0] != texts[1]
    start = chosen.is_trained.index(True)
    assert rejected.token_ids[:start] == chosen.token_ids[:start]
    assert not any(rejected.is_trained[:start])
