"""The specification of a run: ``spec.json``, everything that determines it, resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aliquot.core.dataset import DataReport, Task
from aliquot.core.model import PreparedModel
from aliquot.core.plan import Plan

SCHEMA_VERSION = 1
"""Of ``spec.json``, ``events.jsonl``, predictions and scores; a schema test pins what it covers."""

MIN_WARMUP_STEPS, MAX_WARMUP_STEPS = 5, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec:
    """Every value the training loop reads. Names and units as in the settings reference.

    Attributes:
        method: ``lora``; ``qlora``, the same beside a base in 4 bits (NF4, double quantisation); or ``full``:
            all weights; the four settings of the adapter are then empty.
        objective: ``supervised``; ``dpo``: the rows are pairs of a chosen and a rejected answer; or ``text``:
            they are plain texts, cut into windows of ``max_seq_len`` tokens.
        dpo_beta: 0 where the objective has none.
    """

    seed: int
    method: str = "lora"
    lora_rank: int = 0
    lora_alpha: int = 0
    lora_dropout: float = 0.0
    target_modules: tuple[str, ...] = ()
    learning_rate: float
    schedule: str
    warmup_ratio: float
    num_epochs: int
    batch_size: int
    micro_batch_size: int
    weight_decay: float
    max_grad_norm: float
    max_seq_len: int
    precision: str
    device: str
    num_threads: int
    validation_interval_steps: int
    checkpoint_interval_steps: int
    num_checkpoints_kept: int
    early_stopping_patience: int
    num_steps: int
    num_devices: int = 1
    sharding: str = "none"
    activation_checkpointing: bool = False
    select_by: str = "loss"
    """``loss`` or ``metric``: what chooses the checkpoint on the validation rows."""
    objective: str = "supervised"
    dpo_beta: float = 0.0
    num_loss_rows: int = 0
    """Rows of each split whose own loss is measured before and after training."""

    @property
    def has_adapter(self) -> bool:
        """Whether what is trained lies beside the base, whose weights stay as they are."""
        return self.method != "full"

    @property
    def warmup_steps(self) -> int:
        """Steps over which the rate rises: a share of the run, at least 5 and at most 100.

        A ratio of 0 means none; a short run never spends more than half of itself rising.
        """
        if self.warmup_ratio == 0:
            return 0
        wanted = max(MIN_WARMUP_STEPS, min(MAX_WARMUP_STEPS, round(self.warmup_ratio * self.num_steps)))
        return min(wanted, self.num_steps // 2)

    @property
    def is_4_bit(self) -> bool:
        """Whether the base's linear layers are held in 4 bits, in training and in answering."""
        return self.method == "qlora"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSpec:
    """Every value that prediction reads. Decoding is greedy; plain texts are scored, with 0 new tokens."""

    models: tuple[str, ...]
    """Of ``base``, ``base_few_shot``, ``base_nearest``, ``tuned``."""
    splits: tuple[str, ...]
    max_new_tokens: int
    batch_size: int
    num_shots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSpec:
    """Every value that scoring reads."""

    primary_metric: str
    normaliser: str
    confidence: float
    num_resamples: int
    seed: int
    tolerance: float | None = None
    positive_label: str | None = None
    """The label that is known, where items of the others are unlabelled; None where all labels are known."""
    class_prior: float | None = None
    """Share of positives among the unlabelled items, as the user states it."""

    @property
    def scored_as(self) -> str:
        """The kind of answers that the normaliser reads, a task type: its name without the version."""
        return self.normaliser.rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartingPoint:
    """The adapter that training continues from; its weights are copied to ``start/``.

    Attributes:
        name: The run, the run and its checkpoint, or the folder.
        sha256: Of the adapter's weights.
        base: Its base model, as its record names it.
        base_files: SHA-256 of the base's files by name; empty where the adapter does not record them.
        prompts_seen: ``prompt_sha256`` of those test rows of this run that the source was trained on.
        num_tests_trained: Test rows of the source that this run trains on.
        method: ``lora`` or ``qlora``: what its adapter was trained beside.
    """

    name: str
    sha256: str
    base: str
    lora_rank: int
    lora_alpha: int
    target_modules: tuple[str, ...]
    base_files: dict[str, str] = field(default_factory=dict)
    prompts_seen: tuple[str, ...] = ()
    num_tests_trained: int = 0
    method: str = "lora"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSpec:
    """What scoring needs to know, and all that a folder of answers made elsewhere knows.

    Attributes:
        settings: The settings as the user gave them (nothing resolved): loads again as a settings file.
        command: What to type to get this folder again.
        reference: The model that the others are compared with; the tuned one where a model is trained.
    """

    schema_version: int
    run_id: str
    created_at: str
    aliquot_version: str
    command: str
    settings: dict[str, Any]
    data: DataReport
    rows_sha256: dict[str, str]
    """Hash of ``rows/<split>.jsonl`` by split."""
    task: Task
    evaluation: EvaluationSpec
    notes: tuple[str, ...] = field(default_factory=tuple)
    reference: str = "tuned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(ScoringSpec):
    """A run, determined. With ``measured.json`` and the thread count it fixes the adapter's bytes.

    Attributes:
        start: What training continues from; None for a run that begins at the base model.
        settings_by_study: Dotted names of the settings that the study of this run set.
    """

    model: PreparedModel
    plan: Plan
    training: TrainingSpec
    prediction: PredictionSpec
    start: StartingPoint | None = None
    settings_by_study: tuple[str, ...] = ()
