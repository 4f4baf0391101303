"""Results: what a model answered, how each answer scored, and what follows with what certainty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aliquot.core.notebook import ShownInNotebook

Status = Literal["ok", "truncated", "refused", "error"]
"""How answering ended; a service ``refused`` by its own word. Whether a text could be read, scores tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One model's answer to one example; a line of ``predictions/<model>.<split>.jsonl``.

    Attributes:
        model: Name of the model in this run: ``tuned``, ``base``, ``base_few_shot``, ``majority``,
            ``step-000120`` …
        output: The text as generated, unchanged.
        status: ``truncated`` when the token limit ended it.
        label_probabilities: For closed labels: p(label and end of turn), renormalised over the labels.
        label_mass: The sum of these probabilities before they were renormalised.
        in_train: Whether this prompt occurs verbatim in train or validation.
        num_prompt_tokens, num_output_tokens: Counts under the base model's tokenizer, or an endpoint's own;
            0 for baselines. Of a plain text the second counts the tokens that were predicted.
        log_probability: Of a whole plain text, in nats; None for answers. Nothing is generated then.
    """

    example_id: str
    split: str
    model: str
    prompt_sha256: str
    reference: str
    output: str
    status: Status = "ok"
    finish_reason: str = "stop"
    label_probabilities: dict[str, float] | None = None
    label_mass: float | None = None
    group: str | None = None
    in_train: bool = False
    num_prompt_tokens: int = 0
    num_output_tokens: int = 0
    seed: int = 0
    log_probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLoss:
    """The loss of one row; a line of ``losses/<split>.before.jsonl`` or ``.after.jsonl``.

    Attributes:
        loss: Mean over the row's trained tokens, in nats.
        num_tokens: Trained tokens.
    """

    example_id: str
    loss: float
    num_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One answer, scored; a line of ``scores/<model>.<split>.jsonl``.

    Attributes:
        parsed: The answer as read (a label, a number as text), None when it could not be read.
        is_parsed: Whether it could be read.
        status: That of the prediction, or ``unparsed`` for a whole answer that could not be read.
        raw: 1.0 if the output equals an accepted answer to the letter and was not cut off.
        normalised: The per-example score after the declared normaliser: the F1 of the fields for JSON
            records, the absolute error for numbers (None when unparsed), bits per byte for plain texts, 1.0
            or 0.0 for all others.
        accepted: Answers that count as right besides the reference, as the row states them.
        grades: What graders gave the answer, by the grader's name.
    """

    example_id: str
    model: str
    split: str
    reference: str
    output: str
    parsed: str | None
    is_parsed: bool
    status: str
    raw: float
    normalised: float | None
    in_train: bool = False
    group: str | None = None
    accepted: tuple[str, ...] = ()
    grades: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval and how it was made."""

    low: float
    high: float
    confidence: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """One metric of one model on one split.

    Attributes:
        metric: Name of the metric's file in ``evaluation/metrics``, or of a grader.
        value: None when it is undefined here (for example one class only).
        num_items: Items it was computed over.
        unit: ``share`` (0 to 1), ``nats``, ``answer`` (the unit of the numbers) or empty.
        direction: ``higher`` or ``lower`` is better, or ``zero``: the nearer to it the better (a bias).
        title: Words for tables and figures.
        citation: Where the metric is defined.
        signature: How exactly it was computed and by which version of which library; empty where the
            definition leaves nothing open.
    """

    metric: str
    value: float | None
    interval: Interval | None
    num_items: int
    unit: str
    direction: Literal["higher", "lower", "zero"]
    title: str = ""
    citation: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """All metrics of one model on one split; ``primary`` is the declared headline metric."""

    model: str
    title: str
    split: str
    kind: Literal["tuned", "base", "baseline", "external"]
    primary: MetricValue
    metrics: tuple[MetricValue, ...]
    without_overlap: MetricValue | None = None
    """The primary metric on the test items whose prompt does not occur in train."""
    num_unparsed: int = 0
    num_truncated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A paired comparison of two models on the same items.

    Attributes:
        difference: Primary metric of ``model`` minus that of ``other``, on its own scale.
        p_value: Of ``test``, two-sided.
        p_value_holm: Adjusted within the family.
        family: ``models`` or ``baselines`` where answers made elsewhere are compared with each other and with
            simple baselines; empty where all comparisons of the report are one family.
        num_only_model, num_only_other: Items that only one of the two gets right (labels and text).
        sentence: The finding in plain words.
    """

    model: str
    other: str
    metric: str
    difference: float
    interval: Interval
    p_value: float
    p_value_holm: float
    test: str
    num_items: int
    num_only_model: int
    num_only_other: int
    sentence: str
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Counts by reference (row) and answer (column); the last column is unparsed answers."""

    model: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResult:
    """How one model did on one field of JSON records, over all test rows.

    Attributes:
        field: Its path, ``events[].date`` for the field of objects in a list.
        num_expected: Values in the references: right, wrong and missing ones.
        num_wrong: Values that are there and differ.
        num_missing: Values that the reference has and the answer lacks.
        num_extra: Values that the answer has and the reference lacks.
    """

    model: str
    field: str
    num_expected: int
    num_right: int
    num_wrong: int
    num_missing: int
    num_extra: int

    @property
    def accuracy(self) -> float | None:
        """Share of the expected values that are right; None where no reference has the field."""
        return self.num_right / self.num_expected if self.num_expected else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScores:
    """How one model does on one label.

    Attributes:
        num_expected: Items whose reference is the label.
        num_answered: Items answered with it.
        num_right: Items of the label that were answered with it.
        precision: num_right / num_answered; None when the model never gives the label.
        recall: num_right / num_expected; None when the label is never expected. An unparsed answer is missed.
        f1: 2 num_right / (num_expected + num_answered); None when the label does not occur at all.
    """

    label: str
    num_expected: int
    num_answered: int
    num_right: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerLabel:
    """How one model does on each label."""

    model: str
    labels: tuple[LabelScores, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Items of about the same confidence, the probability of the likeliest label.

    Attributes:
        low, high: Smallest and largest confidence in the bin.
        accuracy: Share of items whose likeliest label is right.
        interval: Of the accuracy (Wilson's); None where items come in groups and are not independent.
    """

    num_items: int
    low: float
    high: float
    mean_confidence: float
    accuracy: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Whether one model is right as often as it is sure: the reliability diagram, bins of equal mass.

    Attributes:
        bins: Those of the expected calibration error, by confidence.
        mean_label_mass: Mean probability of all labels together before it was renormalised; None if unknown.
        share_small_mass: Share of items where that is below 0.9.
    """

    model: str
    bins: tuple[ReliabilityBin, ...]
    mean_label_mass: float | None = None
    share_small_mass: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a judge agrees with people.

    Attributes:
        kappa: Cohen's kappa; None where it is undefined, for example because all labels are equal.
        share: Of answers where both say the same.
        num_items: Answers that people have labelled and the judge could grade.
    """

    kappa: float | None
    interval: Interval | None
    share: float
    num_items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderResult:
    """What there is to tell of one grader on one model, beside its metric.

    Attributes:
        errors: Answers that could not be graded, by kind of error; they have the lowest value.
        first_error: Words for the first of them.
        num_split: Of a pairwise judge: items where it preferred another answer in the other order; draws.
    """

    grader: str
    type: str
    model: str
    num_items: int
    errors: dict[str, int] = field(default_factory=dict)
    first_error: str = ""
    num_split: int = 0
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport(ShownInNotebook):
    """Everything scored in a run: ``scores/report.json``.

    Attributes:
        headline: The first thing a reader should know, in one or two sentences; when a simple baseline
            is as good as the tuned model, it says so first.
        predictions_sha256: Hashes of the prediction files that were scored, by model: whether an answer is
            new does not hang on clocks.
        reference: The model that the others are compared with.
    """

    schema_version: int
    run_id: str
    split: str
    num_items: int
    task_type: str
    labels: tuple[str, ...]
    primary_metric: str
    normaliser: str
    confidence: float
    num_resamples: int
    seed: int
    headline: str
    results: tuple[ModelResult, ...]
    comparisons: tuple[Comparison, ...]
    confusions: tuple[Confusion, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    predictions_sha256: dict[str, str] = field(default_factory=dict)
    fields: tuple[FieldResult, ...] = ()
    """JSON records only: every field of every model, in the order of the models."""
    per_label: tuple[PerLabel, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    reference: str = "tuned"
    graders: tuple[GraderResult, ...] = ()
    """One for each grader and model that it graded, in the order of both."""

    @property
    def scored_as(self) -> str:
        """The kind of answers that the normaliser reads, a task type: its name without the version.

        It differs from the task's type where answers of that type are compared as texts.
        """
        return self.normaliser.rpartition("-")[0]

    def get_result(self, model: str) -> ModelResult | None:
        """Return the result of one model, or None while it has no predictions."""
        return next((result for result in self.results if result.model == model), None)
