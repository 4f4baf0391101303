"""What a sweep goes through, from what a person typed: ``learning_rate=x0.5,x1,x2``, ``lora_rank=8,16``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aliquot.config.schema import SettingRecord, list_settings
from aliquot.core.sweep import Dimension, Space
from aliquot.errors import InputError
from aliquot.plan.search import list_trials
from aliquot.workflows.plan import Planned
from aliquot.workflows.setting_names import full_name

DEFAULT_OVER = {"train.learning_rate": "x0.5,x1,x2"}
"""Where a small sweep pays most; the tuning tutorials of Thinking Machines begin with it, too."""

FIXED = (
    *("train.seed", "train.device", "train.num_threads", "train.num_devices", "train.sharding"),
    *("train.time_budget_s", "train.max_steps", "train.start_from"),
)
"""Settings of training that say where, from where, how long or by which luck, not how."""

MAX_TRIALS = 200


def build_space(
    over: Mapping[str, str | Sequence[Any]], planned: Planned, *, num_trials: int | None, seed: int
) -> Space:
    """Return the space; ``x2`` is twice the value that the plan has.

    Args:
        over: Values by name: a list, or a text as it is typed after ``--over name=``.
        planned: The plan without the sweep.
        num_trials: Trials of a random search, or the most of a grid.
        seed: Of the drawing.

    Raises:
        InputError: A setting cannot be swept, a value is unreadable, or there are too few or many trials.
    """
    dimensions = tuple(_dimension(name, values, planned) for name, values in over.items())
    space = Space(dimensions=dimensions, num_trials=num_trials, seed=seed)
    grid = math.prod(len(one.values) or 1 for one in dimensions)
    size = min(num_trials or grid, grid) if all(one.values for one in dimensions) else num_trials or 2
    if not 2 <= size <= MAX_TRIALS:
        raise InputError(
            f"This sweep has {size:,} trials, expected 2 to {MAX_TRIALS}.",
            code="sweep_size",
            location="--over",
            hint="Give other values, or --trials for some of them.",
        )
    assert len(list_trials(space)) >= 2
    return space


def read_over(texts: Sequence[str]) -> dict[str, str]:
    """Return what ``--over name=values`` says, by name.

    Raises:
        InputError: There is no ``=``.
    """
    pairs = [text.partition("=") for text in texts]
    for name, equals, values in pairs:
        if not (name and equals and values):
            raise _unreadable("--over", name + equals + values)
    return {name.strip(): values.strip() for name, _, values in pairs}


def _dimension(name: str, values: str | Sequence[Any], planned: Planned) -> Dimension:
    full = full_name(name)
    setting = _require_sweepable(name, full, planned)
    is_whole = setting.type == "a whole number"
    if isinstance(values, str) and ".." in values:
        low, high = (_read(full, setting, end, planned) for end in values.split("..", 1))
        if not (isinstance(low, int | float) and isinstance(high, int | float) and 0 < low < high):
            raise _unreadable(full, values)
        return Dimension(name=full, low=float(low), high=float(high), is_whole=is_whole)
    texts = values.split(",") if isinstance(values, str) else values
    for one in texts:
        if not isinstance(one, str | int | float):
            raise _unreadable(full, str(one))
    listed = [_read(full, setting, one, planned) if isinstance(one, str) else one for one in texts]
    return Dimension(name=full, values=tuple(dict.fromkeys(listed)), is_whole=is_whole)


def _require_sweepable(name: str, full: str, planned: Planned) -> SettingRecord:
    used = {choice.name for choice in planned.resolved.plan.choices if choice.name.startswith("train.")}
    known = {one.name: one for one in list_settings() if one.name in used}
    setting = known.get(full)
    if setting is not None and full not in FIXED and not setting.type.startswith("a list"):
        return setting
    raise InputError(
        f"{name!r} cannot be swept; trials are compared by validation loss, on the same rows and base model.",
        code="not_sweepable",
        location="--over",
        hint="Sweep a setting of training that this plan has, such as learning_rate; several base models are "
        "compared with `aliquot run --base A --base B`, several seeds with --seeds.",
    )


def _read(name: str, setting: SettingRecord, text: str, planned: Planned) -> Any:
    text = text.strip()
    try:
        if text.startswith("x") and "number" in setting.type:
            own, factor = planned.resolved.plan.get(name), float(text[1:])
            if factor == 1:  # to the last digit, so that this trial is known as the rule's
                return own
            value = own * factor
            return round(value) if setting.type == "a whole number" else float(f"{value:.6g}")
        if setting.type == "a whole number":
            return int(text)
        return float(text) if setting.type == "a number" else text
    except (ValueError, OverflowError):
        raise _unreadable(name, text) from None


def _unreadable(name: str, text: str) -> InputError:
    return InputError(
        f"Found {text!r}, expected a setting with values to try.",
        code="sweep_values_unreadable",
        location=name,
        hint="For example --over learning_rate=x0.5,x1,x2 (multiples of what the plan takes), "
        "--over lora_rank=8,16,32 or --over learning_rate=1e-5..1e-3 (drawn at random).",
    )
