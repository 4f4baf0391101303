import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.sweep import Dimension, Outcome, Space
from aliquot.plan.search import DEFAULT_TRIALS, Search, list_trials

DONE = Outcome(state="finished", validation_loss=1.0)
RATE = Dimension(name="train.learning_rate", low=1e-5, high=1e-3)
RANK = Dimension(name="train.lora_rank", values=(8, 16, 32), is_whole=True)
ALPHA = Dimension(name="train.lora_alpha", values=(16, 32), is_whole=True)

spaces = st.builds(
    Space,
    dimensions=st.lists(
        st.sampled_from([RATE, RANK, ALPHA]), min_size=1, max_size=3, unique_by=lambda one: one.name
    ).map(tuple),
    num_trials=st.none() | st.integers(min_value=2, max_value=12),
    seed=st.integers(min_value=0, max_value=1000),
)


def ask_all(search):
    return list(iter(search.ask, None))


def test_a_grid_is_every_combination_in_the_order_of_the_last_setting_first():
    trials = list_trials(Space(dimensions=(ALPHA, RANK)))
    assert [tuple(trial.values.values()) for trial in trials] == [
        (16, 8), (16, 16), (16, 32), (32, 8), (32, 16), (32, 32),
    ]  # fmt: skip
    assert [trial.trial_id for trial in trials[:2]] == ["trial-01", "trial-02"]


def test_part_of_a_grid_is_drawn_without_repetition():
    values = [
        tuple(one.values.values()) for one in list_trials(Space(dimensions=(ALPHA, RANK), num_trials=4))
    ]
    assert len(set(values)) == 4


def test_a_range_is_drawn_evenly_over_its_magnitudes():
    trials = list_trials(Space(dimensions=(RATE,), num_trials=400))
    drawn = [math.log10(trial.values["train.learning_rate"]) for trial in trials]
    assert all(-5 <= one <= -3 for one in drawn)
    assert sum(one < -4 for one in drawn) == pytest.approx(200, abs=40)


def test_a_range_of_whole_numbers_gives_whole_numbers():
    rank = Dimension(name="train.lora_rank", low=4.0, high=64.0, is_whole=True)
    trials = list_trials(Space(dimensions=(rank,)))
    assert len(trials) == DEFAULT_TRIALS
    assert all(isinstance(one.values["train.lora_rank"], int) for one in trials)


@given(spaces)
def test_every_trial_is_asked_for_once_and_told_once(space):
    search = Search(space)
    trials = ask_all(search)
    assert tuple(trials) == list_trials(space)
    assert search.ask() is None
    for trial in trials:
        search.tell(trial.trial_id, DONE)
        with pytest.raises(ValueError, match="told before"):
            search.tell(trial.trial_id, DONE)


@given(spaces, st.randoms(use_true_random=False))
def test_the_order_of_telling_does_not_matter(space, rng: random.Random):
    one, other = Search(space), Search(space)
    told = ask_all(one)
    ask_all(other)
    shuffled = rng.sample(told, len(told))
    for trial in told:
        one.tell(trial.trial_id, DONE)
    for trial in shuffled:
        other.tell(trial.trial_id, DONE)
    assert one.told == other.told


@given(spaces, st.data())
def test_a_search_that_is_built_again_asks_for_exactly_the_rest(space, data):
    search = Search(space)
    num_asked = data.draw(st.integers(min_value=0, max_value=len(search.trials)))
    asked = [search.ask() for _ in range(num_asked)]
    told = data.draw(st.lists(st.sampled_from(asked), unique_by=lambda one: one.trial_id)) if asked else []
    for trial in told:
        search.tell(trial.trial_id, DONE)
    rest = ask_all(Search(space, search.told))
    assert {one.trial_id for one in rest} == {one.trial_id for one in search.trials} - set(search.told)
    assert all(one in search.trials for one in rest)


def test_a_trial_that_nobody_asked_for_is_refused():
    with pytest.raises(ValueError, match="not asked for"):
        Search(Space(dimensions=(RANK,))).tell("trial-01", DONE)


def test_outcomes_of_another_space_are_refused():
    with pytest.raises(ValueError, match="trial-99"):
        Search(Space(dimensions=(RANK,)), {"trial-99": DONE})
