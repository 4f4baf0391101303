"""Resamples as counts of items."""

import numpy as np
import pytest

from aliquot.evaluation import resampling as module
from aliquot.evaluation.resampling import Resampling, Sums, number_units, resample


def test_every_resample_draws_as_many_items_as_there_are():
    drawn = np.concatenate(list(Resampling(unit_N=np.arange(7), num_resamples=500, seed=0).draw()))
    assert drawn.shape == (500, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert abs(drawn.mean(axis=0) - 1).max() < 0.2


def test_items_of_a_group_are_drawn_together():
    units = number_units(["a", None, "a", "b", None])
    assert units.tolist() == [0, 1, 0, 2, 3]
    resampling = Resampling(unit_N=units, num_resamples=50, seed=0)
    found = resample([lambda counts, item=item: counts[:, item] for item in range(5)], resampling)
    assert resampling.has_groups
    assert (found[0].resamples_R == found[2].resamples_R).all()
    assert (found[0].resamples_R != found[3].resamples_R).any()


def test_an_item_without_group_is_a_group_of_its_own():
    resampling = Resampling(unit_N=number_units([None] * 4), num_resamples=1, seed=0)
    assert (resampling.num_units, resampling.has_groups) == (4, False)


def test_each_unit_is_left_out_once():
    left = np.concatenate(list(Resampling(unit_N=np.arange(5), num_resamples=1, seed=0).leave_out()))
    assert (left == 1 - np.eye(5)).all()


def test_many_units_are_left_out_in_sets():
    left = np.concatenate(list(Resampling(unit_N=np.arange(2500), num_resamples=1, seed=0).leave_out()))
    assert left.shape == (module.MAX_LEFT_OUT, 2500)
    assert (left == 0).sum(axis=0).tolist() == [1] * 2500


def _mean(values, kind):
    columns = np.stack([values, np.ones(len(values))], axis=1)
    sums = Sums(columns, lambda sums: sums[:, 0] / sums[:, 1])
    return sums if kind == "sums" else lambda counts: counts @ values / counts.sum(axis=1)


@pytest.mark.parametrize("groups", [[None] * 40, ["a", "b", None, "b"] * 10])
def test_a_function_of_sums_has_the_values_that_its_counts_give(groups):
    values = np.random.default_rng(0).normal(size=40)
    resampling = Resampling(unit_N=number_units(groups), num_resamples=70, seed=3)
    sums, other, counted = resample(
        [_mean(values, "sums"), _mean(values + 1, "sums"), _mean(values, "counts")], resampling
    )
    assert sums.resamples_R == pytest.approx(counted.resamples_R)
    assert sums.left_out == pytest.approx(counted.left_out)
    assert other.minus(sums).resamples_R == pytest.approx(1.0)


def test_statistics_of_the_same_table_share_its_sums():
    columns = np.ones((5, 2))
    first, second = Sums(columns, lambda sums: sums[:, 0]), Sums(columns, lambda sums: -sums[:, 1])
    found = resample([first, second], Resampling(unit_N=np.arange(5), num_resamples=4, seed=0))
    assert found[0].resamples_R.tolist() == [5.0] * 4
    assert found[1].resamples_R.tolist() == [-5.0] * 4


def test_very_many_items_are_drawn_in_bundles_and_the_interval_keeps_its_width():
    values = np.random.default_rng(1).exponential(size=40_000)
    resampling = Resampling(unit_N=np.arange(40_000), num_resamples=1_000, seed=0)
    assert (resampling.num_bundles, resampling.num_units, resampling.has_groups) == (10_000, 40_000, False)
    found = resample([_mean(values, "sums")], resampling)[0]
    assert found.value == pytest.approx(values.mean())
    assert found.resamples_R.std() == pytest.approx(values.std() / 200, rel=0.08)


def test_very_many_items_leave_fewer_resamples_to_statistics_that_are_no_sums():
    resampling = Resampling(unit_N=np.arange(200_000), num_resamples=5_000, seed=0)
    assert resampling.num_counted == 1_000
    assert Resampling(unit_N=np.arange(500), num_resamples=5_000, seed=0).num_counted == 5_000


def test_of_the_counted_resamples_only_the_first_are_seen(monkeypatch):
    monkeypatch.setattr(module, "MIN_COUNTED_RESAMPLES", 3)
    monkeypatch.setattr(module, "MAX_COUNTED", 1)
    values = np.arange(5.0)
    resampling = Resampling(unit_N=np.arange(5), num_resamples=8, seed=0)
    sums, counted = resample([_mean(values, "sums"), _mean(values, "counts")], resampling)
    assert len(sums.resamples_R) == 8
    assert counted.resamples_R == pytest.approx(sums.resamples_R[:3])


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others():
    def draw(seed):
        return np.concatenate(list(Resampling(unit_N=np.arange(30), num_resamples=20, seed=seed).draw()))

    assert (draw(1) == draw(1)).all()
    assert (draw(1) != draw(2)).any()


def test_resampling_in_blocks_covers_all_resamples(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ELEMENTS", 15)
    resampling = Resampling(unit_N=np.arange(5), num_resamples=11, seed=0)
    found = resample([lambda counts: counts.sum(axis=1), lambda counts: counts[:, 0]], resampling)
    assert found[0].resamples_R.tolist() == [5.0] * 11
    assert (found[1].value, len(found[1].left_out)) == (1.0, 5)


def test_the_difference_of_two_statistics_is_taken_resample_by_resample():
    resampling = Resampling(unit_N=np.arange(6), num_resamples=9, seed=0)
    both = resample([lambda counts: counts[:, 0], lambda counts: counts[:, 0] + 1], resampling)
    difference = both[1].minus(both[0])
    assert difference.value == 1.0
    assert difference.resamples_R.tolist() == [1.0] * 9
