"""A plan: every setting with who set it and why, and what the run will cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from aliquot.core.notebook import ShownInNotebook

SetBy = Literal["you", "file", "recipe", "rule", "sweep", "study"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One setting of a run and its origin; the product's answer to "what was chosen, and why".

    Attributes:
        name: The setting's dotted name, for example ``train.learning_rate``.
        set_by: ``you`` (flag or Python argument), ``file`` (settings file), ``recipe``, ``rule``,
            ``sweep`` (chosen by trials on validation rows, which the reason lists), or ``study`` (what a
            study varies from run to run or holds equal).
        rule: Name of the rule in ``plan/rules.py``; also present when the user overrode it.
        reason: Why this value, in words with the figures that decided.
        source: A citation: author or project, with arXiv number or DOI where there is one.
        inputs: What the rule looked at.
        alternatives: What else was reasonable, each as ``value: why not``.
        rule_value: What the rule would have chosen, when the user or a recipe chose otherwise.
        recipe: Name of the recipe, where one set the value; ``reason`` and ``source`` are then its own.
        rule_reason: Why the rule would have chosen its value, where a recipe set another.
    """

    name: str
    value: Any
    set_by: SetBy
    rule: str
    reason: str
    source: str = ""
    unit: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    alternatives: tuple[str, ...] = ()
    rule_value: Any = None
    recipe: str = ""
    rule_reason: str = ""

    @property
    def origin(self) -> str:
        """Who set it, for people: ``you``, ``file``, ``rule``, or the recipe by its name."""
        return f"recipe {self.recipe}" if self.recipe else self.set_by


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeUse:
    """The recipe that a plan follows.

    Attributes:
        num_steps: Optimizer steps of this plan.
        rule_num_steps: Optimizer steps of a plan by our rules alone, with the user's other settings.
        leaves_open: What its source does not say, and our rules chose.
        not_followed: What it asks for and Aliquot does otherwise, each a sentence.
    """

    name: str
    title: str
    source: str
    num_steps: int
    rule_num_steps: int
    leaves_open: str = ""
    not_followed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The machine a plan is made for, as a short probe of a worker measured it.

    Attributes:
        kind: ``cpu``, ``cuda`` or ``mps``.
        memory_bytes: Memory the model may use.
        num_threads: Threads torch will use.
        num_devices: How many of this kind there are.
        gflops: Measured matrix-multiplication speed by precision, for example ``{"bfloat16": 400.0}``.
        runs_4_bit: Whether a layer with 4-bit weights ran here.
        why_not_4_bit: What is in the way of that; empty where nothing is, or nobody looked.
    """

    kind: str
    name: str
    memory_bytes: int
    num_threads: int
    gflops: dict[str, float]
    versions: dict[str, str] = field(default_factory=dict)
    cpu_capability: str = ""
    num_devices: int = 1
    runs_4_bit: bool = False
    why_not_4_bit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run will take. Tokens are per run, not per epoch.

    Attributes:
        computed_tokens: Tokens that pass through the model, shared prefixes counted once per micro-batch.
        basis: How the time was estimated, in words.
        disk_bytes: Of checkpoints and weights together, at most; 0 in plans that did not reckon it.
    """

    num_steps: int
    num_tokens: int
    computed_tokens: int
    trained_tokens: int
    train_s: float
    predict_s: float
    memory_bytes: int
    trainable_parameters: int
    basis: str
    disk_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(ShownInNotebook):
    """Every choice, in the order of the plan table, with the estimate.

    Attributes:
        recipe: The recipe that was followed; None without one.
    """

    base: str
    device: Device
    choices: tuple[Choice, ...]
    estimate: Estimate
    warnings: tuple[str, ...] = ()
    recipe: RecipeUse | None = None

    def get(self, name: str) -> Any:
        """Return the value of one setting.

        Raises:
            KeyError: The plan has no such setting.
        """
        for choice in self.choices:
            if choice.name == name:
                return choice.value
        raise KeyError(name)
