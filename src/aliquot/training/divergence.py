"""When a loss that should fall climbs: told early, while the run can still be saved.

The rule asks for a lasting rise, since a single batch of hard rows may triple a small loss by chance:
more than half of the last ten losses lie above three times the median of the fifty before, or above
twice the loss that the run began with.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

FACTOR, FACTOR_OF_START = 3.0, 2.0
NUM_FIRST, NUM_RECENT, NUM_BEFORE = 10, 10, 50
"""Losses at the start, of late, and before those. A loss that jumps and stays is told six steps later."""
LEAST_LOSS = 0.1
"""Nats per token: what triples below it is noise of a task already learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossTrace:
    """The training losses that the rule looks at: the first few and the last ones.

    It is part of a checkpoint, so a resumed run warns as one that was never interrupted.
    """

    first: tuple[float, ...] = ()
    last: tuple[float, ...] = ()

    def add(self, loss: float) -> LossTrace:
        """Return the trace one step later."""
        first = self.first if len(self.first) == NUM_FIRST else (*self.first, loss)
        return LossTrace(first=first, last=(*self.last, loss)[-(NUM_BEFORE + NUM_RECENT + 1) :])

    @property
    def begins_to_diverge(self) -> bool:
        """Whether the last step is the first of a divergence: one warning for each."""
        return self._is_diverging(self.last) and not self._is_diverging(self.last[:-1])

    def _is_diverging(self, losses: tuple[float, ...]) -> bool:
        before, recent = losses[:-NUM_RECENT][-NUM_BEFORE:], losses[-NUM_RECENT:]
        if len(before) < NUM_RECENT / 2:
            return False
        limit = min(FACTOR * median(before), FACTOR_OF_START * median(self.first))
        return sum(loss > max(limit, LEAST_LOSS) for loss in recent) > NUM_RECENT / 2
