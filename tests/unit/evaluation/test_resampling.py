"""Resamples as counts of items."""

import numpy as np

from aliquot.evaluation import resampling as module
from aliquot.evaluation.resampling import Resampling, number_units, resample


def test_every_resample_draws_as_many_items_as_there_are():
    drawn = np.concatenate(list(Resampling(unit_N=np.arange(7), num_resamples=500, seed=0).draw()))
    assert drawn.shape == (500, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert abs(drawn.mean(axis=0) - 1).max() < 0.2


def test_items_of_a_group_are_drawn_together():
    units = number_units(["a", None, "a", "b", None])
    assert units.tolist() == [0, 1, 0, 2, 3]
    resampling = Resampling(unit_N=units, num_resamples=50, seed=0)
    drawn = np.concatenate(list(resampling.draw()))
    assert resampling.has_groups
    assert (drawn[:, 0] == drawn[:, 2]).all()


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


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others():
    def draw(seed):
        return np.concatenate(list(Resampling(unit_N=np.arange(30), num_resamples=20, seed=seed).draw()))

    assert (draw(1) == draw(1)).all()
    assert (draw(1) != draw(2)).any()


def test_resampling_in_blocks_covers_all_resamples(monkeypatch):
    monkeypatch.setattr(module, "MIN_BLOCK_ROWS", 3)
    monkeypatch.setattr(module, "BLOCK_ELEMENTS", 1)
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
