"""Attention run by run as a GPU's kernel does it, with the kernel's rule written out in plain torch."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from aliquot.modeling import flash_attention, forward
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.flash_attention import can_flash, index_flash
from aliquot.modeling.load import load_base
from aliquot.tokenization.prefix_tree import build_prefix_tree
from tests.fixtures.families import distance, lone_gradient, row, shared_gradient, tiny_model
from tests.fixtures.training import encoded_rows, training_spec

CPU = torch.device("cpu")


def attend_plainly(query, key, value, index, *, scaling, window):
    """Each sequence alone; its queries are the last of its keys."""
    spans = zip(pairwise(index.query_ends.tolist()), pairwise(index.key_ends.tolist()), strict=True)
    mixed = []
    for (first, last), (start, end) in spans:
        num_queries, num_keys = last - first, end - start
        places = torch.arange(num_keys - num_queries, num_keys)[:, None]
        is_near = torch.arange(num_keys) > places - (window or num_keys)
        mixed.append(
            scaled_dot_product_attention(
                query[first:last].transpose(0, 1),
                key[start:end].transpose(0, 1),
                value[start:end].transpose(0, 1),
                attn_mask=(torch.arange(num_keys) <= places) & is_near,
                scale=scaling,
                enable_gqa=True,
            ).transpose(0, 1)
        )
    return torch.cat(mixed)


def test_the_index_of_two_rows_with_a_shared_prefix():
    # 1 2 3 | 4 and 1 2 | 5 6: nodes 0 1 2 and 3; the last token of a row is no input
    tree = build_prefix_tree([row(1, 2, 3, 4), row(1, 2, 5, 6)])
    index = index_flash(tree.runs, CPU)
    assert index.keys_N.tolist() == [0, 1, 2, 0, 1, 3]
    assert index.query_ends.tolist() == [0, 3, 4]
    assert index.key_ends.tolist() == [0, 3, 6]
    assert (index.longest, index.deepest) == (3, 3)


def test_rows_that_share_nothing_need_no_gathering():
    tree = build_prefix_tree([row(1, 2, 3), row(4, 5, 6)])
    assert index_flash(tree.runs, CPU).keys_N is None


@pytest.fixture
def model(prepared_dir):
    base = load_base(prepared_dir, precision="float32", device="cpu")
    adapted = add_adapter(base, training_spec(lora_dropout=0.0)).double()
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:  # zero at the start, which would hide every error in A's gradient
            torch.nn.init.normal_(parameter, std=0.05)
    return adapted


@pytest.fixture
def by_kernel(monkeypatch):
    monkeypatch.setattr(forward, "attention_of", lambda model: "flash")
    monkeypatch.setattr(flash_attention, "_attend_to_ends", attend_plainly)


@pytest.mark.parametrize("has_shared_prefix", [True, False])
def test_the_gradient_equals_that_of_the_padded_batch(model, prepared_dir, by_kernel, has_shared_prefix):
    rows = encoded_rows(prepared_dir, 8) if has_shared_prefix else [row(1, 2, 3, 4), row(5, 6, 7, 8, 9)]
    padded = shared_gradient(model, rows, "padded")
    by_runs = shared_gradient(model, rows, "prefix_tree")
    assert distance(by_runs, padded) <= 1e-6


@pytest.mark.parametrize("family", ["mistral", "gemma3_text"])
def test_windows_reach_the_kernel(family, by_kernel):
    model = tiny_model(family)
    rows = [row(*range(20), *range(first, first + 6)) for first in (20, 21, 30)]
    assert distance(shared_gradient(model, rows), lone_gradient(model, rows)) <= 1e-6


def test_a_kernel_that_takes_the_queries_for_the_first_ones_is_noticed(
    model, prepared_dir, by_kernel, monkeypatch
):
    def attend_from_the_root(query, key, value, index, **options):
        lengths = index.query_ends.diff()
        shifted = replace(index, key_ends=index.key_ends[:1].new_tensor([0, *lengths.cumsum(0)]))
        return attend_plainly(query, key, value, shifted, **options)

    monkeypatch.setattr(flash_attention, "_attend_to_ends", attend_from_the_root)
    rows = encoded_rows(prepared_dir, 8)
    padded, broken = shared_gradient(model, rows, "padded"), shared_gradient(model, rows, "prefix_tree")
    assert distance(broken, padded) > 1e-4


def test_there_is_no_such_kernel_on_a_cpu():
    assert not can_flash(CPU, torch.bfloat16, 64)
