"""Loss and gradients on a prefix tree equal those of the padded batch, and a broken tree does not."""

from dataclasses import replace

import pytest
import torch

from aliquot.modeling import forward
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.forward import token_losses
from aliquot.modeling.load import load_base
from tests.fixtures.training import encoded_rows, training_spec


@pytest.fixture
def model(prepared_dir):
    base = load_base(prepared_dir, precision="float32", device="cpu")
    adapted = add_adapter(base, training_spec(lora_dropout=0.0))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:  # zero at the start, which would hide every error in A's gradient
            torch.nn.init.normal_(parameter, std=0.05)
    return adapted


def _gradients(model, rows, layout):
    model.zero_grad()
    result = token_losses(model, rows, layout)
    result.losses_Q.sum().backward()
    grads = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    return result, grads


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_tree_equals_padded(model, prepared_dir, dtype, tolerance):
    model.to(dtype)
    rows = encoded_rows(prepared_dir, 8)
    shared, shared_grads = _gradients(model, rows, "prefix_tree")
    padded, padded_grads = _gradients(model, rows, "padded")
    assert (shared_grads - padded_grads).norm() / padded_grads.norm() <= tolerance
    assert torch.allclose(shared.per_row(8)[0], padded.per_row(8)[0], rtol=1e-5)
    assert torch.equal(shared.per_row(8)[1], padded.per_row(8)[1])
    assert shared.computed_tokens < padded.computed_tokens / 2


def _off_by_one(tree):
    """Every run forgets the root of its path."""
    runs = [replace(run, path=run.path[1:], num_shared=run.num_shared - 1) for run in tree.runs[1:]]
    return replace(tree, runs=[tree.runs[0], *runs])


def _sees_another_row(tree):
    """The last run sees a node of another row in the place of its own parent."""
    run = tree.runs[-1]
    other = tree.runs[0].path[-1]
    path = (*run.path[: run.num_shared - 1], other, *run.path[run.num_shared :])
    return replace(tree, runs=[*tree.runs[:-1], replace(run, path=path)])


def _wrong_position(tree):
    return replace(tree, positions=[*tree.positions[:-1], tree.positions[-1] + 1])


def _dropped_row(tree):
    kept = [i for i, row in enumerate(tree.query_rows) if row != 0]
    return replace(
        tree,
        query_nodes=[tree.query_nodes[i] for i in kept],
        targets=[tree.targets[i] for i in kept],
        query_rows=[tree.query_rows[i] for i in kept],
    )


@pytest.mark.parametrize("mutate", [_off_by_one, _sees_another_row, _wrong_position, _dropped_row])
def test_a_broken_tree_is_noticed(model, prepared_dir, monkeypatch, mutate):
    build = forward.build_prefix_tree
    monkeypatch.setattr(forward, "build_prefix_tree", lambda rows: mutate(build(rows)))
    rows = encoded_rows(prepared_dir, 8)
    _, shared_grads = _gradients(model, rows, "prefix_tree")
    _, padded_grads = _gradients(model, rows, "padded")
    assert (shared_grads - padded_grads).norm() / padded_grads.norm() > 1e-4


def test_a_hit_is_what_greedy_decoding_would_give(model, prepared_dir):
    rows = encoded_rows(prepared_dir, 4)
    row = rows[0]
    start = row.is_trained.index(True)
    ids = list(row.token_ids[:start])
    for _ in range(start, len(row.token_ids)):
        with torch.no_grad():
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    greedy = replace(row, token_ids=tuple(ids))
    assert token_losses(model, [greedy], "prefix_tree").per_row(1)[1].tolist() == [True]
    wrong = replace(row, token_ids=(*ids[:-1], (ids[-1] + 1) % 100))
    assert token_losses(model, [wrong], "prefix_tree").per_row(1)[1].tolist() == [False]
