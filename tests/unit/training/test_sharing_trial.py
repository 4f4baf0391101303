"""The trial passes where sharing is right, and fails for faults that would not crash."""

from dataclasses import replace

import pytest
import torch

from aliquot.modeling import forward
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.load import load_base, set_determinism
from aliquot.training.sharing_trial import MAX_DIFFERENCE, sharing_difference
from tests.fixtures.training import encoded_rows, training_spec

LIMIT = MAX_DIFFERENCE[torch.float32]


@pytest.fixture
def model(prepared_dir):
    set_determinism(1, "cpu")
    return add_adapter(load_base(prepared_dir, precision="float32", device="cpu"), training_spec())


@pytest.fixture
def rows(prepared_dir):
    return encoded_rows(prepared_dir, 12)


def test_right_sharing_passes_and_leaves_no_gradient(model, rows):
    model.train()
    assert sharing_difference(model, rows) < LIMIT / 100
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def shifted_positions(tree):
    return replace(tree, positions=[place + (place > 0) for place in tree.positions])


def one_row_less(tree):
    return replace(tree, query_nodes=tree.query_nodes[:-2], targets=tree.targets[:-2])


@pytest.mark.parametrize("fault", [shifted_positions, one_row_less])
def test_a_fault_of_the_tree_fails(monkeypatch, model, rows, fault):
    real = forward.build_prefix_tree
    monkeypatch.setattr(forward, "build_prefix_tree", lambda rows: fault(real(rows)))
    if fault is one_row_less:
        monkeypatch.setattr(forward, "_token_losses", cut_rows(forward._token_losses))
    assert sharing_difference(model, rows) > LIMIT


def cut_rows(real):
    def of_tree(logits_QV, targets_Q, rows_Q, computed_tokens):
        return real(logits_QV, targets_Q, rows_Q[: len(targets_Q)], computed_tokens)

    return of_tree


def test_a_mask_that_sees_one_token_too_far_fails(monkeypatch, model, rows):
    real = forward.index_runs

    def peeking(*arguments, **options):
        index = real(*arguments, **options)
        groups = []
        for group in index.groups:
            visible = group.is_visible_R1SL.clone()
            visible[..., 1:] |= group.is_visible_R1SL[..., :-1]
            groups.append(replace(group, is_visible_R1SL=visible))
        return replace(index, groups=tuple(groups))

    monkeypatch.setattr(forward, "index_runs", peeking)
    assert sharing_difference(model, rows) > LIMIT
