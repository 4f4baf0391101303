"""What is told of the held-out pairs of a run on preferences."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.run import Event


def preference_text(events: Sequence[Event]) -> str:
    """Return how many held-out pairs the tuned model ranks as people did; empty for other runs."""
    told = [event.data for event in events if event.kind == "preferences"][-1:]
    return "".join(
        f"{data['num_right']:,} of {data['num_pairs']:,} ranked as preferred: {data['accuracy']:.3f} "
        f"[{data['low']:.3f}, {data['high']:.3f}], {data['confidence']:.0%} interval after Wilson; mean "
        f"reward margin {data['reward_margin']:.3g}"
        for data in told
    )
