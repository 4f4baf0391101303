from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.export.figures.loss_curve import loss_curve, smoothed
from aliquot.export.history import History

SVG = "{http://www.w3.org/2000/svg}"
STEPS = tuple((step, 2.0 / step) for step in range(1, 101))


def _history(**changes):
    facts = {"steps": STEPS, "validations": ((50, 0.3), (100, 0.4)), "best": (50, 0.3)}
    return History(**(facts | changes))


def _lines(picture):
    return [line.get("points").split() for line in ElementTree.fromstring(picture).iter(f"{SVG}polyline")]


def test_training_and_validation_are_drawn_and_named():
    picture = loss_curve(_history(), num_steps=100)
    raw, smooth, validation = _lines(picture)
    assert (len(raw), len(smooth), len(validation)) == (100, 100, 2)
    assert "validation 0.400" in picture
    assert "checkpoint used: step 50" in picture


def test_a_running_curve_leaves_room_for_the_steps_to_come():
    picture = loss_curve(_history(), num_steps=400, is_done=False)
    last = float(_lines(picture)[0][-1].split(",")[0])
    whole = float(_lines(loss_curve(_history(), num_steps=100))[0][-1].split(",")[0])
    assert last < whole / 2
    assert "best so far: step 50" in picture


def test_a_spike_does_not_flatten_the_curve():
    spiked = (*STEPS[:49], (50, 900.0), *STEPS[50:])
    picture = loss_curve(_history(steps=spiked, best=None, validations=()), num_steps=100)
    heights = [float(point.split(",")[1]) for point in _lines(picture)[0]]
    assert min(heights) >= 44


def test_a_single_step_is_no_curve_but_no_failure():
    assert _lines(loss_curve(_history(steps=STEPS[:1], validations=(), best=None), num_steps=100)) == []


def test_many_steps_are_thinned():
    steps = tuple((step, 1.0) for step in range(1, 20_001))
    assert (
        len(_lines(loss_curve(_history(steps=steps, validations=(), best=None), num_steps=20_000))[0]) <= 1200
    )


def test_smoothing_is_a_centred_mean():
    assert smoothed([(1, 1.0), (2, 4.0), (3, 1.0)]) == [(1, 2.5), (2, 2.0), (3, 2.5)]


@given(st.lists(st.floats(0, 20), min_size=1, max_size=200))
def test_smoothing_stays_within_the_losses(losses):
    smooth = [loss for _, loss in smoothed(list(enumerate(losses)))]
    assert min(smooth) >= min(losses) - 1e-9
    assert max(smooth) <= max(losses) + 1e-9
    assert len(smooth) == len(losses)


@pytest.mark.parametrize("loss", [0.0, 1e-9, 1e6])
def test_any_loss_has_an_axis(loss):
    ElementTree.fromstring(loss_curve(_history(steps=((1, loss), (2, loss))), num_steps=2))
