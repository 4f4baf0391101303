"""Power laws: a worked example, recovery of any noise-free law, bounds, and curves that do not fall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.evaluation.power_law import PowerLaws, fit_power_laws, slopes

SIZES = np.array([100.0, 200.0, 400.0, 800.0, 1600.0])


def fit(errors, weights=None, sizes=SIZES, **options):
    return fit_power_laws(
        sizes, np.atleast_2d(errors), np.ones(len(sizes)) if weights is None else weights, **options
    )


def test_a_worked_example():
    # 0.1 + 4 / sqrt(n): at 100 rows 0.1 + 0.4, at 400 0.1 + 0.2, at 1,600 0.1 + 0.1; at 6,400 0.1 + 0.05.
    laws = fit([0.5, 0.1 + 4 / 200**0.5, 0.3, 0.1 + 4 / 800**0.5, 0.2])
    assert laws.floor_R[0] == pytest.approx(0.1, abs=1e-6)
    assert laws.exponent_R[0] == pytest.approx(0.5, abs=1e-5)
    assert laws.gain_R[0] == pytest.approx(0.1, abs=1e-6)
    assert laws.errors(np.array([6400.0]))[0, 0] == pytest.approx(0.15, abs=1e-6)
    assert laws.sizes(np.array([0.3]), 100, 1600)[0] == pytest.approx(400, rel=1e-4)


@given(
    st.floats(0, 0.5),
    st.floats(0.01, 0.5),
    st.floats(0.05, 2),
    st.lists(st.floats(0.1, 10), min_size=5, max_size=5),
)
def test_a_law_without_noise_is_recovered_whatever_the_weights(floor, gain, exponent, weights):
    law = PowerLaws(np.array([floor]), np.array([gain]), np.array([exponent]), 1600.0)
    found = fit(law.errors(SIZES), np.array(weights))
    assert np.abs(found.errors(SIZES) - law.errors(SIZES)).max() < 1e-5
    assert np.abs(found.errors(2 * SIZES) - law.errors(2 * SIZES)).max() < 1e-4


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_no_fit_is_better_by_hand_and_floor_and_gain_stay_within_bounds(errors):
    laws = fit(errors)
    assert laws.floor_R[0] >= 0
    assert laws.gain_R[0] >= 0
    loss = ((laws.errors(SIZES)[0] - errors) ** 2).sum()
    flat = ((np.mean(errors) - np.array(errors)) ** 2).sum()
    assert loss <= flat + 1e-9


def test_an_error_that_rises_is_fitted_flat_never_as_a_gain():
    laws = fit([0.1, 0.15, 0.2, 0.25, 0.3])
    assert laws.gain_R[0] == 0
    assert laws.floor_R[0] == pytest.approx(0.2)
    assert slopes(SIZES, np.array([[0.1, 0.15, 0.2, 0.25, 0.3]]), np.ones(5))[0] == pytest.approx(0.05)


def test_without_a_floor_the_error_goes_to_zero():
    laws = fit([0.5, 0.4, 0.34, 0.31, 0.3], has_floor=False)
    assert laws.floor_R[0] == 0
    assert laws.errors(np.array([1e9]))[0, 0] < 0.2


def test_a_heavy_weight_draws_the_curve_to_its_point():
    errors = [0.5, 0.4, 0.3, 0.35, 0.2]
    light, heavy = (fit(errors, np.array([1, 1, 1, weight, 1])).errors(SIZES)[0, 3] for weight in (1, 1e6))
    assert abs(heavy - 0.35) < abs(light - 0.35)


def test_a_size_is_looked_up_between_the_bounds_only():
    laws = PowerLaws(np.array([0.1]), np.array([0.1]), np.array([0.5]), 1600.0)
    assert laws.sizes(np.array([0.05]), 100, 1600)[0] == 1600  # below the floor: never
    assert laws.sizes(np.array([0.9]), 100, 1600)[0] == 100
    flat = PowerLaws(np.array([0.1]), np.array([0.0]), np.array([0.5]), 1600.0)
    assert flat.sizes(np.array([0.1]), 100, 1600)[0] == 100
    assert flat.sizes(np.array([0.05]), 100, 1600)[0] == 1600


def test_each_resample_is_fitted_by_itself():
    one, two = [0.5, 0.4, 0.3, 0.25, 0.2], [0.9, 0.5, 0.3, 0.2, 0.15]
    both = fit(np.array([one, two]))
    for row, errors in enumerate((one, two)):
        assert both.errors(SIZES)[row] == pytest.approx(fit(errors).errors(SIZES)[0], abs=1e-9)
