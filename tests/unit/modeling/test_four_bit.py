"""A base in 4 bits: what is packed, and that losses and gradients are those of its unpacked weights."""

from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from peft import LoraConfig, get_peft_model

from aliquot.errors import MachineError
from aliquot.modeling import four_bit
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.forward import token_losses
from aliquot.modeling.four_bit import find_obstacle, is_four_bit, require_four_bit, unpack
from aliquot.modeling.load import load_base
from tests.fixtures.training import encoded_rows, training_spec

needs_bitsandbytes = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="bitsandbytes (the extra qlora) is not installed"
)
SPEC = training_spec(method="qlora", lora_dropout=0.0)


def load(folder, *, is_4_bit=True, precision="float32"):
    return load_base(folder, precision=precision, device="cpu", is_4_bit=is_4_bit)


def packed_layers(model):
    return {name: layer for name, layer in model.named_modules() if hasattr(layer, "quant_state")}


def with_values(model):
    """Give B values: at zero it would hide errors in the gradient of A."""
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def gradient(model, rows, layout="prefix_tree"):
    model.zero_grad(set_to_none=True)
    torch.manual_seed(1)
    token_losses(model, rows, layout).losses_Q.sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def difference(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def whole_copy(folder):
    """Return a base whose weights are those of the packed one, unpacked: the same numbers, no packing."""
    model = load(folder, is_4_bit=False)
    layers = dict(model.named_modules())
    for name, layer in packed_layers(load(folder)).items():
        layers[name].weight.data = unpack(layer.weight, layer.weight.quant_state)
    return model


@needs_bitsandbytes
def test_linear_layers_are_packed_and_head_and_embeddings_are_not(prepared_dir):
    model = load(prepared_dir)
    assert is_four_bit(model) and not is_four_bit(load(prepared_dir, is_4_bit=False))
    packed = packed_layers(model)
    assert len(packed) == 2 * 7  # two layers: four matrices of attention, three of the MLP
    assert all(layer.weight.dtype == torch.uint8 for layer in packed.values())
    assert all(layer.weight.quant_state.nested for layer in packed.values()), "double quantisation"
    assert {layer.weight.quant_state.quant_type for layer in packed.values()} == {"nf4"}
    assert model.lm_head.weight.dtype == model.model.embed_tokens.weight.dtype == torch.float32


@needs_bitsandbytes
def test_loading_twice_gives_the_same_bytes(prepared_dir):
    first, second = (packed_layers(load(prepared_dir)) for _ in range(2))
    assert all(torch.equal(first[name].weight.data, second[name].weight.data) for name in first)


@needs_bitsandbytes
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_loss_and_gradient_are_those_of_the_unpacked_weights(prepared_dir, dropout):
    rows, spec = encoded_rows(prepared_dir, 8), replace(SPEC, lora_dropout=dropout)
    packed = with_values(add_adapter(load(prepared_dir), spec)).train()
    whole = with_values(add_adapter(whole_copy(prepared_dir), spec)).train()
    rounded_off = with_values(add_adapter(load(prepared_dir, is_4_bit=False), spec)).train()
    expected = gradient(whole, rows)
    assert difference(gradient(packed, rows), expected) < 1e-5
    assert difference(gradient(rounded_off, rows), expected) > 1e-2, "the packing itself changes the weights"


@needs_bitsandbytes
def test_loss_and_gradient_are_those_of_peft(prepared_dir):
    rows = encoded_rows(prepared_dir, 8)
    config = LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules="all-linear")
    base = load(prepared_dir)
    torch.manual_seed(SPEC.seed)
    theirs = with_values(get_peft_model(base, config)).train()
    ours = with_values(add_adapter(load(prepared_dir), SPEC)).train()
    kinds = [type(module).__name__ for module in ours.modules()]
    assert kinds.count("LoraLinear4bit") == 14 and "LoraLinear" not in kinds, "that is for whole weights"
    assert difference(gradient(ours, rows), gradient(theirs, rows)) < 1e-5


@needs_bitsandbytes
def test_shared_prefixes_give_the_gradient_of_padded_rows(prepared_dir):
    model, rows = with_values(add_adapter(load(prepared_dir), SPEC)), encoded_rows(prepared_dir, 8)
    padded = gradient(model, rows, "padded")
    assert difference(gradient(model, rows), padded) < 1e-5
    assert difference(gradient(model, rows[:-1]), padded) > 1e-2


@needs_bitsandbytes
def test_layers_without_an_adapter_pass_the_gradient_on(prepared_dir):
    spec = replace(SPEC, target_modules=("q_proj",))
    rows = encoded_rows(prepared_dir, 4)
    packed, whole = (
        with_values(add_adapter(base, spec)) for base in (load(prepared_dir), whole_copy(prepared_dir))
    )
    assert difference(gradient(packed, rows), gradient(whole, rows)) < 1e-5


@needs_bitsandbytes
def test_answering_does_not_repack_the_weights(prepared_dir):
    model, rows = add_adapter(load(prepared_dir), SPEC), encoded_rows(prepared_dir, 4)
    before = gradient(model.train(), rows)
    with torch.inference_mode():
        token_losses(model.eval(), rows, "prefix_tree")
    assert torch.equal(gradient(model.train(), rows), before)
    assert not any(layer.support_avx512bf16_for_cpu for layer in packed_layers(model).values())


@needs_bitsandbytes
def test_in_bfloat16_products_run_in_bfloat16(prepared_dir):
    model, rows = (
        with_values(add_adapter(load(prepared_dir, precision="bfloat16"), SPEC)),
        encoded_rows(prepared_dir, 8),
    )
    exact = gradient(with_values(add_adapter(load(prepared_dir), SPEC)), rows)
    assert model.dtype == torch.bfloat16
    assert difference(gradient(model, rows), exact) < 0.2  # some weights fall into another of the 16 steps


@needs_bitsandbytes
def test_a_small_trial_finds_nothing_in_the_way_on_a_cpu():
    assert find_obstacle("cpu") == ""


@needs_bitsandbytes
def test_a_kernel_that_gives_wrong_numbers_is_found(monkeypatch):
    monkeypatch.setattr(four_bit, "unpack", lambda packed, state: unpack(packed, state).roll(1))
    assert find_obstacle("cpu").startswith("a 4-bit layer gives wrong numbers on this cpu device")


def test_without_bitsandbytes_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    with pytest.raises(MachineError) as caught:
        require_four_bit("cpu")
    assert caught.value.code == "four_bit_missing"
    assert "not installed" in caught.value.message and "pip install 'aliquot[qlora]'" in caught.value.hint
