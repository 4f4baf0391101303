"""Every setting of a run, resolved: the user's value or a rule's, with the reason, and what it will cost.

``resolve`` is a pure function: the same inputs give the same plan. It settles settings in an order in which
each rule finds what it looks at; the plan table shows them in the order of the settings file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from aliquot.config.given import GivenSettings
from aliquot.config.schema import list_settings
from aliquot.core.dataset import DataReport
from aliquot.core.model import PreparedModel
from aliquot.core.plan import Choice, Device, Estimate, Plan, RecipeUse
from aliquot.core.spec import EvaluationSpec, PredictionSpec, StartingPoint, TrainingSpec
from aliquot.plan import rules
from aliquot.plan.cost import (
    CostModel,
    disk_bytes,
    distinct_tokens,
    duration_in_words,
    trainable_parameters,
)
from aliquot.plan.evaluation import settle_evaluation
from aliquot.plan.recipe import Recipe, get_recipe
from aliquot.plan.refusals import (
    longest_split,
    require_device,
    require_memory,
    require_method,
    require_objective,
    require_possible,
    require_start,
)
from aliquot.plan.rough_cost import least_cost, rough_cost
from aliquot.plan.rules.choice import choose, settle
from aliquot.plan.rules.machine import longest_pass
from aliquot.plan.rules.sources import OURS
from aliquot.plan.sheet import Sheet
from aliquot.plan.warnings import list_warnings

NOT_PLANNED = frozenset(
    record.name for record in list_settings() if record.name.startswith(("data.", "about."))
)
"""Settings that the data check obeys and reports; no rule here chooses them."""


PLANNED_ONLY = frozenset(("train.time_budget_s", "train.max_steps", "train.start_from"))
"""Settings that the loop does not read: steps and starting weights are determined by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A plan and the three specifications that a worker and the scoring read."""

    plan: Plan
    training: TrainingSpec
    prediction: PredictionSpec
    evaluation: EvaluationSpec


def resolve(
    given: GivenSettings,
    data: DataReport,
    model: PreparedModel,
    device: Device,
    *,
    base: Choice | None = None,
    start: StartingPoint | None = None,
) -> Resolved:
    """Return every setting with its reason, and the estimate.

    Args:
        given: What the user set; it wins over every rule and over the recipe that it may name.
        data: The data check, with token counts under this model.
        model: The prepared base model.
        device: The probed machine.
        base: How the base was chosen, for the table; without it the model counts as given.
        start: The adapter that training continues from; rank, alpha and layers are taken from it.

    Raises:
        InputError: There are no training rows, no such recipe, or settings cannot work together.
        MachineError: The device is not there or has too little memory.
    """
    require_device(given, device)
    require_start(given, start)
    recipe = get_recipe(given.settings.recipe) if given.settings.recipe else None
    sheet = Sheet(given, data, model, device, recipe, start)
    sheet.add(base or _given_base(given, model))
    sheet.settle(rules.choose_recipe(recipe.title if recipe else ""))
    cost = _settle_method(sheet)
    schedule = _settle_schedule(sheet, cost)
    training = _settle_training(sheet, schedule)
    prediction = _settle_prediction(sheet)
    evaluation = settle_evaluation(sheet.data.task, sheet.settle)
    require_possible(training, prediction, data, model, device)
    estimate = _estimate(sheet, cost, schedule, prediction)
    require_memory(given, cost, estimate.memory_bytes, longest_pass(1, sheet.train.num_rows, sheet.profile))
    by_rules = _settle_by_rules(sheet) if recipe else None
    plan = Plan(
        base=model.source.name,
        device=device,
        choices=sheet.in_order(),
        estimate=estimate,
        warnings=list_warnings(given, data, model, device, training=training, estimate=estimate, start=start),
        recipe=_recipe_use(recipe, training, by_rules) if recipe and by_rules else None,
    )
    return Resolved(plan=plan, training=training, prediction=prediction, evaluation=evaluation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schedule:
    """Epochs, batch, steps and intervals, which hang together; times in seconds."""

    num_epochs: int
    num_steps: int
    rows_per_pass: int
    steps_s: float
    validations_s: float

    @property
    def total_s(self) -> float:
        return self.steps_s + self.validations_s


def _given_base(given: GivenSettings, model: PreparedModel) -> Choice:
    name = given.find("base")
    choice = choose("base", name or model.source.name, reason="The model that was prepared.", source=OURS)
    return settle(given, choice)


def _settle_method(sheet: Sheet) -> CostModel:
    """Settle what the speed of a step depends on, and return the cost model made from it."""
    architecture, device = sheet.model.architecture, sheet.device
    sheet.settle(rules.device(device))
    sheet.settle(rules.start_from())
    least = longest_pass(1, sheet.train.num_rows, sheet.profile)
    lora = least_cost(rough_cost(architecture, sheet.given, device, "lora"), sheet.given)
    method = sheet.settle(rules.method(lora, least, sheet.start))
    require_method(sheet.given, method, device)
    _settle_objective(sheet)
    precision = sheet.settle(rules.precision(device, method))
    num_devices = sheet.settle(rules.num_devices(device))
    num_threads = sheet.settle(rules.num_threads(device, num_devices))
    modules: tuple[str, ...] = ()
    rank = 0
    if method != "full":
        modules = tuple(sheet.settle_adapter(rules.target_modules(architecture)))
        rank = sheet.settle_adapter(rules.lora_rank(architecture, sheet.profile.num_trained_tokens, modules))
        sheet.settle_adapter(rules.lora_alpha())
        sheet.settle(rules.lora_dropout(architecture, device))
    whole = CostModel(
        architecture=architecture,
        device=device,
        precision=precision,
        num_threads=num_threads,
        adapter_parameters=trainable_parameters(architecture, method, rank, modules),
        method=method,
        num_devices=num_devices,
    )
    way = sheet.settle(rules.sharding(num_devices, whole.fixed_bytes, device, method))
    cost = replace(whole, is_sharded=way == "full")
    again = sheet.settle(rules.activation_checkpointing(*least, cost))
    return replace(cost, recomputes=again)


def _settle_objective(sheet: Sheet) -> None:
    counted = [split.tokens for split in sheet.data.splits if split.split != "test" and split.tokens]
    num_pairs = sum(tokens.num_pairs for tokens in counted)
    num_rows = sum(sheet.data.get_split(split).num_examples for split in ("train", "validation"))
    objective = sheet.settle(rules.objective(num_pairs, num_rows, are_texts=sheet.are_texts))
    rows = {"num_pairs": num_pairs, "num_rows": num_rows, "are_texts": sheet.are_texts}
    require_objective(sheet.given, objective, **rows)
    if objective == "dpo":
        sheet.settle(rules.dpo_beta())


def _settle_schedule(sheet: Sheet, cost: CostModel) -> _Schedule:
    """Settle epochs, batch, micro-batch and intervals, fitted to the time budget where there is one."""
    num_rows = sheet.train.num_rows
    budget = sheet.settle(rules.time_budget_s())
    num_epochs = sheet.settle(
        rules.num_epochs(
            num_rows,
            batch_size=sheet.find_fixed("train.batch_size"),
            time_budget_s=budget,
            seconds_for=lambda epochs: _schedule_of(sheet, cost, epochs).total_s,
            num_text_tokens=sheet.profile.num_trained_tokens if sheet.are_texts else 0,
        )
    )
    schedule = _schedule_of(sheet, cost, num_epochs, budget=budget)
    # Rows are left out only when the rule already came down to one epoch; a number of epochs that the
    # user asked for is kept, and the plan warns.
    is_ours = sheet.choices["train.num_epochs"].set_by == "rule"
    affordable = None
    if budget is not None and schedule.total_s > budget and is_ours:
        share = (budget - schedule.validations_s) / schedule.steps_s
        affordable = max(1, int(share * schedule.num_steps))
    limit = sheet.settle(rules.max_steps(affordable))
    if limit is None:
        return schedule
    return _timed(sheet, cost, num_epochs, sheet.get("train.batch_size"), max_steps=limit)


def _schedule_of(sheet: Sheet, cost: CostModel, num_epochs: int, *, budget: float | None = None) -> _Schedule:
    """Settle all that follows from a number of epochs; settled again, the last one counts."""
    size = sheet.settle(
        rules.batch_size(
            sheet.train.num_rows,
            num_epochs,
            time_budget_s=budget,
            seconds_for=lambda size: _timed(sheet, cost, num_epochs, size).total_s,
        )
    )
    return _timed(sheet, cost, num_epochs, size)


def _timed(
    sheet: Sheet, cost: CostModel, num_epochs: int, batch_size: int, *, max_steps: int | None = None
) -> _Schedule:
    """Settle micro-batch and intervals for a batch size, and reckon the time."""
    num_rows = sheet.train.num_rows
    micro = sheet.settle(rules.micro_batch_size(batch_size, num_rows, sheet.profile, cost))
    rows_per_pass = min(batch_size, micro)
    all_steps = num_epochs * math.ceil(num_rows / batch_size)
    num_steps = min(all_steps, max_steps or all_steps)
    step_s = num_epochs * cost.train_epoch_s(sheet.profile, num_rows, rows_per_pass) / all_steps
    return _Schedule(
        num_epochs=num_epochs,
        num_steps=num_steps,
        rows_per_pass=rows_per_pass,
        steps_s=num_steps * step_s,
        validations_s=_settle_intervals(sheet, cost, rows_per_pass, num_steps, step_s),
    )


def _settle_intervals(
    sheet: Sheet, cost: CostModel, rows_per_pass: int, num_steps: int, step_s: float
) -> float:
    """Settle the intervals and return the seconds of all validations."""
    validation = sheet.data.get_split("validation")
    each_s = None
    if validation.tokens is not None and validation.num_examples:
        tokens = sheet.as_computed(validation.tokens)
        each_s = cost.validation_s(tokens, validation.num_rows, rows_per_pass)
    interval = sheet.settle(rules.validation_interval_steps(num_steps, num_steps * step_s, each_s))
    sheet.settle(rules.checkpoint_interval_steps(interval, step_s, num_steps))
    return math.ceil(num_steps / interval) * (each_s or 0.0)


def _settle_training(sheet: Sheet, schedule: _Schedule) -> TrainingSpec:
    """Settle what remains of training."""
    architecture, steps = sheet.model.architecture, schedule.num_steps
    warmup = sheet.recipe.ask_warmup(steps) if sheet.recipe else None
    if warmup:
        sheet.asked["train.warmup_ratio"] = warmup
    method, objective = sheet.get("train.method"), sheet.get("train.objective")
    for choice in (
        rules.seed(),
        rules.learning_rate(architecture, steps, method, objective),
        rules.schedule(),
        rules.warmup_ratio(steps),
        rules.weight_decay(),
        rules.max_grad_norm(),
        rules.max_seq_len(longest_split(sheet.data).longest, architecture.context_window, objective),
        rules.num_checkpoints_kept(),
        rules.early_stopping_patience(sheet.data.get_split("validation").num_examples),
        rules.select_by(),
        rules.num_loss_rows(steps, sheet.get("train.batch_size")),
    ):
        sheet.settle(choice)
    values = {
        name.removeprefix("train."): choice.value
        for name, choice in sheet.choices.items()
        if name.startswith("train.") and name not in PLANNED_ONLY
    }
    if "target_modules" in values:
        values["target_modules"] = tuple(values["target_modules"])
    return TrainingSpec(**values, num_steps=steps)


def _settle_by_rules(sheet: Sheet) -> TrainingSpec:
    """Settle training once more without the recipe, and set our rules' values beside the recipe's."""
    bare = Sheet(sheet.given, sheet.data, sheet.model, sheet.device, start=sheet.start)
    training = _settle_training(bare, _settle_schedule(bare, _settle_method(bare)))
    for name in sheet.asked.keys() & bare.choices.keys():
        ours, choice = bare.choices[name], sheet.choices[name]
        if choice.recipe:
            sheet.add(replace(choice, rule_value=ours.value, rule_reason=ours.reason))
    return training


def _recipe_use(recipe: Recipe, training: TrainingSpec, by_rules: TrainingSpec) -> RecipeUse:
    return RecipeUse(
        name=recipe.name,
        title=recipe.title,
        source=recipe.source,
        num_steps=training.num_steps,
        rule_num_steps=by_rules.num_steps,
        leaves_open=recipe.leaves_open,
        not_followed=recipe.not_followed,
    )


def _settle_prediction(sheet: Sheet) -> PredictionSpec:
    test, profile, num_rows = sheet.data.get_split("test"), sheet.profile, sheet.train.num_rows
    splits = ("test",) if test.num_examples else ()
    if sheet.are_texts:
        models = tuple(sheet.settle(rules.predict_models(test.num_examples, num_rows, are_texts=True)))
        size = sheet.settle(rules.predict_batch_size(sheet.device.kind, test.num_examples))
        return PredictionSpec(models=models, splits=splits, max_new_tokens=0, batch_size=size, num_shots=0)
    longest = longest_split(sheet.data)
    room = sheet.model.architecture.context_window - (longest.longest - longest.longest_reference)
    models = tuple(sheet.settle(rules.predict_models(test.num_examples, num_rows)))
    length = sheet.settle(rules.predict_max_new_tokens(profile.longest_reference, room))
    size = sheet.settle(rules.predict_batch_size(sheet.device.kind, test.num_examples))
    shots = sheet.settle(rules.predict_num_shots(sheet.data.task, num_rows, profile, max(0, room - length)))
    return PredictionSpec(
        models=models, splits=splits, max_new_tokens=length, batch_size=size, num_shots=shots
    )


def _estimate(sheet: Sheet, cost: CostModel, schedule: _Schedule, prediction: PredictionSpec) -> Estimate:
    profile, num_rows = sheet.profile, sheet.train.num_rows
    epochs_seen = schedule.num_steps / math.ceil(num_rows / sheet.get("train.batch_size"))
    return Estimate(
        num_steps=schedule.num_steps,
        num_tokens=round(epochs_seen * profile.num_tokens),
        computed_tokens=round(epochs_seen * distinct_tokens(profile, schedule.rows_per_pass)),
        trained_tokens=round(epochs_seen * profile.num_trained_tokens),
        train_s=schedule.total_s,
        predict_s=sum(_predict_s(sheet, cost, prediction, name) for name in prediction.models),
        memory_bytes=cost.memory_bytes(*longest_pass(schedule.rows_per_pass, num_rows, profile)),
        trainable_parameters=cost.adapter_parameters,
        basis=f"{cost.flops_per_s / 1e9:,.0f} GFLOP/s sustained, from the speed measured on this device, and "
        f"a fixed cost per pass; with {duration_in_words(schedule.validations_s)} of validation, without the "
        "loading of the model. The times of real steps replace it once training runs.",
        disk_bytes=disk_bytes(cost.adapter_parameters, sheet.get("train.num_checkpoints_kept")),
    )


def _predict_s(sheet: Sheet, cost: CostModel, prediction: PredictionSpec, model: str) -> float:
    test = sheet.data.get_split("test")
    if test.tokens is None or not test.num_examples:
        return 0.0
    batches = math.ceil(test.num_examples / prediction.batch_size)
    tokens = distinct_tokens(test.tokens, prediction.batch_size)
    if model == "base_few_shot":  # the examples are a shared prefix: once per batch
        tokens += batches * prediction.num_shots * sheet.profile.median
    if model == "base_nearest":  # each row has examples of its own
        tokens += test.num_examples * prediction.num_shots * sheet.profile.median
    if sheet.are_texts:  # given, not generated: one token at a time costs nothing
        return cost.predict_s(tokens, batches, 0, prediction.batch_size)
    # An untuned base rarely ends its answer by itself.
    is_tuned = model == "tuned"
    length = sheet.profile.longest_reference if is_tuned else prediction.max_new_tokens
    return cost.predict_s(tokens, batches, min(length, prediction.max_new_tokens), prediction.batch_size)
