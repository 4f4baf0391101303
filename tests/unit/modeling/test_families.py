"""Every family that shares prefixes: loss and gradient equal those of its rows alone, and errors show.

In float64 the difference is 1e-15 for families with LayerNorm. RMSNorm works in float32 whatever the model
is in: gradients of a shared token are added up before they pass it, of lone rows after, which rounds
differently by about 5e-8. Gemma 2's reference has a softmax in float32 besides, about 3e-7.
"""

import random
from dataclasses import replace
from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.modeling import forward, tree_attention
from aliquot.plan.rules.optimisation import LINEAR_LAYERS
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.families import SHARING_FAMILIES
from tests.fixtures.families import (
    CONFIGS,
    VOCAB_SIZE,
    WINDOW,
    distance,
    lone_gradient,
    row,
    shared_gradient,
    tiny_model,
)

MAX_DISTANCE = {torch.float32: 1e-5, torch.float64: 1e-6}
LAYER_NORM = {"phi", "gpt_neox", "gpt_neox one after the other"}


def drawn(length, seed):
    rng = random.Random(seed)
    return [rng.randrange(VOCAB_SIZE) for _ in range(length)]


def rewritten(length, seed):
    """A conversation whose template rewrites past turns: two sequences with a common beginning."""
    first, second = (row(*drawn(6, 0), *drawn(length, seed + turn)) for turn in (0, 100))
    return EncodedRow(first.token_ids, first.is_trained, (second,))


PREFIX = drawn(40, 1)
"""Longer than a run may be when the others are short, so it is cut."""

ROW_SETS = {
    "a long shared prefix": [row(*PREFIX, *drawn(3 + seed % 4, seed)) for seed in range(2, 9)],
    "several branches": [rewritten(4 + seed, seed) for seed in range(3)] + [row(*drawn(6, 0), 1, 2, 3)],
    "nothing shared": [row(first, *drawn(9, first)) for first in range(5)],
    "all equal": [row(*drawn(12, 3))] * 4,
    "one the beginning of another": [row(*PREFIX[:size], num_trained=4) for size in (2, 9, 10, 30)],
    "different lengths": [row(*drawn(length, length), num_trained=9) for length in (2, 5, 31, 17)],
    "a deep trie": [row(*PREFIX[:depth], *drawn(3, depth)) for depth in range(0, 30, 3)],
}
MIXED = [rows[index] for index in (0, 1) for rows in ROW_SETS.values()]


@lru_cache
def model_of(name):
    return tiny_model(name)


def test_every_family_is_tried_here():
    assert {name.split()[0] for name in CONFIGS} == SHARING_FAMILIES


@pytest.mark.parametrize("name", CONFIGS)
def test_the_plan_knows_their_linear_layers(name):
    names = [name for name, _ in model_of(name).named_parameters() if "lora_A" in name]
    adapted = {path.split(".lora_A")[0].rpartition(".")[2] for path in names if "vision" not in path}
    assert adapted == set(LINEAR_LAYERS[name.split()[0]])


@pytest.mark.parametrize("rows", ROW_SETS.values(), ids=ROW_SETS)
@pytest.mark.parametrize("name", CONFIGS)
def test_loss_and_gradient_equal_those_of_the_rows_alone(name, rows):
    difference = distance(shared_gradient(model_of(name), rows), lone_gradient(model_of(name), rows))
    assert difference <= (1e-12 if name in LAYER_NORM else MAX_DISTANCE[torch.float64])


@pytest.mark.parametrize("name", CONFIGS)
def test_they_are_equal_in_float32_as_well(name):
    model = tiny_model(name, dtype=torch.float32)
    difference = distance(shared_gradient(model, MIXED), lone_gradient(model, MIXED))
    assert difference <= MAX_DISTANCE[torch.float32]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_padded_batch_is_equal_too(name):
    padded = shared_gradient(model_of(name), MIXED, "padded")
    assert distance(padded, lone_gradient(model_of(name), MIXED)) <= MAX_DISTANCE[torch.float64]


ANY_ROWS = st.lists(
    st.lists(st.integers(0, 2), min_size=2, max_size=3 * WINDOW).map(lambda ids: row(*ids, num_trained=3)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", ["gpt_neox", "mistral"])
@given(rows=ANY_ROWS)
@settings(max_examples=25, deadline=None)
def test_any_rows_are_equal(name, rows):
    difference = distance(shared_gradient(model_of(name), rows), lone_gradient(model_of(name), rows))
    assert difference <= MAX_DISTANCE[torch.float64]


def test_every_node_is_computed_once_and_the_head_only_where_there_is_loss():
    rows = ROW_SETS["a long shared prefix"]
    model = model_of("gemma2")
    seen = []
    hook = model.get_base_model().lm_head.register_forward_hook(lambda *call: seen.append(call[2].shape))
    found = forward.token_losses(model, rows, "prefix_tree")
    hook.remove()
    own = sum(len(row.token_ids) - len(PREFIX) - 1 for row in rows)
    assert found.computed_tokens <= len(PREFIX) + own
    assert seen == [(1, sum(row.num_trained_tokens for row in rows), VOCAB_SIZE)]


def test_a_layer_with_another_window_is_refused():
    tree = forward.build_prefix_tree([row(1, 2, 3)])
    index = tree_attention.index_runs(tree.runs, 2, torch.device("cpu"), window=3)
    with pytest.raises(ValueError, match="a window of 4; the tree was indexed for 3"):
        index.visible(index.groups[0], 4)


# Mutations: each must show in the gradient.


def _tree(change):
    build = forward.build_prefix_tree
    return forward, "build_prefix_tree", lambda rows: change(build(rows))


def _index(change):
    index = forward.index_runs
    return forward, "index_runs", lambda *args, **options: change(index, *args, **options)


def _attention(**forgotten):
    attend = tree_attention._attend
    return tree_attention, "_attend", lambda *args, **scores: attend(*args, **{**scores, **forgotten})


def _with_masks(found, change):
    groups = tuple(
        replace(
            group,
            is_visible_R1SL=change(group.is_visible_R1SL),
            is_near_R1SL=change(group.is_near_R1SL),
        )
        for group in found.groups
    )
    return replace(found, groups=groups)


def _one_too_few(index, *args, **options):
    """No query sees itself, but for roots."""

    def change(mask):
        less = torch.cat([mask[..., 1:], torch.zeros_like(mask[..., :1])], -1)
        less[..., 0] = True
        return less

    return _with_masks(index(*args, **options), change)


def _one_too_many(index, *args, **options):
    """Every query sees the token that comes after it, where there is one."""

    def change(mask):
        more = mask.clone()
        more[..., 1:] |= mask[..., :-1]
        return more

    return _with_masks(index(*args, **options), change)


def _window_off_by(step):
    def change(index, *args, window, **options):
        return replace(index(*args, window=window + step, **options), window=window)

    return change


def _sibling_visible(tree):
    """The last run sees the end of the first row in the place of its own parent."""
    run = tree.runs[-1]
    path = (*run.path[: run.num_shared - 1], tree.runs[0].path[-1], *run.path[run.num_shared :])
    return replace(tree, runs=[*tree.runs[:-1], replace(run, path=path)])


def _row_dropped(tree):
    kept = [i for i, index in enumerate(tree.query_rows) if index != 0]
    parts = {
        name: [getattr(tree, name)[i] for i in kept] for name in ("query_nodes", "targets", "query_rows")
    }
    return replace(tree, **parts)


def _position_wrong(tree):
    return replace(tree, positions=[*tree.positions[:-1], tree.positions[-1] + 1])


MUTATIONS = {
    "mask one too few": lambda: _index(_one_too_few),
    "mask one too many": lambda: _index(_one_too_many),
    "window one too short": lambda: _index(_window_off_by(-1)),
    "window one too long": lambda: _index(_window_off_by(1)),
    "sibling visible": lambda: _tree(_sibling_visible),
    "row dropped": lambda: _tree(_row_dropped),
    "position wrong": lambda: _tree(_position_wrong),
    "cap forgotten": lambda: _attention(softcap=None),
    "scaling forgotten": lambda: _attention(scaling=None),
}


OF_GEMMA = ("cap forgotten", "scaling forgotten")
TRIED = [
    *(("gemma2", error) for error in MUTATIONS),
    *(("mistral", error) for error in MUTATIONS if error not in OF_GEMMA),
]


@pytest.mark.parametrize(("name", "mutation"), TRIED)
def test_an_error_shows(name, mutation, monkeypatch):
    model, rows = model_of(name), ROW_SETS["a long shared prefix"]
    expected = lone_gradient(model, rows)
    monkeypatch.setattr(*MUTATIONS[mutation]())
    assert distance(shared_gradient(model, rows), expected) > 1e-3


def test_a_forgotten_bound_of_the_logits_shows(monkeypatch):
    model, rows = model_of("gemma2"), ROW_SETS["nothing shared"]
    expected = lone_gradient(model, rows)
    monkeypatch.setattr(model.get_base_model().config, "final_logit_softcapping", None)
    assert distance(shared_gradient(model, rows), expected) > 1e-3
