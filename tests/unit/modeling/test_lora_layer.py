"""Our LoRA layer computes what PEFT's computes."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from aliquot.modeling.adapter import adapter_tensors
from aliquot.modeling.forward import token_losses
from aliquot.modeling.load import load_base
from aliquot.modeling.lora_layer import LoraLinear, _LoraProduct
from tests.fixtures.training import encoded_rows


@pytest.fixture
def build(prepared_dir):
    def make(*, is_ours, dropout=0.0):
        base = load_base(prepared_dir, precision="float32", device="cpu")
        config = LoraConfig(
            task_type="CAUSAL_LM", r=4, lora_alpha=8, lora_dropout=dropout, target_modules="all-linear"
        )
        if is_ours:
            config._register_custom_module({torch.nn.Linear: LoraLinear})
        torch.manual_seed(0)
        model = get_peft_model(base, config).double().train()
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.05)
        return model

    return make


def gradients(model, rows):
    torch.manual_seed(1)
    token_losses(model, rows, "prefix_tree").losses_Q.sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_loss_and_gradient_equal_those_of_peft(build, prepared_dir, dropout):
    ours, theirs = build(is_ours=True, dropout=dropout), build(is_ours=False, dropout=dropout)
    rows = encoded_rows(prepared_dir, 8)
    assert any(isinstance(module, LoraLinear) for module in ours.modules())
    expected = gradients(theirs, rows)
    assert (gradients(ours, rows) - expected).norm() / expected.norm() <= 1e-12


def test_the_adapter_has_the_same_names_and_first_values(build):
    ours, theirs = (adapter_tensors(build(is_ours=flag)) for flag in (True, False))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_disabled_adapter_leaves_the_base_model(build, prepared_dir):
    model, rows = build(is_ours=True), encoded_rows(prepared_dir, 2)
    base = load_base(prepared_dir, precision="float32", device="cpu").double()
    with model.disable_adapter():
        found = token_losses(model, rows, "prefix_tree").losses_Q
    assert torch.equal(found, token_losses(base, rows, "prefix_tree").losses_Q)
    assert not torch.allclose(found, token_losses(model, rows, "prefix_tree").losses_Q)


def _product(input_TI, weight_OI, *others):
    not_packed = None
    return _LoraProduct.apply(input_TI, weight_OI, not_packed, *others, 0.7)


@pytest.mark.parametrize("is_dropped", [False, True])
def test_the_gradient_is_the_derivative(is_dropped):
    torch.manual_seed(0)
    shapes = ((2, 3, 4), (5, 4), (5,), (2, 3, 4), (2, 4), (5, 2))  # input, W, bias, dropped input, A, B
    parts = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    parts[1].requires_grad_(False)
    parts[2].requires_grad_(False)
    if not is_dropped:
        parts[3] = None
    assert torch.autograd.gradcheck(lambda *tensors: _product(*tensors), parts)


def test_in_bfloat16_the_gradient_is_as_near_to_float32_as_that_of_peft(build, prepared_dir):
    rows = encoded_rows(prepared_dir, 8)
    exact = gradients(build(is_ours=False).float(), rows)
    errors = {}
    for is_ours in (True, False):
        model = build(is_ours=is_ours).float()
        for name, parameter in model.named_parameters():
            if "lora_" not in name:
                parameter.data = parameter.data.bfloat16()
        errors[is_ours] = (gradients(model, rows) - exact).norm() / exact.norm()
    assert errors[True] <= 1.5 * errors[False] <= 0.1
