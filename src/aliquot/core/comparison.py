"""A comparison of models on the same items, wherever their answers were made."""

from __future__ import annotations

from dataclasses import dataclass, field

from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import EvaluationReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedModel:
    """One model and how its answers were made.

    Attributes:
        name: What it is called in this comparison.
        model: What it is called in its folder.
        made_by: What determines its answers, as text by name: base, what was trained, shots, address …
        system: The system prompt; empty where there is none, and ``varies`` where rows have several.
        seconds_per_item: Spent on answering, where it was measured.
        cost_usd_per_item: Where the prices were stated.
        prompt_tokens_per_item, output_tokens_per_item: Under its own tokenizer, where they were counted.
    """

    name: str
    model: str
    run_id: str
    path: str
    made_by: dict[str, str] = field(default_factory=dict)
    system: str = ""
    seconds_per_item: float | None = None
    cost_usd_per_item: float | None = None
    prompt_tokens_per_item: float | None = None
    output_tokens_per_item: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAnswer:
    """One model's answer to one item.

    Attributes:
        output: As generated.
        score: As in ``Score.normalised``: 1 or 0, a share, or the absolute error of a number.
        status: As in ``Score.status``.
    """

    output: str
    score: float | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An item on which the models' scores are not all equal.

    Attributes:
        line: In the file of the first folder's rows.
        answers: In the order of the models.
    """

    example_id: str
    line: int
    prompt: str
    reference: str
    answers: tuple[ComparedAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsComparison(ShownInNotebook):
    """Models side by side.

    Attributes:
        command: What to type to get it again.
        reference_reason: Why the others are compared with that one.
        matched: Which rows were the same item, by what, and what was left out.
        models: In the order in which they were named; that of ``report.results`` is the same.
        report: Their scores on the common items, and the paired comparison of each with the reference. These
            comparisons are the family of Holm's adjustment.
        disagreements: Items that not all models score alike on; of numbers those with the widest spread of
            errors first, else in the order of the file.
        artefacts: Files that were written.
    """

    command: str
    reference_reason: str
    matched: str
    models: tuple[ComparedModel, ...]
    report: EvaluationReport
    disagreements: tuple[Disagreement, ...]
    artefacts: tuple[str, ...] = ()
