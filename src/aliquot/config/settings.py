"""The one schema of everything a person may set; file, flags, documentation and pages derive from it.

``None`` means automatic: a rule in ``plan/rules.py`` chooses and says why. Each field carries its unit,
a label, a help line and a level; ``basic`` fields are what most users ever touch. Budgets: at most 40
training fields, 20 each for prediction and evaluation; a test counts them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Level = Literal["basic", "advanced"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Fold = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?/[1-9][0-9]?$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


def _setting(help_text: str, *, level: Level = "advanced", unit: str = "", **constraints: Any) -> Any:
    """Declare an automatic setting: None by default, with help, level and unit for people."""
    return Field(
        default=None, description=help_text, json_schema_extra={"level": level, "unit": unit}, **constraints
    )


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataSettings(_Group):
    """How rows are read and split."""

    format: Name | None = _setting("Format of the file; detected when not given.", level="basic")
    encoding: Name | None = _setting("Encoding of the text, such as windows-1252; UTF-8 when not given.")
    prompt: Text | None = _setting(
        "Column of the prompt, or a text with columns in braces: `Classify {title}: {abstract}`.",
        level="basic",
    )
    answer: Text | None = _setting("Column of the answer, or a text with columns in braces.", level="basic")
    system: Text | None = _setting("System prompt: a column, or a text with columns in braces.")
    split_key: Name | None = _setting("Field that names the split of a row; `split` when not given.")
    validation_file: Name | None = _setting("A second file whose rows choose the checkpoint.")
    test_file: Name | None = _setting("A second file whose rows are the test.", level="basic")
    test_fraction: float | None = _setting(
        "Share of rows held out for the test, when the file has no split of its own.",
        level="basic",
        ge=0.0,
        lt=1.0,
    )
    validation_fraction: float | None = _setting(
        "Share of train held out to choose the checkpoint.", ge=0.0, lt=1.0
    )
    split_method: Literal["random", "stratified", "time", "scaffold"] | None = _setting(
        "How rows are held out: at random, each label in proportion, the latest, or by molecular scaffold."
    )
    group_key: Name | None = _setting("Field whose equal values stay in one split (a molecule, a paper).")
    time_key: Name | None = _setting("Field with the date or number by which split_method: time orders rows.")
    smiles_key: Name | None = _setting("Field with the SMILES that split_method: scaffold reads.")
    fold: Fold | None = _setting("The fold that is the test, and of how many: `2/5`.")
    held_out_group: Name | None = _setting("The group (value of group_key) that is the test.")
    seed: int | None = _setting("Seed of the split.", ge=0, le=2**31 - 1)
    near_duplicates: bool | None = _setting("Search near-duplicates; unasked up to 20,000 rows.")
    remedies: list[Name] | None = _setting(
        "Remedies to apply to rows before training; `aliquot check` names those that fit."
    )
    without_test: bool | None = _setting("Train although no row is held out for a test.")
    train_rows: int | None = _setting(
        "Training rows to keep; test and validation stay what they are. Fewer are always part of more.",
        unit="rows",
        ge=1,
    )
    train_rows_seed: int | None = _setting(
        "Seed of the order in which train_rows keeps rows.", ge=0, le=2**31 - 1
    )


class AboutSettings(_Group):
    """What data cards say about a data set, for those who cite it. Nothing is said that is not given here."""

    title: Name | None = _setting("Name of the data set.")
    description: Text | None = _setting("What the rows are and where they come from, in a sentence or two.")
    licence: Name | None = _setting("Licence of the data: an SPDX identifier such as CC-BY-4.0, or a URL.")
    creators: list[Name] | None = _setting("The people who made the data set.")
    organization: Name | None = _setting("The institution that made the data set.")
    citation: Text | None = _setting("How to cite the data set, in BibTeX or in words.")
    url: Name | None = _setting("Web page or DOI of the data set.")
    version: Name | None = _setting("Version of the data set, for example 1.0.0.")


class TrainSettings(_Group):
    """How the model is trained."""

    method: Literal["lora", "qlora", "full"] | None = _setting(
        "What is trained: low-rank matrices beside the weights, the same beside weights in 4 bits, or all "
        "weights.",
        level="basic",
    )
    objective: Literal["supervised", "dpo", "text"] | None = _setting(
        "What is minimised: the surprise at the answers, the DPO loss of preferred against rejected ones, or "
        "the surprise at every token of plain texts.",
        level="basic",
    )
    dpo_beta: float | None = _setting("How strongly DPO holds the model to where it began.", gt=0, le=10)
    start_from: Name | None = _setting(
        "Adapter to go on from: a run (name or folder), one of its checkpoints, or a PEFT adapter folder.",
        level="basic",
    )
    time_budget_s: float | None = _setting(
        "Time that training may take; the plan is fitted to it.", level="basic", unit="s", gt=0
    )
    seed: int | None = _setting(
        "Seed of initial weights, data order and dropout.", level="basic", ge=0, le=2**31 - 1
    )
    num_epochs: int | None = _setting("Passes over the training rows.", level="basic", ge=1, le=1000)
    max_steps: int | None = _setting(
        "Most optimizer steps; training ends there, whatever the epochs.", unit="steps", ge=1
    )
    learning_rate: float | None = _setting("Peak learning rate.", level="basic", gt=0, le=1)
    batch_size: int | None = _setting("Rows per optimizer step.", level="basic", unit="rows", ge=1, le=65536)
    lora_rank: int | None = _setting("Rank of the adapter matrices.", level="basic", ge=1, le=1024)
    lora_alpha: int | None = _setting("Scale of the adapter: alpha / rank.", ge=1, le=4096)
    lora_dropout: float | None = _setting("Dropout before the adapter.", ge=0.0, lt=1.0)
    target_modules: list[Name] | None = _setting("Linear layers that get an adapter.")
    micro_batch_size: int | None = _setting(
        "Rows per forward and backward pass.", unit="rows", ge=1, le=65536
    )
    schedule: Literal["linear", "cosine", "constant"] | None = _setting("Learning rate after the warm-up.")
    warmup_ratio: float | None = _setting(
        "Share of steps over which the learning rate rises.", ge=0.0, le=1.0
    )
    weight_decay: float | None = _setting("AdamW weight decay.", ge=0.0, le=1.0)
    max_grad_norm: float | None = _setting("Gradients are scaled down to this norm.", gt=0)
    max_seq_len: int | None = _setting(
        "Longest row accepted, and the window of plain texts.", unit="tokens", ge=8
    )
    precision: Literal["bfloat16", "float32"] | None = _setting("Number format of the base weights.")
    device: Literal["cpu", "cuda", "mps"] | None = _setting("Where to train.", level="basic")
    num_devices: int | None = _setting(
        "Devices that train together, each in a process of its own; on a CPU, processes.", ge=1, le=64
    )
    sharding: Literal["none", "full"] | None = _setting(
        "How the base lies on several devices: whole on each, or a part of every layer on each."
    )
    activation_checkpointing: bool | None = _setting(
        "Compute inner values again in the backward pass instead of keeping them: less memory, slower."
    )
    num_threads: int | None = _setting("CPU threads of each process.", ge=1, le=1024)
    validation_interval_steps: int | None = _setting("Steps between validations.", unit="steps", ge=1)
    checkpoint_interval_steps: int | None = _setting("Steps between checkpoints.", unit="steps", ge=1)
    num_checkpoints_kept: int | None = _setting(
        "Checkpoints kept beside the best and the last.", ge=1, le=1000
    )
    early_stopping_patience: int | None = _setting(
        "Validations without improvement before training ends; 0 never stops early.", ge=0
    )
    select_by: Literal["loss", "metric"] | None = _setting(
        "What chooses the checkpoint on the validation rows: their loss, or the primary metric of answers."
    )
    num_loss_rows: int | None = _setting(
        "Rows of each split whose own loss is measured before and after training; 0 measures none.",
        unit="rows",
        ge=0,
        le=1_000_000,
    )


class PredictSettings(_Group):
    """How models answer the held-out rows. Decoding is greedy."""

    models: list[Literal["base", "base_few_shot", "base_nearest", "tuned"]] | None = _setting(
        "Models that answer; base_nearest is shown the training rows nearest to each item."
    )
    max_new_tokens: int | None = _setting("Longest answer.", unit="tokens", ge=1, le=32768)
    batch_size: int | None = _setting("Rows answered at once.", unit="rows", ge=1, le=4096)
    num_shots: int | None = _setting(
        "Examples shown to a base model that is shown some.", unit="rows", ge=1, le=64
    )


class EvaluateSettings(_Group):
    """How answers are scored."""

    task_type: (
        Literal["labels", "number", "text", "set", "json", "molecule", "composition", "document"] | None
    ) = _setting("Kind of answer; inferred from the references when not given.", level="basic")
    primary_metric: Name | None = _setting(
        "The headline metric, on which models are compared.", level="basic"
    )
    tolerance: float | None = _setting("Numbers within this distance count as right.", ge=0)
    positive_label: Name | None = _setting(
        "The label that is known, where items of the other label are unlabelled rather than negative."
    )
    class_prior: float | None = _setting("Share of positives among the unlabelled items.", gt=0.0, lt=1.0)
    confidence: float | None = _setting("Confidence of all intervals.", gt=0.5, lt=1.0)
    num_resamples: int | None = _setting("Bootstrap and permutation resamples.", ge=100, le=1_000_000)
    seed: int | None = _setting("Seed of the resampling.", ge=0, le=2**31 - 1)


class Settings(_Group):
    """All settings of a run: the content of a settings file."""

    base: Name | None = _setting(
        "Base model: a catalogue name, a Hub id (owner/name, owner/name@revision), a folder or a GGUF file.",
        level="basic",
    )
    recipe: Name | None = _setting(
        "Published recipe whose values replace those of our rules; `aliquot plan FILE --recipes` lists them.",
        level="basic",
    )
    data: DataSettings = DataSettings()
    train: TrainSettings = TrainSettings()
    predict: PredictSettings = PredictSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    about: AboutSettings = AboutSettings()
