"""The verb ``plan``: every setting with its value, who set it and why, and what the run will take.

It also answers what published recipes would do with the same data, and which base to tune on which machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, add_flags, export_yaml
from aliquot.core.files import write_file
from aliquot.core.plan import Choice, Device, Plan, SetBy
from aliquot.data.check import CheckedData
from aliquot.errors import InputError
from aliquot.evaluation.metric import get_metric
from aliquot.plan.bases import CatalogueBase, choose_base, find_base, list_bases
from aliquot.plan.machines import require_machine_names
from aliquot.plan.recipe_table import RecipeTable
from aliquot.plan.recipe_table import compare_recipes as tabulate
from aliquot.plan.resolve import Resolved, resolve
from aliquot.plan.where import Candidate, Where, weigh_places
from aliquot.workflows.check import (
    check_rows,
    count_tokens,
    find_likely_base,
    read_settings,
    require_usable,
)
from aliquot.workflows.device import probe
from aliquot.workflows.find import LAST
from aliquot.workflows.prepare import Base, find_ready, list_ready_names, prepare
from aliquot.workflows.start import Start, base_of, find_start, require_same_base, with_overlap
from aliquot.workflows.surroundings import Surroundings

START_FROM = "train.start_from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A run, ready to be created."""

    given: GivenSettings
    checked: CheckedData
    base: Base
    resolved: Resolved
    start: Start | None = None


def plan(
    data: Path | str,
    *,
    config: Path | str | None = None,
    export: Path | str | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> Plan:
    """Plan a run of a data file; no run is created. The base model is fetched if it is not here yet.

    Args:
        data: The file.
        config: A settings file.
        export: Where to write the settings given here as a file that ``config`` takes.
        within: The surroundings, for tests.
        settings: Settings by name, for example ``learning_rate=1e-4`` or ``**{"train.lora_alpha": 32}``.

    Raises:
        InputError: The data or a setting forbids a run.
        ModelError: The base model cannot be had.
        MachineError: This machine cannot run it.
    """
    given = read_settings(config, settings)
    planned = make_plan(data, given, within or Surroundings())
    if export:
        export_settings(given, Path(export))
    return planned.resolved.plan


def compare_recipes(
    data: Path | str,
    *,
    config: Path | str | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> RecipeTable:
    """Return what our rules and every recipe would train on a data file; settings given here win over all.

    Args:
        data: The file.
        config: A settings file.
        within: The surroundings, for tests.
        settings: Settings by name.

    Raises:
        InputError: The data or a setting forbids a run.
        ModelError: The base model cannot be had.
        MachineError: This machine cannot run it.
    """
    given = read_settings(config, settings)
    ready = _make_ready(data, given, within or Surroundings())
    return tabulate(ready.given, ready.checked.report, ready.base.model, ready.device)


def weigh_machines(
    data: Path | str,
    *,
    prices: Mapping[str, float] | None = None,
    config: Path | str | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> Where:
    """Return which base could be tuned on which machine, how long it takes and what it costs; all estimates.

    No model is fetched: the sizes of the catalogue's bases are known.

    Args:
        data: The file.
        prices: USD per hour by machine, for example ``{"A100": 1.79}``.
        config: A settings file.
        within: The surroundings, for tests.
        settings: Settings by name; ``base`` leaves only that base.

    Raises:
        InputError: The data forbids a run, or a machine or base is not known.
        MachineError: The packages for training, which measure this machine, are missing.
    """
    known_prices = require_machine_names(prices or {})
    given, within = read_settings(config, settings), within or Surroundings()
    checked = _check_for_training(data, given, within)
    candidates = _list_candidates(given.settings.base)
    device = probe(within, given.find("train.device"))
    # Lengths in another base's tokens are nearer than a guess from bytes.
    base = find_likely_base(given, checked.report) or next(map(find_ready, sorted(list_ready_names())), None)
    checked = count_tokens(checked, base, given, within) if base else checked
    chosen = choose_base(given, checked.report, device, list_ready_names())
    return weigh_places(given, checked.report, device, candidates, chosen=chosen.value, prices=known_prices)


def make_plan(
    data: Path | str, given: GivenSettings, within: Surroundings, runs_dir: Path | None = None
) -> Planned:
    """Check a file, choose and prepare the base model, and resolve every setting.

    Args:
        data: The file.
        given: What the user set.
        within: The surroundings.
        runs_dir: Where a run that training continues from is looked for.
    """
    ready = _make_ready(data, given, within, runs_dir)
    given, report, start = ready.given, ready.checked.report, ready.start
    point = start.point if start else None
    resolved = resolve(given, report, ready.base.model, ready.device, base=ready.choice, start=point)
    return Planned(given=given, checked=ready.checked, base=ready.base, resolved=resolved, start=start)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """All that a plan is made from."""

    given: GivenSettings
    checked: CheckedData
    device: Device
    choice: Choice
    base: Base
    start: Start | None


def _make_ready(
    data: Path | str, given: GivenSettings, within: Surroundings, runs_dir: Path | None = None
) -> _Ready:
    checked = _check_for_training(data, given, within)
    device = probe(within, given.find("train.device"))
    wanted = given.settings.train.start_from
    start = find_start(wanted, runs_dir) if wanted else None
    if start and wanted == LAST:  # tomorrow another run is the last
        given = add_flags(given, {START_FROM: start.point.name}, origin=given.origins[START_FROM])
    choice = base_of(start, given) or choose_base(given, checked.report, device, list_ready_names())
    base = prepare(choice.value, within)
    checked = count_tokens(checked, base, given, within)
    within.tell(checked.report)
    require_usable(checked.report)
    if start:
        require_same_base(start, base.model)
        start = with_overlap(start, checked)
    return _Ready(given=given, checked=checked, device=device, choice=choice, base=base, start=start)


def _check_for_training(data: Path | str, given: GivenSettings, within: Surroundings) -> CheckedData:
    checked = check_rows(data, given, within)
    require_usable(checked.report)
    evaluate = given.settings.evaluate
    require_metric(
        evaluate.primary_metric,
        checked.report.task.task_type,
        has_unlabelled=evaluate.positive_label is not None,
    )
    return checked


def _list_candidates(name: str | None) -> list[Candidate]:
    """Return the catalogue's bases, or the one that was named.

    Raises:
        InputError: It is neither in the catalogue nor here, so its sizes are not known (``unknown_sizes``).
    """
    if name is None:
        return [_candidate(base) for base in list_bases()]
    if known := find_base(name):
        return [_candidate(known)]
    if ready := find_ready(name):
        return [Candidate(name=ready.name, is_gated=False, architecture=ready.model.architecture)]
    raise InputError(
        f"The sizes of {name!r} are not known: it is not in the catalogue and was not fetched.",
        code="unknown_sizes",
        location="base",
        hint=f"`aliquot models fetch {name}` brings it here; `aliquot models list` shows the catalogue.",
    )


def _candidate(base: CatalogueBase) -> Candidate:
    return Candidate(name=base.name, is_gated=base.is_gated, architecture=base.architecture)


def replan(planned: Planned, flags: Mapping[str, Any], *, origin: SetBy = "you") -> Planned:
    """Return the plan with other settings of training; data, base model and device stay what they are.

    Args:
        planned: The plan.
        flags: Settings of the group ``train`` by full name.
        origin: Who set them.

    Raises:
        InputError: A value is refused, or settings cannot work together.
        MachineError: The device has too little memory for it.
    """
    given = add_flags(planned.given, flags, origin=origin)
    before = planned.resolved.plan
    base = next(choice for choice in before.choices if choice.name == "base")
    point = planned.start.point if planned.start else None
    resolved = resolve(
        given, planned.checked.report, planned.base.model, before.device, base=base, start=point
    )
    return replace(planned, given=given, resolved=resolved)


def require_metric(name: str | None, task_type: str, *, has_unlabelled: bool = False) -> None:
    """Refuse a headline metric that cannot score this task, before anything is trained.

    Raises:
        InputError: No metric has this name, it is for other tasks or settings, or no model is best in it.
    """
    if name is None:
        return
    if get_metric(name).direction == "zero":
        raise InputError(
            f"{name} says in which direction answers are wrong, not which model is better.",
            code="metric_not_for_task",
            location="evaluate.primary_metric",
            hint="Take mean_absolute_error or another metric as the headline; the bias is reported anyway.",
        )
    if get_metric(name).unlabelled == "corrected" and not has_unlabelled:
        raise InputError(
            f"{name} corrects for unlabelled items, and no positive label says which these are.",
            code="metric_not_for_task",
            location="evaluate.primary_metric",
            hint="Set evaluate.positive_label and evaluate.class_prior, or take balanced_accuracy.",
        )
    if get_metric(name).can_score(task_type):
        return
    raise InputError(
        f"{name} is a metric for {' and '.join(get_metric(name).task_types)}; the task here is {task_type}.",
        code="metric_not_for_task",
        location="evaluate.primary_metric",
        hint="Leave it out to take the usual one, or set evaluate.task_type.",
    )


def export_settings(given: GivenSettings, path: Path) -> None:
    """Write the settings that were given as YAML.

    Raises:
        InputError: There is a file of that name already.
    """
    if path.exists():
        raise InputError(
            "There is a file of this name already; it was not touched.",
            code="file_exists",
            location=str(path),
            hint="Give another name.",
        )
    write_file(path, export_yaml(given.settings))
