"""Resolving: precedence, exact steps, the time budget, refusals, and purity."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from aliquot.config.given import load_given
from aliquot.config.schema import list_settings
from aliquot.config.settings import Settings
from aliquot.core.dataset import DataReport
from aliquot.core.plan import Device
from aliquot.core.records import decode, encode
from aliquot.core.spec import TrainingSpec
from aliquot.errors import AliquotError, InputError, MachineError
from aliquot.plan import rules
from aliquot.plan.bases import choose_base
from aliquot.plan.resolve import NOT_PLANNED, Resolved, resolve
from tests.unit.plan.made import H100, TWO_CORES, model, report, without_tokens


def planned(
    flags: dict[str, Any] | None = None,
    data: DataReport | None = None,
    device: Device = TWO_CORES,
    name: str = "smollm2-135m-instruct",
) -> Resolved:
    return resolve(load_given(None, flags), data or report(), model(name), device)


def refused(
    flags: dict[str, Any], data: DataReport | None = None, device: Device = TWO_CORES
) -> AliquotError:
    with pytest.raises(AliquotError) as caught:
        planned(flags, data, device)
    return caught.value


def find(result: Resolved, name: str):
    return next(choice for choice in result.plan.choices if choice.name == name)


def test_the_plan_lists_every_setting_once_in_the_order_of_the_schema():
    names = [choice.name for choice in planned().plan.choices]
    without = {*NOT_PLANNED, "train.dpo_beta"}
    assert names == [record.name for record in list_settings() if record.name not in without]


def test_the_specification_holds_what_the_plan_says():
    result = planned()
    for item in fields(TrainingSpec):
        if item.name not in ("num_steps", "dpo_beta"):
            value = getattr(result.training, item.name)
            assert value == find(result, f"train.{item.name}").value, item.name
    assert result.prediction.splits == ("test",)
    assert result.evaluation.normaliser == "labels-1"


def test_what_fits_some_memory_fits_more():
    data, sizes = report(length=2_000), [tenths * 10**8 for tenths in range(10, 80, 2)]
    fits = [_fits(data, replace(H100, memory_bytes=size)) for size in sizes]
    assert fits == sorted(fits) and True in fits and False in fits


def _fits(data: DataReport, device: Device) -> bool:
    try:
        return bool(planned(None, data, device))
    except MachineError:
        return False


def test_full_fine_tuning_trains_all_weights_at_a_tenth_of_the_rate_in_float32():
    lora, full = planned(), planned({"train.method": "full"})
    assert full.training.learning_rate == pytest.approx(lora.training.learning_rate / 10)
    assert full.training.precision == "float32"
    assert full.plan.estimate.trainable_parameters == model().architecture.num_parameters
    weights = 16 * model().architecture.num_parameters
    assert weights < full.plan.estimate.memory_bytes < weights + 4e9
    assert full.plan.estimate.train_s > 1.3 * planned({"train.precision": "float32"}).plan.estimate.train_s
    assert (full.training.lora_rank, full.training.target_modules) == (0, ())
    assert not [choice.name for choice in full.plan.choices if "lora" in choice.name]
    # Checkpoints: one kept, the best, the last and the one being written; then the weights.
    assert full.plan.estimate.disk_bytes == (4 * 12 + 4) * model().architecture.num_parameters


def of_pairs(num_pairs=None):
    """Return a report whose rows are pairs, or only some of the training rows."""
    data = report()
    return replace(data, splits=tuple(with_pairs(split, num_pairs) for split in data.splits))


def with_pairs(split, num_pairs):
    count = split.num_examples if num_pairs is None else num_pairs
    return replace(split, tokens=replace(split.tokens, num_pairs=count))


def test_rows_of_preferences_are_trained_by_dpo_at_its_own_rate():
    result = planned(data=of_pairs())
    assert (result.training.objective, result.training.dpo_beta) == ("dpo", 0.1)
    assert result.training.learning_rate == 5e-6
    assert planned({"train.method": "full"}, of_pairs()).training.learning_rate == 5e-7
    assert "preferred and a rejected answer" in find(result, "train.objective").reason


def test_rows_of_preferences_may_be_followed_and_mixed_rows_are():
    asked = planned({"train.objective": "supervised"}, of_pairs()).training
    assert (asked.objective, asked.dpo_beta, asked.learning_rate) == ("supervised", 0.0, 5e-4)
    mixed = planned(data=of_pairs(20))
    assert mixed.training.objective == "supervised"
    assert "Only 40 of 1,760 rows" in find(mixed, "train.objective").reason


def test_dpo_refuses_rows_and_settings_that_do_not_fit_it():
    error = refused({"train.objective": "dpo"}, of_pairs(20))
    assert (error.code, error.location) == ("settings_impossible", "train.objective")
    assert "1,720 of 1,760 rows have no rejected answer" in error.message
    assert refused({"train.dpo_beta": 0.2}).location == "train.dpo_beta"
    assert refused({"recipe": "qlora-paper"}, of_pairs()).location == "recipe"


@pytest.mark.parametrize(
    ("name", "value"),
    [("train.lora_rank", 8), ("train.target_modules", ["q_proj"]), ("train.precision", "bfloat16")],
)
def test_full_fine_tuning_refuses_what_belongs_to_an_adapter(name, value):
    error = refused({"train.method": "full", name: value})
    assert (error.code, error.location) == ("settings_impossible", name)
    assert "train.method full" in error.message


def test_full_fine_tuning_that_exceeds_memory_is_refused():
    small = replace(TWO_CORES, memory_bytes=3 * 10**9)
    assert refused({"train.method": "full"}, device=small).code == "memory_too_small"


def test_steps_are_exact():
    result = planned({"train.num_epochs": 3, "train.batch_size": 7}, report(num_train=100))
    assert result.training.num_steps == 3 * 15  # the last batch of an epoch has 2 rows
    assert result.plan.estimate.num_tokens == 3 * 100 * 60
    assert result.plan.estimate.trained_tokens == 3 * 100 * 2


def test_a_users_value_wins_and_the_rules_value_and_reason_stay():
    result = planned({"train.learning_rate": 1e-4})
    choice = find(result, "train.learning_rate")
    assert (choice.value, choice.set_by, choice.rule_value) == (1e-4, "you", 5e-4)
    assert "Llama family" in choice.reason and choice.rule == "learning_rate"
    assert result.training.learning_rate == 1e-4


def test_a_value_from_a_file_says_so(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("train:\n  seed: 5\n")
    result = resolve(load_given(file), report(), model(), TWO_CORES)
    assert find(result, "train.seed").set_by == "file"


def test_what_follows_from_a_users_value_follows():
    result = planned({"train.num_epochs": 1})
    assert result.training.batch_size == 4  # 1,600 x 1 / 300 = 5.3
    assert result.training.num_steps == 400


def test_the_way_the_base_was_chosen_heads_the_table():
    data, nothing = report(), load_given(None, {})
    base = choose_base(nothing, data, TWO_CORES, set())
    assert resolve(nothing, data, model(), TWO_CORES, base=base).plan.choices[0] == base


def test_the_demo_takes_its_four_epochs_without_a_budget():
    result = planned()
    assert (result.training.num_epochs, result.training.batch_size, result.training.num_steps) == (4, 16, 400)
    assert 9 * 60 < result.plan.estimate.train_s < 16 * 60


def test_the_demo_fits_four_minutes_by_one_epoch_that_sees_every_row():
    result = planned({"train.time_budget_s": 240.0})
    assert (result.training.num_epochs, result.training.num_steps) == (1, 100)
    assert 120 < result.plan.estimate.train_s <= 240
    assert result.plan.warnings == ()


def test_a_small_budget_caps_the_steps_and_says_what_is_seen():
    result = planned({"train.time_budget_s": 100.0})
    assert result.training.num_steps < 100
    assert result.plan.estimate.train_s <= 101
    seen = result.training.num_steps * result.training.batch_size
    assert f"see {seen:,} of 1,600 rows" in result.plan.warnings[0]


@for_all(pair=st.lists(st.floats(5, 4000), min_size=2, max_size=2).map(sorted))
def test_more_time_never_means_fewer_epochs_or_rows(pair):
    less, more = (planned({"train.time_budget_s": budget}) for budget in pair)
    assert less.training.num_epochs <= more.training.num_epochs
    assert less.plan.estimate.num_tokens <= more.plan.estimate.num_tokens


def test_steps_of_the_user_within_an_epoch_are_kept_with_a_warning():
    plan = planned({"train.max_steps": 3}).plan
    assert plan.get("train.max_steps") == 3
    assert plan.warnings[0].startswith("train.max_steps ends within the first epoch: 3 steps see")
    assert "Raise train.max_steps" in plan.warnings[0]


def test_epochs_of_the_user_are_kept_beyond_the_budget_with_a_warning():
    result = planned({"train.time_budget_s": 60.0, "train.num_epochs": 4})
    assert result.training.num_steps == 4 * -(-1600 // result.training.batch_size)
    assert "more than the budget" in result.plan.warnings[0]


def test_a_long_run_without_a_budget_is_warned_of_with_the_setting_that_helps():
    result = planned(None, report(num_train=20_000))
    assert "train.time_budget_s" in result.plan.warnings[0]


def test_few_rows_are_warned_of():
    assert any(
        "only" in text and "steps" in text for text in planned(None, report(num_train=10)).plan.warnings
    )


def test_without_validation_or_test_rows():
    result = planned(None, report(num_validation=0, num_test=0))
    assert result.training.early_stopping_patience == 0
    assert (result.prediction.models, result.prediction.splits) == ((), ())
    assert result.plan.estimate.predict_s == 0
    assert (
        len([text for text in result.plan.warnings if "no validation rows" in text or "no test" in text]) == 2
    )


def test_more_threads_than_there_are_is_warned_of():
    assert any("num_threads" in text for text in planned({"train.num_threads": 64}).plan.warnings)


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({"train.batch_size": 4, "train.micro_batch_size": 8}, "train.micro_batch_size"),
        ({"train.lora_rank": 600}, "train.lora_rank"),
        ({"train.target_modules": []}, "train.target_modules"),
        ({"train.max_seq_len": 9000}, "train.max_seq_len"),
    ],
)
def test_impossible_combinations_are_refused_by_name(flags, name):
    error = refused(flags)
    assert (error.code, error.location) == ("settings_impossible", name)
    assert error.hint


def test_more_shots_than_rows_are_refused():
    assert refused({"predict.num_shots": 20}, report(num_train=10)).location == "predict.num_shots"


def test_a_row_longer_than_allowed_is_refused_with_its_line():
    error = refused({"train.max_seq_len": 32})
    assert (error.code, error.location) == ("row_too_long", "reviews.jsonl:7")
    found = report()
    splits = [replace(item, tokens=replace(item.tokens, longest_file="b.jsonl")) for item in found.splits]
    several = replace(found, splits=tuple(splits))
    assert refused({"train.max_seq_len": 32}, several).location == "b.jsonl:7"
    assert refused({}, report(length=9000)).code == "row_too_long"  # beyond the window of 8,192


def test_no_training_rows_are_refused():
    error = refused({"train.num_epochs": 3}, report(num_train=0))
    assert isinstance(error, InputError) and error.code == "no_training_rows"


def test_a_device_that_is_not_there_is_refused():
    error = refused({"train.device": "cuda"})
    assert isinstance(error, MachineError) and error.code == "device_missing"
    assert planned({"train.device": "cpu"}).training.device == "cpu"


def test_a_model_that_does_not_fit_is_refused():
    error = refused({}, device=replace(H100, memory_bytes=10**9))
    assert isinstance(error, MachineError) and error.code == "memory_too_small"


def test_tokens_must_have_been_counted():
    with pytest.raises(ValueError, match="add_tokens"):
        planned(None, without_tokens(report()))


def test_an_unknown_architecture_needs_its_layers_named():
    odd = replace(model(), architecture=replace(model().architecture, model_type="novel"))
    nothing = load_given(None, {})
    with pytest.raises(InputError) as caught:
        resolve(nothing, report(), odd, TWO_CORES)
    assert caught.value.location == "train.target_modules"
    named = load_given(None, {"train.target_modules": ["q_proj"]})
    assert resolve(named, report(), odd, TWO_CORES).training.target_modules == ("q_proj",)


def test_a_family_that_does_not_share_says_why_and_is_reckoned_without():
    odd = replace(model(), architecture=replace(model().architecture, model_type="mixtral"))
    named = load_given(None, {"train.target_modules": ["q_proj"], "train.num_epochs": 1})
    alone, shared = (resolve(named, report(), base, TWO_CORES).plan for base in (odd, model()))
    assert any("(mixtral): its layers choose experts" in text for text in alone.warnings)
    assert not any("by itself" in text for text in shared.warnings)
    assert alone.estimate.computed_tokens == alone.estimate.num_tokens > shared.estimate.computed_tokens


REPORTS = st.builds(
    report,
    num_train=st.integers(1, 30_000),
    num_validation=st.integers(0, 500),
    num_test=st.integers(0, 2000),
    task=st.sampled_from(["labels", "number", "text", "set", "json"]),
    length=st.integers(31, 4000),
)


@for_all(
    data=REPORTS,
    device=st.sampled_from([TWO_CORES, H100]),
    name=st.sampled_from(["smollm2-135m-instruct", "qwen3-0.6b"]),
    budget=st.none() | st.floats(1, 100_000),
)
def test_automatic_values_are_always_allowed_and_the_plan_is_pure(data, device, name, budget):
    flags = {"train.time_budget_s": budget}
    first, again = (planned(flags, data, device, name) for _ in range(2))
    assert first == again
    tree: dict[str, Any] = {"train": {}, "predict": {}, "evaluate": {}}
    for choice in first.plan.choices:
        group, _, key = choice.name.partition(".")
        if key:
            tree[group][key] = list(choice.value) if isinstance(choice.value, tuple) else choice.value
    Settings.model_validate(tree)
    assert 1 <= first.training.num_steps <= first.training.num_epochs * data.get_split("train").num_examples


def test_a_plan_survives_storage():
    plan = planned().plan
    assert decode(encode(plan), type(plan), "plan").estimate == plan.estimate


def test_epochs_follow_a_batch_that_the_user_set():
    result = planned({"train.batch_size": 64}, report(num_train=400))
    assert (result.training.num_epochs, result.training.num_steps) == (15, 105)


def test_a_warm_up_that_is_clamped_is_told_with_the_steps_that_are_used():
    long = planned({"train.warmup_ratio": 0.5, "train.num_epochs": 10, "train.batch_size": 4})
    assert long.training.warmup_steps == 100
    [warning] = [text for text in long.plan.warnings if "warmup_ratio" in text]
    assert "is 2,000 of 4,000 steps; 100 are used" in warning
    assert not [text for text in planned().plan.warnings if "warmup_ratio" in text]


def test_unlabelled_items_change_the_headline_metric():
    label = report().task.labels[0]
    result = planned({"evaluate.positive_label": label, "evaluate.class_prior": 0.2})
    assert result.evaluation.primary_metric == "corrected_balanced_accuracy"
    assert (result.evaluation.positive_label, result.evaluation.class_prior) == (label, 0.2)
    assert repr(label) in find(result, "evaluate.primary_metric").reason
    assert planned().evaluation.class_prior is None


@pytest.mark.parametrize(
    ("label", "prior", "name", "words"),
    [
        (0, None, "evaluate.class_prior", "how many of these are positive is not given"),
        (None, 0.2, "evaluate.positive_label", "not of which label"),
        ("maybe", 0.2, "evaluate.positive_label", "'maybe' is to be the known one of two labels; found is"),
    ],
)
def test_a_positive_label_and_a_class_prior_go_together(label, prior, name, words):
    label = report().task.labels[label] if label == 0 else label
    flags = {"evaluate.positive_label": label, "evaluate.class_prior": prior}
    error = refused({setting: value for setting, value in flags.items() if value is not None})
    assert (error.code, error.location) == ("settings_impossible", name)
    assert words in error.message and error.hint


def of_texts(num_windows=3200):
    """A report of plain texts, two windows each."""
    data = report(num_windows // 2, 80, 100, task="document")
    splits = tuple(
        replace(split, tokens=replace(split.tokens, num_windows=2 * split.num_examples))
        for split in data.splits
    )
    return replace(data, splits=splits)


def test_plain_texts_are_trained_by_windows_at_rules_of_their_own():
    result = planned({}, of_texts())
    training = result.training
    assert training.objective == "text"
    assert (training.max_seq_len, training.num_epochs) == (1024, 2)
    assert training.learning_rate == planned({}).training.learning_rate / 2
    assert training.num_steps == 2 * 3200 / training.batch_size
    assert result.prediction.models == ("base", "tuned")
    assert result.evaluation.primary_metric == "bits_per_byte"
    assert "forgets more" in find(result, "train.num_epochs").reason


def test_a_window_is_no_longer_than_what_the_model_sees():
    assert rules.max_seq_len(0, 512, "text").value == 512


def test_ten_million_tokens_are_passed_once():
    assert rules.num_epochs(20_000, num_text_tokens=10_000_001).value == 1
    assert rules.num_epochs(20_000, num_text_tokens=10_000_000).value == 2


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"train.objective": "supervised"}, "train.objective"),
        ({"train.objective": "dpo"}, "train.objective"),
        ({"predict.models": ["base_few_shot"]}, "predict.models"),
        ({"predict.max_new_tokens": 5}, "predict.max_new_tokens"),
        ({"predict.num_shots": 5}, "predict.num_shots"),
        ({"train.dpo_beta": 0.2}, "train.dpo_beta"),
        ({"recipe": "qlora-paper"}, "recipe"),
    ],
)
def test_what_does_not_fit_plain_texts_is_refused(settings, place):
    error = refused(settings, of_texts())
    assert (error.code, error.location) == ("settings_impossible", place)


@pytest.mark.parametrize("data", [None, "pairs"])
def test_conversations_are_not_trained_as_plain_texts(data):
    error = refused({"train.objective": "text"}, *([of_pairs()] if data else []))
    assert error.location == "train.objective"
    assert ("pairs" if data else "conversations") in error.message
