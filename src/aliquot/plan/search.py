"""Which settings to try next: an ask/tell search without files, clocks or threads.

    search = Search(space)
    while trial := search.ask():
        search.tell(trial.trial_id, outcome_of(trial))

Trial number k is a function of the space and of k alone, never of outcomes. So trials may run in any
order, on any number of machines, and a search that is built again from what was told goes on with exactly
the rest.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping
from typing import Any

from aliquot.core.sweep import Dimension, Outcome, Space, Trial

DEFAULT_TRIALS = 8
"""Trials of a random search that is not told how many."""


class Search:
    """Grid search over listed values; random search as soon as one setting has a range.

    Args:
        space: What to go through.
        told: Outcomes of earlier trials, by trial id; trials that were asked for and never told are asked
            for again.
    """

    def __init__(self, space: Space, told: Mapping[str, Outcome] | None = None) -> None:
        self.trials = list_trials(space)
        self._told = dict(told or {})
        self._asked = set(self._told)
        unknown = self._asked - {trial.trial_id for trial in self.trials}
        if unknown:
            raise ValueError(f"outcomes of trials that this space does not have: {sorted(unknown)}")

    @property
    def told(self) -> dict[str, Outcome]:
        """Outcomes by trial id: with the space all there is to store."""
        return dict(self._told)

    def ask(self) -> Trial | None:
        """Return a trial that nobody was given yet, None when there is no other."""
        for trial in self.trials:
            if trial.trial_id not in self._asked:
                self._asked.add(trial.trial_id)
                return trial
        return None

    def tell(self, trial_id: str, outcome: Outcome) -> None:
        """Take the outcome of a trial that was asked for.

        Raises:
            ValueError: It was not asked for, or was told before.
        """
        if trial_id not in self._asked or trial_id in self._told:
            raise ValueError(f"trial {trial_id} was not asked for, or told before")
        self._told[trial_id] = outcome


def list_trials(space: Space) -> tuple[Trial, ...]:
    """Return every trial of a space, in the order of asking."""
    if any(not dimension.values for dimension in space.dimensions):
        points = [_draw(space, number) for number in range(space.num_trials or DEFAULT_TRIALS)]
    else:
        points = _grid(space)
    digits = max(2, len(str(len(points))))
    return tuple(
        Trial(trial_id=f"trial-{number:0{digits}d}", values=values)
        for number, values in enumerate(points, start=1)
    )


def _grid(space: Space) -> list[dict[str, Any]]:
    """Return all combinations, or as many of them as were asked for, drawn without repetition."""
    names = [dimension.name for dimension in space.dimensions]
    columns = [dimension.values for dimension in space.dimensions]
    size = math.prod(map(len, columns))
    chosen = range(size)
    if space.num_trials is not None and space.num_trials < size:
        chosen = sorted(random.Random(space.seed).sample(range(size), space.num_trials))
    points = itertools.product(*columns)
    wanted = set(chosen)
    return [dict(zip(names, point, strict=True)) for index, point in enumerate(points) if index in wanted]


def _draw(space: Space, number: int) -> dict[str, Any]:
    rng = random.Random(f"{space.seed}/{number}")
    return {dimension.name: _draw_value(dimension, rng) for dimension in space.dimensions}


def _draw_value(dimension: Dimension, rng: random.Random) -> Any:
    if dimension.values:
        return rng.choice(dimension.values)
    assert dimension.low and dimension.high, "a dimension has values or a range above zero"
    drawn = math.exp(rng.uniform(math.log(dimension.low), math.log(dimension.high)))
    drawn = min(max(drawn, dimension.low), dimension.high)
    return round(drawn) if dimension.is_whole else float(f"{drawn:.3g}")
