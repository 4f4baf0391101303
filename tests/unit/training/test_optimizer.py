import pytest

from aliquot.training.optimizer import learning_rate_at
from tests.fixtures.training import training_spec


def test_linear_schedule_by_hand():
    spec = training_spec(learning_rate=1.0, num_steps=20, warmup_ratio=0.1)
    assert spec.warmup_steps == 5  # 10 % of 20 would be 2; never fewer than 5
    assert [learning_rate_at(step, spec) for step in (0, 4, 5, 12, 19)] == pytest.approx(
        [0.2, 1.0, 1.0, 8 / 15, 1 / 15]
    )


def test_cosine_and_constant():
    cosine = training_spec(learning_rate=1.0, schedule="cosine", warmup_ratio=0.0)
    assert learning_rate_at(0, cosine) == 1.0
    assert learning_rate_at(10, cosine) == pytest.approx(0.5)
    constant = training_spec(learning_rate=1.0, schedule="constant", warmup_ratio=0.0)
    assert {learning_rate_at(step, constant) for step in range(20)} == {1.0}


def test_warmup_is_bounded():
    assert training_spec(num_steps=10_000, warmup_ratio=0.05).warmup_steps == 100
    assert training_spec(num_steps=4, warmup_ratio=0.5).warmup_steps == 2
    assert training_spec(warmup_ratio=0.0).warmup_steps == 0
