"""A plan on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, table
from aliquot.core.plan import Choice, Estimate, Plan
from aliquot.export.wording import count, rough_duration, setting_text, size

WORDS = {"you": "you", "file": "file", "rule": "rule"}


def brief(plan: Plan) -> list[RenderableType]:
    """Return the base, the few settings that matter most, and what it will take."""
    names = ("train.num_epochs", "train.learning_rate", "train.batch_size", "train.lora_rank", "train.precision")
    found = {choice.name: choice for choice in plan.choices}
    settings = [
        f"{name.rpartition('.')[2]} {setting_text(found[name].value)}"
        + ("" if found[name].set_by == "rule" else f" ({found[name].set_by})")
        for name in names
        if name in found
    ]
    base = found.get("base")
    parts: list[RenderableType] = [
        facts(
            [
                ("base", f"{plan.base}{f': {base.reason}' if base and base.set_by == 'rule' else ''}"),
                ("plan", " · ".join(settings)),
                ("cost", _cost(plan.estimate)),
            ]
        )
    ]
    return parts + [Text.assemble(("! ", "yellow"), warning) for warning in plan.warnings]


def full(plan: Plan) -> list[RenderableType]:
    """Return every setting with its reason, then what the run will take."""
    device, estimate = plan.device, plan.estimate
    parts: list[RenderableType] = [
        table(("setting", "value", "set by", "why"), [_row(choice) for choice in plan.choices]),
        heading("What it will take"),
        facts(
            [
                ("device", f"{device.name} ({device.kind}, {count(device.num_threads, 'thread')})"),
                ("steps", f"{estimate.num_steps:,}"),
                (
                    "tokens",
                    f"{estimate.num_tokens:,}, of which {estimate.computed_tokens:,} are computed "
                    f"(shared prefixes once) and {estimate.trained_tokens:,} are trained",
                ),
                ("time", _cost(estimate)),
                ("memory", f"about {size(estimate.memory_bytes)}"),
                ("adapter", f"{count(estimate.trainable_parameters, 'trainable parameter')}"),
                ("basis", estimate.basis),
            ]
        ),
    ]
    return parts + [Text.assemble(("! ", "yellow"), warning) for warning in plan.warnings]


def _row(choice: Choice) -> tuple[RenderableType, ...]:
    why = Text(choice.reason)
    if choice.rule_value is not None and choice.set_by != "rule":
        why.append(f" (the rule would take {setting_text(choice.rule_value)})", "dim")
    if choice.source:
        why.append(f" [{choice.source}]", "dim")
    colour = "cyan" if choice.set_by != "rule" else "dim"
    return choice.name, setting_text(choice.value, choice.unit), Text(WORDS[choice.set_by], colour), why


def _cost(estimate: Estimate) -> str:
    return f"training {rough_duration(estimate.train_s)}, answers {rough_duration(estimate.predict_s)}"
