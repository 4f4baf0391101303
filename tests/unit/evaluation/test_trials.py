import random

from aliquot.core.result import RowLoss
from aliquot.evaluation import trials
from aliquot.evaluation.trials import is_worse


def compare_trials(found, *, seed, group=None):
    return trials.compare_trials(found, [group] * len(next(iter(found.values()))), seed=seed)


def losses(shift: float, *, noise: float = 0.0, seed: int = 0, num_rows: int = 60):
    rng, noisy = random.Random(1), random.Random(seed)
    return [
        RowLoss(
            example_id=str(number),
            loss=rng.uniform(0.1, 4.0) + shift + noisy.gauss(0, noise),
            num_tokens=3,
        )
        for number in range(num_rows)
    ]


def test_a_small_but_steady_difference_is_told_from_noise_because_rows_are_paired():
    best, (difference,) = compare_trials({"a": losses(0.05, noise=0.01), "b": losses(0.0)}, seed=0)
    assert best == "b"
    assert is_worse(difference)
    assert 0.04 < difference.difference < 0.06


def test_a_difference_that_other_rows_would_reverse_is_noise():
    _, (difference,) = compare_trials({"a": losses(0.02, noise=0.5, seed=3), "b": losses(0.0)}, seed=0)
    assert not is_worse(difference)


def test_rows_of_one_group_count_as_one_and_one_is_too_few_to_judge():
    _, (difference,) = compare_trials({"a": losses(0.05), "b": losses(0.0)}, seed=0, group="one")
    assert difference.difference > 0.04
    assert not is_worse(difference), "nothing to resample: no noise is seen, so nothing is claimed"


def test_the_more_trials_the_wider_the_intervals():
    two = compare_trials({"a": losses(0.1, noise=0.3), "b": losses(0.0)}, seed=0)[1][0]
    many = {f"c{number}": losses(1.0, seed=number) for number in range(8)}
    nine = compare_trials({"a": losses(0.1, noise=0.3), "b": losses(0.0), **many}, seed=0)[1][0]
    assert nine.interval.high - nine.interval.low > two.interval.high - two.interval.low


def test_the_first_of_equals_is_the_best():
    best, (difference,) = compare_trials({"rule": losses(0.0), "other": losses(0.0)}, seed=0)
    assert best == "rule"
    assert not is_worse(difference)
