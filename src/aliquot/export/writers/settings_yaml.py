"""``settings.yaml``: every setting of a run as it was resolved, as a file that ``--config`` takes."""

from __future__ import annotations

from typing import Any

from aliquot.config.given import export_yaml
from aliquot.config.settings import Settings
from aliquot.core.records import as_plain
from aliquot.core.run_dir import RunDir
from aliquot.export.writer import Writer

_DECIDED = frozenset({"train.time_budget_s"})
"""What led to other settings and would lead to different ones on a faster or slower machine."""


def write_settings(run_dir: RunDir) -> str:
    """Return the file. Nothing in it is automatic, so it gives the same run on every machine."""
    spec = run_dir.read_spec()
    tree: dict[str, Any] = {group: dict(spec.settings.get(group, {})) for group in ("data", "about")}
    for choice in spec.plan.choices:
        if choice.value is not None and choice.name not in _DECIDED:
            group, _, name = choice.name.rpartition(".")
            place = tree.setdefault(group, {}) if group else tree
            place[name] = _as_yaml(choice.value)
    return export_yaml(Settings.model_validate(tree))


def _as_yaml(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else as_plain(value)


WRITER = Writer(
    name="settings_yaml",
    filename="settings.yaml",
    title="Every setting as resolved: with --config it gives the same run again",
    write=write_settings,
    is_of_training=True,
)
