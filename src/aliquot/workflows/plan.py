"""The verb ``plan``: every setting with its value, who set it and why, and what the run will take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, export_yaml
from aliquot.core.files import write_file
from aliquot.core.plan import Plan
from aliquot.data.check import CheckedData
from aliquot.errors import InputError
from aliquot.evaluation.metric import get_metric
from aliquot.plan.bases import choose_base
from aliquot.plan.resolve import Resolved, resolve
from aliquot.workflows.check import (
    check_rows,
    count_tokens,
    read_settings,
    require_conversations,
    require_usable,
)
from aliquot.workflows.device import probe
from aliquot.workflows.prepare import Base, list_ready_names, prepare
from aliquot.workflows.start import Start, base_of, find_start, require_same_base, with_overlap
from aliquot.workflows.surroundings import Surroundings


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
    checked = check_rows(data, given)
    require_usable(checked.report)
    require_conversations(checked)
    require_metric(given.settings.evaluate.primary_metric, checked.report.task.task_type)
    device = probe(within, given.find("train.device"))
    start = find_start(given.settings.train.start_from, runs_dir) if given.settings.train.start_from else None
    choice = base_of(start, given) or choose_base(given, checked.report, device, list_ready_names())
    base = prepare(choice.value, within)
    checked = count_tokens(checked, base, given)
    within.tell(checked.report)
    require_usable(checked.report)
    if start:
        require_same_base(start, base.model)
        start = with_overlap(start, checked)
    point = start.point if start else None
    resolved = resolve(given, checked.report, base.model, device, base=choice, start=point)
    return Planned(given=given, checked=checked, base=base, resolved=resolved, start=start)


def require_metric(name: str | None, task_type: str) -> None:
    """Refuse a headline metric that cannot score this task, before anything is trained.

    Raises:
        InputError: No metric has this name, or it is for other tasks.
    """
    if name is None or get_metric(name).can_score(task_type):
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
