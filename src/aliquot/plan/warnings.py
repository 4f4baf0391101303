"""What a person should know before a run starts, each with the setting that helps."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.config.given import GivenSettings
from aliquot.core.dataset import DataReport
from aliquot.core.model import PreparedModel
from aliquot.core.plan import Device, Estimate
from aliquot.core.spec import StartingPoint, TrainingSpec
from aliquot.plan.bases import PATIENCE_S
from aliquot.plan.cost import duration_in_words
from aliquot.plan.rules.method import MIN_4_BIT_PARAMETERS
from aliquot.plan.rules.optimisation import MIN_UPDATES
from aliquot.tokenization.families import find_obstacle


def list_warnings(
    given: GivenSettings,
    data: DataReport,
    model: PreparedModel,
    device: Device,
    *,
    training: TrainingSpec,
    estimate: Estimate,
    start: StartingPoint | None = None,
) -> tuple[str, ...]:
    """Return the plan's warnings, the gravest first."""
    return (
        *_about_start(start, data),
        *_about_time(given, data, training, estimate),
        *_about_rows(data, training),
        *_about_machine(device, training),
        *_about_four_bit(model, training),
        *_about_sharing(model),
    )


def _about_start(start: StartingPoint | None, data: DataReport) -> Iterator[str]:
    if start is None:
        return
    seen, num_test = len(start.prompts_seen), data.get_split("test").num_examples
    if seen:
        yield (
            f"{start.name} was trained on the prompts of {seen:,} of the {num_test:,} test rows: there the "
            "test measures memory. They are kept, marked as seen, and scored apart."
        )
    if start.num_tests_trained:
        yield (
            f"{start.num_tests_trained:,} test rows of {start.name} are training rows here: do not score the "
            "new model on that test again."
        )


def _about_time(
    given: GivenSettings, data: DataReport, training: TrainingSpec, estimate: Estimate
) -> Iterator[str]:
    budget = given.find("train.time_budget_s")
    num_rows = data.get_split("train").num_rows
    rows_seen = min(num_rows, training.num_steps * training.batch_size)
    if rows_seen < num_rows:
        is_chosen = given.find("train.max_steps") is not None or budget is None
        limit = "train.max_steps" if is_chosen else f"The time budget of {duration_in_words(budget)}"
        remedy = "train.max_steps" if is_chosen else "train.time_budget_s"
        yield (
            f"{limit} ends within the first epoch: "
            f"{training.num_steps:,} steps see {rows_seen:,} of {num_rows:,} rows "
            f"({rows_seen / num_rows:.0%} of an epoch), drawn in the order of the seed. "
            f"Raise {remedy} to train on all of them."
        )
    elif budget is not None and estimate.train_s > 1.05 * budget:
        yield (
            f"Training takes about {duration_in_words(estimate.train_s)} with validation, more than the "
            f"budget of {duration_in_words(budget)}. Lower train.num_epochs to come nearer."
        )
    elif budget is None and estimate.train_s > PATIENCE_S:
        yield (
            f"Training takes about {duration_in_words(estimate.train_s)} on this device. Set "
            "train.time_budget_s to fit the plan to the time you have (`--time-budget 30m`), "
            "or take a smaller base."
        )


def _about_rows(data: DataReport, training: TrainingSpec) -> Iterator[str]:
    if training.num_steps < MIN_UPDATES:
        yield (
            f"There are only {training.num_steps} optimizer steps; fewer than {MIN_UPDATES} rarely suffice. "
            "More rows help most; train.num_epochs and a smaller train.batch_size help too."
        )
    asked = round(training.warmup_ratio * training.num_steps)
    if asked != training.warmup_steps:
        yield (
            f"train.warmup_ratio {training.warmup_ratio:g} is {asked:,} of {training.num_steps:,} steps; "
            f"{training.warmup_steps:,} are used: at least 5, at most 100, never over half the run."
        )
    has_validation = data.get_split("validation").num_examples > 0
    if not has_validation:
        yield "There are no validation rows: the last step is kept, not the best (data.validation_fraction)."
    elif training.validation_interval_steps > training.num_steps:
        yield (
            f"train.validation_interval_steps is {training.validation_interval_steps:,}, the run has "
            f"{training.num_steps:,} steps: only the end is validated."
        )
    if data.get_split("test").num_examples == 0:
        yield "There are no test rows: nothing will be scored. See data.test_fraction."


def _about_machine(device: Device, training: TrainingSpec) -> Iterator[str]:
    if training.num_threads > device.num_threads:
        yield f"train.num_threads is {training.num_threads}; this machine has {device.num_threads}."


def _about_four_bit(model: PreparedModel, training: TrainingSpec) -> Iterator[str]:
    size = model.architecture.num_parameters
    if training.is_4_bit and size < MIN_4_BIT_PARAMETERS:
        yield (
            f"A base of {size / 1e6:,.0f} million parameters loses much in 4 bits: the loss of SmolLM2-135M "
            "rose from 3.62 to 5.14 nats per token before any training. train.method: lora keeps its weights "
            "as they are; qlora pays from about a billion parameters on."
        )


def _about_sharing(model: PreparedModel) -> Iterator[str]:
    obstacle = find_obstacle(model.architecture.model_type)
    if obstacle:
        yield (
            f"Each row is computed by itself, what rows share included ({model.architecture.model_type}): "
            f"{obstacle}. The result is the same; a base of another family trains faster."
        )
