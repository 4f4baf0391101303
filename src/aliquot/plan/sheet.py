"""The choices of a plan while it is made, beside what they are made from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from aliquot.config.given import GivenSettings
from aliquot.config.schema import list_settings
from aliquot.core.dataset import DataReport, SplitProfile, TokenProfile
from aliquot.core.model import PreparedModel
from aliquot.core.plan import Choice, Device
from aliquot.core.spec import StartingPoint
from aliquot.plan.recipe import Case, Recipe
from aliquot.plan.refusals import require_rows
from aliquot.plan.rules.choice import Asked, settle
from aliquot.plan.rules.sources import OURS
from aliquot.tokenization.families import find_obstacle


@dataclass(slots=True)
class Sheet:
    """The choices made so far, beside what they are made from."""

    given: GivenSettings
    data: DataReport
    model: PreparedModel
    device: Device
    recipe: Recipe | None = None
    start: StartingPoint | None = None
    choices: dict[str, Choice] = field(default_factory=dict)
    asked: dict[str, Asked] = field(init=False)
    """What the recipe asks for, by name."""

    def __post_init__(self) -> None:
        case = Case(
            num_rows=self.train.num_rows,
            num_tokens=self.profile.num_tokens,
            architecture=self.model.architecture,
        )
        self.asked = self.recipe.ask(case) if self.recipe else {}

    def add(self, choice: Choice) -> None:
        """Note a choice; settled again, the last one counts."""
        self.choices[choice.name] = choice

    def settle(self, rule_choice: Choice) -> Any:
        """Note the user's value, the recipe's or the rule's, in this order, and return it."""
        choice = settle(self.given, rule_choice, self.asked.get(rule_choice.name))
        self.add(choice)
        return choice.value

    def settle_adapter(self, rule_choice: Choice) -> Any:
        """Settle what an adapter is made with; a run that continues takes it from its start."""
        if self.start is None:
            return self.settle(rule_choice)
        value = getattr(self.start, rule_choice.name.removeprefix("train."))
        reason = f"Training continues from {self.start.name}, whose adapter was made so."
        taken = replace(rule_choice, value=value, reason=reason, source=OURS, alternatives=())
        self.add(settle(self.given, taken))
        return value

    def find_fixed(self, name: str) -> Any:
        """Return the value that the user or the recipe has fixed; None where a rule may choose."""
        given, asked = self.given.find(name), self.asked.get(name)
        return given if given is not None or asked is None else asked.value

    def get(self, name: str) -> Any:
        """Return the value of a setting that was settled."""
        return self.choices[name].value

    def in_order(self) -> tuple[Choice, ...]:
        """Return all choices in the order of the settings file."""
        names = [record.name for record in list_settings()]
        return tuple(sorted(self.choices.values(), key=lambda choice: names.index(choice.name)))

    @property
    def are_texts(self) -> bool:
        """Whether the rows are plain texts, which are cut into windows and trained whole."""
        return self.data.task.task_type == "document"

    @property
    def train(self) -> SplitProfile:
        """The training split."""
        return require_rows(self.data)

    @property
    def profile(self) -> TokenProfile:
        """Its token counts, as they are computed."""
        assert self.train.tokens is not None  # require_rows saw to it
        return self.as_computed(self.train.tokens)

    def as_computed(self, profile: TokenProfile) -> TokenProfile:
        """Return the token counts without sharing where the base's family computes each row by itself."""
        is_shared = find_obstacle(self.model.architecture.model_type) is None
        return profile if is_shared else replace(profile, prefix_tree_tokens={})
