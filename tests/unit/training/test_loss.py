"""The gradient of a step: the same for any cut into micro-batches, and in expectation under dropout."""

from dataclasses import replace
from functools import lru_cache

import pytest
import torch

from aliquot.training.loss import Packing, accumulate_gradients
from aliquot.training.supervised_loss import SUPERVISED
from tests.fixtures.families import distance, lone_gradient, row, shared_gradient, tiny_model
from tests.fixtures.training import training_spec

ROWS = [row(*range(12), *range(first, first + 2 + first % 5), num_trained=3) for first in range(12, 24)]
PACKINGS = [(layout, limit) for layout in ("prefix_tree", "padded") for limit in (25, 1536)]


@lru_cache
def model_of(name):
    return tiny_model(name)


def step_gradient(model, spec, packing):
    model.zero_grad()
    loss = accumulate_gradients(SUPERVISED, model, ROWS, spec, step=0, packing=packing).loss
    return torch.cat(
        [torch.tensor([loss]), *(p.grad.flatten() for p in model.parameters() if p.grad is not None)]
    )


@pytest.mark.parametrize(("layout", "limit"), PACKINGS)
@pytest.mark.parametrize("micro_batch_size", [1, 5, 12])
@pytest.mark.parametrize("name", ["gemma2", "phi"])
def test_any_cut_gives_the_gradient_of_the_mean_over_all_trained_tokens(
    name, micro_batch_size, layout, limit
):
    model = model_of(name)
    expected = lone_gradient(model, ROWS) / sum(row.num_trained_tokens for row in ROWS)
    spec = replace(training_spec(), micro_batch_size=micro_batch_size, batch_size=len(ROWS))
    assert distance(step_gradient(model, spec, Packing(layout, limit)), expected) <= 1e-6


NUM_DRAWS = 40


@lru_cache
def drawn_gradients(layout, *, dropout, seed):
    """Return loss and gradient for draws of dropout, one a line."""
    model = tiny_model("phi", dtype=torch.float32, dropout=dropout).train()
    found = []
    for draw in range(NUM_DRAWS):
        torch.manual_seed(seed + draw)
        found.append(shared_gradient(model, ROWS[:3], layout))
    return torch.stack(found)


def excess(first, second):
    """Return how far two means lie apart: squared, in standard errors, averaged over the weights.

    It is about 1 where both are means of the same distribution.
    """
    variance = (first.var(0) + second.var(0)) / NUM_DRAWS
    return ((first.mean(0) - second.mean(0)) ** 2 / variance).mean().item()


def test_dropout_on_shared_prefixes_is_equal_in_expectation():
    """A shared token has one draw for all its rows, so single gradients differ; their mean does not.

    The loss is a sum over rows and each row sees masks of the same distribution, shared or not.
    """
    shared = drawn_gradients("prefix_tree", dropout=0.3, seed=0)
    assert excess(shared, drawn_gradients("padded", dropout=0.3, seed=10_000)) < 1.5
    assert not torch.equal(shared[0], shared[1])


def test_forgotten_dropout_would_be_noticed():
    without = drawn_gradients("prefix_tree", dropout=0.0, seed=0)
    assert excess(without, drawn_gradients("padded", dropout=0.3, seed=10_000)) > 4
