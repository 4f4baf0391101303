"""Each rule against an example worked by hand, and properties that must hold for any input."""

import inspect
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.schema import list_settings
from aliquot.config.settings import Settings
from aliquot.core.dataset import Task
from aliquot.core.plan import Choice, Device
from aliquot.plan import rules
from aliquot.plan.cost import CostModel
from aliquot.plan.resolve import NOT_PLANNED
from aliquot.plan.rules import sources
from aliquot.plan.rules.choice import rule_name
from tests.unit.plan.made import H100, TWO_CORES, architecture, tokens

LABELS = Task(task_type="labels", labels=("a", "b"))
COUNTS = st.integers(1, 200_000)


def cost(device: Device = TWO_CORES) -> CostModel:
    return CostModel(
        architecture=architecture(),
        device=device,
        precision="bfloat16",
        num_threads=2,
        adapter_parameters=4_884_480,
    )


CHECKED_PLANS = [  # rows, epochs, batch, updates: the check values of the decision table
    (50, 15, 4, 195),
    (200, 15, 8, 375),
    (1_000, 5, 16, 315),
    (2_002, 3, 16, 378),
    (3_008, 3, 16, 564),
    (6_748, 2, 32, 422),
    (10_000, 2, 32, 626),
]


@pytest.mark.parametrize(("num_rows", "epochs", "batch", "updates"), CHECKED_PLANS)
def test_epochs_batch_and_updates(num_rows, epochs, batch, updates):
    assert rules.num_epochs(num_rows).value == epochs
    assert rules.batch_size(num_rows, epochs).value == batch
    assert -(-num_rows // batch) * epochs == updates


@pytest.mark.parametrize(
    ("num_rows", "batch_size", "epochs"),
    [
        (400, 64, 15),  # 10 epochs of 7 steps are 70: 100 / 7 = 14.3
        (400, 32, 10),  # 130 steps: enough
        (30_000, 1024, 4),  # one pass is 30 steps
        (100, 100, 15),  # never more than 15
    ],
)
def test_epochs_are_raised_towards_a_hundred_updates_for_a_large_batch(num_rows, batch_size, epochs):
    choice = rules.num_epochs(num_rows, batch_size=batch_size)
    assert choice.value == epochs
    assert ("Raised from" in choice.reason) == (choice.value != rules.num_epochs(num_rows).value)


@given(num_rows=COUNTS, batch_size=st.integers(1, 4096))
def test_a_set_batch_never_takes_epochs_away_and_leaves_100_updates_or_15_epochs(num_rows, batch_size):
    epochs = rules.num_epochs(num_rows, batch_size=batch_size).value
    assert rules.num_epochs(num_rows).value <= epochs <= 15
    assert epochs == 15 or epochs * -(-num_rows // batch_size) >= 100


@given(num_rows=st.integers(27, 20_000))
def test_our_own_epochs_and_batch_leave_100_updates_from_27_rows_on(num_rows):
    epochs = rules.num_epochs(num_rows).value
    assert epochs * -(-num_rows // rules.batch_size(num_rows, epochs).value) >= 100


def test_a_large_set_is_passed_once():
    assert rules.num_epochs(20_001).value == 1
    assert "20,000" in rules.num_epochs(20_001).reason


def test_a_time_budget_takes_epochs_away_and_says_so():
    choice = rules.num_epochs(1600, time_budget_s=250, seconds_for=lambda epochs: 100.0 * epochs)
    assert choice.value == 2
    assert "Reduced from 4" in choice.reason and "7 min" in choice.reason
    assert rules.num_epochs(1600, time_budget_s=1, seconds_for=lambda epochs: 100.0 * epochs).value == 1


def test_a_time_budget_raises_the_batch_while_100_updates_remain():
    def seconds_for(size: int) -> float:
        return 400.0 / size

    choice = rules.batch_size(1600, 1, time_budget_s=30, seconds_for=seconds_for)
    assert choice.value == 16 and "Raised from 4" in choice.reason
    assert rules.batch_size(1600, 1, time_budget_s=1, seconds_for=seconds_for).value == 16  # 100 updates
    assert rules.batch_size(100_000, 1, time_budget_s=1, seconds_for=seconds_for).value == 32
    assert rules.batch_size(1600, 1, time_budget_s=1000, seconds_for=seconds_for).value == 4


LEARNING_RATES = [  # check values of the decision table; Llama 70B and the small model by hand
    ("llama-3.2-1b-instruct", 4.9e-4),
    ("llama-3.2-3b-instruct", 3.6e-4),
    ("llama-3.1-8b-instruct", 2.9e-4),
    ("qwen3-1.7b", 5.0e-4),
    ("qwen3-8b", 4.7e-4),
    ("smollm2-135m-instruct", 5.0e-4),  # 5e-4 (2000 / 576)^0.781 = 1.3e-3, kept within the range
    ("mistral-7b-instruct-v0.3", 2e-4),
    ("gemma-3-1b-it", 2e-4),
]


@pytest.mark.parametrize(("name", "rate"), LEARNING_RATES)
def test_learning_rates(name, rate):
    assert rules.learning_rate(architecture(name), 400).value == pytest.approx(rate)


def test_learning_rate_of_a_seventy_billion_llama_and_of_a_large_other():
    large = replace(architecture("llama-3.1-8b-instruct"), hidden_size=8192, num_parameters=70 * 10**9)
    assert rules.learning_rate(large, 400).value == pytest.approx(1.7e-4)
    assert rules.learning_rate(replace(large, model_type="mistral"), 400).value == 1e-4


def test_few_updates_raise_the_learning_rate_within_its_range():
    mistral = architecture("mistral-7b-instruct-v0.3")
    assert rules.learning_rate(mistral, 99).value == pytest.approx(3e-4)
    assert rules.learning_rate(mistral, 100).value == pytest.approx(2e-4)
    assert rules.learning_rate(architecture(), 5).value == 5e-4


@given(
    hidden=st.integers(64, 20_000),
    updates=st.integers(1, 10_000),
    kind=st.sampled_from(["llama", "qwen3", "x"]),
)
def test_learning_rates_stay_within_the_published_range(hidden, updates, kind):
    sizes = replace(architecture(), hidden_size=hidden, model_type=kind)
    assert 5e-5 <= rules.learning_rate(sizes, updates).value <= 5e-4


def test_rank_rises_only_with_trained_tokens():
    layers = rules.target_modules(architecture()).value  # 305,280 parameters per rank
    assert rules.lora_rank(architecture(), 3_200, layers).value == 16
    assert rules.lora_rank(architecture(), 16 * 305_280 + 1, layers).value == 32
    assert rules.lora_rank(architecture(), 10**9, layers).value == 256


def test_rank_never_exceeds_the_model():
    tiny = replace(architecture(), hidden_size=8)
    assert rules.lora_rank(tiny, 10**9, rules.target_modules(tiny).value).value == 8


def test_all_linear_layers_are_adapted_by_architecture():
    assert "down_proj" in rules.target_modules(architecture("qwen3-4b")).value
    assert rules.target_modules(architecture("phi-4-mini-instruct")).value[0] == "qkv_proj"
    assert rules.target_modules(replace(architecture(), model_type="novel")).value == ()


def test_dropout_is_for_models_up_to_13_billion():
    assert rules.lora_dropout(architecture(), H100).value == 0.05
    assert rules.lora_dropout(replace(architecture(), num_parameters=14 * 10**9), H100).value == 0.0


def test_dropout_is_not_worth_its_time_on_a_cpu():
    choice = rules.lora_dropout(architecture(), TWO_CORES)
    assert choice.value == 0.0
    assert "half as long again" in choice.reason


@pytest.mark.parametrize(("steps", "rising"), [(400, 20), (40, 5), (5_000, 100), (6, 3), (1, 1)])
def test_warm_up_steps(steps, rising):
    assert round(rules.warmup_ratio(steps).value * steps) == rising


@pytest.mark.parametrize(
    ("gflops", "value"),
    [
        ({"float32": 195.0, "bfloat16": 400.0}, "bfloat16"),
        ({"float32": 195.0, "bfloat16": 200.0}, "float32"),
        ({"float32": 195.0, "bfloat16": 20.0}, "float32"),
        ({"float32": 195.0}, "float32"),
        ({"bfloat16": 5.0}, "bfloat16"),
    ],
)
def test_bfloat16_is_taken_where_it_is_faster(gflops, value):
    assert rules.precision(replace(TWO_CORES, gflops=gflops)).value == value


@pytest.mark.parametrize(
    ("longest", "window", "value"), [(60, 8192, 64), (65, 8192, 128), (8190, 8191, 8191)]
)
def test_the_longest_row_is_rounded_up_within_the_window(longest, window, value):
    assert rules.max_seq_len(longest, window).value == value


def test_a_pass_holds_the_batch_when_it_is_short():
    assert rules.micro_batch_size(16, 1600, tokens(1600), cost()).value == 16


def test_a_pass_is_halved_to_a_thousand_tokens_on_a_cpu():
    # 32 rows of 400 own tokens and 30 shared: 12,830; 2 rows 830, 4 rows 1,630
    profile = tokens(1600, length=430, shared=30)
    assert rules.micro_batch_size(32, 1600, profile, cost()).value == 2
    assert rules.micro_batch_size(32, 1600, profile, cost(H100)).value == 32


@pytest.mark.parametrize("shared", [1000, 3000])
def test_rows_that_share_a_long_prefix_stay_together(shared):
    # 16 rows of 20 own tokens; passes of 8 rows would compute the prefix twice
    profile = tokens(1600, length=shared + 20, shared=shared)
    assert rules.micro_batch_size(16, 1600, profile, cost()).value == 16


def test_a_pass_is_halved_to_sixteen_thousand_tokens_on_a_gpu():
    # 32 rows of 1,000: 32,000 tokens; 16 rows: 16,000
    profile = tokens(1600, length=1000, shared=0)
    assert rules.micro_batch_size(32, 1600, profile, cost(H100)).value == 16


def test_a_pass_is_halved_to_fit_memory():
    scarce = replace(H100, memory_bytes=2 * 10**9)
    profile = tokens(1600, length=2000, shared=30)
    assert 1 <= rules.micro_batch_size(32, 1600, profile, cost(scarce)).value < 32
    assert rules.micro_batch_size(32, 1600, profile, cost(replace(H100, memory_bytes=1))).value == 1


@given(batch=st.integers(1, 512), length=st.integers(2, 4000))
def test_a_pass_is_never_larger_than_the_batch(batch, length):
    profile = tokens(1600, length=length, shared=1)
    assert 1 <= rules.micro_batch_size(batch, 1600, profile, cost()).value <= batch


def test_ten_validations_or_fewer_when_they_are_dear():
    assert rules.validation_interval_steps(400, 800.0, 8.0).value == 40
    assert rules.validation_interval_steps(400, 200.0, 10.0).value == 100  # a fifth is 40 s: 4 of them
    assert rules.validation_interval_steps(400, 10.0, 100.0).value == 200  # two in any case
    assert rules.validation_interval_steps(400, 800.0, None).value == 400
    assert rules.validation_interval_steps(1, 1.0, 1.0).value == 1


def test_a_checkpoint_at_every_validation_and_every_five_minutes():
    assert rules.checkpoint_interval_steps(40, 2.0, 400).value == 20
    assert rules.checkpoint_interval_steps(400, 2.0, 10_000).value == 133  # 800 s: three parts
    assert rules.checkpoint_interval_steps(1, 900.0, 10).value == 1


def test_training_stops_early_only_with_validation_rows():
    assert rules.early_stopping_patience(160).value == 3
    assert rules.early_stopping_patience(0).value == 0


@pytest.mark.parametrize(
    ("longest", "room", "value"), [(2, 8000, 4), (100, 8000, 151), (100, 50, 50), (9, 0, 1)]
)
def test_the_longest_answer(longest, room, value):
    assert rules.predict_max_new_tokens(longest, room).value == value


def test_who_answers():
    assert rules.predict_models(400, 1600).value == ("base", "base_few_shot", "tuned")
    assert rules.predict_models(0, 1600).value == ()


def test_rows_answered_at_once():
    assert rules.predict_batch_size("cpu", 400).value == 32
    assert rules.predict_batch_size("cuda", 400).value == 128
    assert rules.predict_batch_size("cpu", 5).value == 5


def test_shots_by_labels_rows_and_room():
    five = Task(task_type="labels", labels=("VL", "L", "U", "M", "H"))
    assert rules.predict_num_shots(LABELS, 1600, tokens(1600), 8000).value == 4
    assert rules.predict_num_shots(five, 1600, tokens(1600), 8000).value == 5
    assert rules.predict_num_shots(Task(task_type="text"), 1600, tokens(1600), 8000).value == 5
    assert rules.predict_num_shots(LABELS, 2, tokens(2), 8000).value == 2
    assert rules.predict_num_shots(LABELS, 1600, tokens(1600), 130).value == 2  # 130 tokens hold two of 60


@pytest.mark.parametrize(
    ("task_type", "metric"),
    [
        ("labels", "accuracy"),
        ("number", "mean_absolute_error"),
        ("text", "exact_match"),
        ("set", "set_match"),
        ("json", "field_f1"),
        ("molecule", "molecule_match"),
        ("composition", "composition_match"),
    ],
)
def test_the_headline_metric_follows_the_task(task_type, metric):
    assert rules.evaluate_primary_metric(Task(task_type=task_type)).value == metric


def test_fixed_values():
    fixed = {
        rules.seed: 0,
        rules.lora_alpha: 32,
        rules.schedule: "linear",
        rules.weight_decay: 0.0,
        rules.max_grad_norm: 1.0,
        rules.num_checkpoints_kept: 1,
        rules.time_budget_s: None,
        rules.evaluate_confidence: 0.95,
        rules.evaluate_num_resamples: 10_000,
        rules.evaluate_seed: 0,
        rules.evaluate_tolerance: None,
        rules.evaluate_positive_label: None,
        rules.evaluate_class_prior: None,
    }
    assert {rule: rule().value for rule in fixed} == fixed


@given(pair=st.lists(COUNTS, min_size=2, max_size=2).map(sorted))
def test_more_rows_never_mean_more_epochs(pair):
    assert rules.num_epochs(pair[0]).value >= rules.num_epochs(pair[1]).value


@given(num_rows=COUNTS, pair=st.lists(st.integers(1, 15), min_size=2, max_size=2).map(sorted))
def test_more_epochs_never_mean_a_smaller_batch(num_rows, pair):
    assert rules.batch_size(num_rows, pair[0]).value <= rules.batch_size(num_rows, pair[1]).value


@given(num_rows=COUNTS)
def test_a_batch_above_the_least_leaves_300_updates(num_rows):
    epochs = rules.num_epochs(num_rows).value
    size = rules.batch_size(num_rows, epochs).value
    assert size == 4 or -(-num_rows // size) * epochs >= 300


@given(steps=st.integers(1, 100_000))
def test_warm_up_lies_within_the_allowed_range(steps):
    Settings.model_validate({"train": {"warmup_ratio": rules.warmup_ratio(steps).value}})


def test_every_setting_has_a_rule_or_is_listed_as_not_planned():
    planned = {record.name for record in list_settings()} - NOT_PLANNED - {"base"}
    assert {rule_name(name) for name in planned} == set(rules.__all__)
    assert all(inspect.isfunction(getattr(rules, name)) for name in rules.__all__)
    assert all(name.startswith(("data.", "about.")) for name in NOT_PLANNED)


ALL_CHOICES: list[Choice] = [
    rules.choose_recipe(),
    rules.method(cost(), (100, 2)),
    rules.objective(10, 10),
    rules.dpo_beta(),
    rules.start_from(),
    rules.seed(),
    rules.num_epochs(100),
    rules.batch_size(100, 3),
    rules.learning_rate(architecture(), 100),
    rules.lora_rank(architecture(), 100, ("q_proj",)),
    rules.lora_alpha(),
    rules.lora_dropout(architecture(), H100),
    rules.target_modules(architecture()),
    rules.schedule(),
    rules.warmup_ratio(100),
    rules.weight_decay(),
    rules.max_grad_norm(),
    rules.max_steps(12),
    rules.max_seq_len(100, 8192),
    rules.device(TWO_CORES),
    rules.precision(TWO_CORES),
    rules.num_devices(TWO_CORES),
    rules.sharding(1, 10**9, TWO_CORES),
    rules.activation_checkpointing(100, 2, cost()),
    rules.num_threads(TWO_CORES, 1),
    rules.micro_batch_size(8, 100, tokens(100), cost()),
    rules.validation_interval_steps(100, 10.0, 1.0),
    rules.checkpoint_interval_steps(10, 1.0, 100),
    rules.select_by(),
    rules.num_loss_rows(100, 8),
    rules.num_checkpoints_kept(),
    rules.early_stopping_patience(10),
    rules.time_budget_s(),
    rules.predict_models(10, 10),
    rules.predict_max_new_tokens(10, 100),
    rules.predict_batch_size("cpu", 10),
    rules.predict_num_shots(LABELS, 10, tokens(10), 1000),
    rules.evaluate_task_type(LABELS),
    rules.evaluate_primary_metric(LABELS),
    rules.evaluate_tolerance(),
    rules.evaluate_positive_label(),
    rules.evaluate_class_prior(),
    rules.evaluate_confidence(),
    rules.evaluate_num_resamples(),
    rules.evaluate_seed(),
]
CITATIONS = [value for name, value in vars(sources).items() if name.isupper()]


def test_a_base_is_spread_only_where_several_devices_are_and_one_is_too_small():
    room = int(0.5 * H100.memory_bytes)
    assert rules.sharding(2, room, H100).value == "none"
    assert rules.sharding(2, 2 * room, H100).value == "full"
    assert rules.sharding(1, 2 * room, H100).value == "none"


def test_a_spread_base_needs_its_share_of_memory():
    whole = replace(cost(H100), num_devices=4)
    spread = replace(whole, is_sharded=True)
    weights = 2 * architecture().num_parameters
    assert whole.fixed_bytes - spread.fixed_bytes == weights - weights // 4


def test_inner_values_are_computed_again_where_the_longest_row_would_not_fit():
    small = replace(H100, memory_bytes=4 * 10**9)
    assert not rules.activation_checkpointing(1000, 2, cost(H100)).value
    assert rules.activation_checkpointing(20_000, 2, cost(small)).value
    again = replace(cost(small), recomputes=True)
    assert again.memory_bytes(20_000, 2) < 0.5 * cost(small).memory_bytes(20_000, 2)


def test_threads_are_shared_out_among_the_processes_of_a_cpu():
    assert [rules.num_threads(TWO_CORES, size).value for size in (1, 2, 5)] == [2, 1, 1]


def test_the_list_above_is_complete():
    assert sorted(choice.rule for choice in ALL_CHOICES) == sorted(rules.__all__)


@pytest.mark.parametrize("choice", ALL_CHOICES, ids=lambda choice: choice.rule)
def test_every_rule_gives_a_reason_and_a_source_or_says_ours(choice):
    assert choice.set_by == "rule"
    assert choice.reason.endswith(".")
    assert any(citation in choice.source for citation in CITATIONS)


@pytest.mark.parametrize("choice", ALL_CHOICES, ids=lambda choice: choice.rule)
def test_every_rule_names_what_else_was_possible_and_why_not(choice):
    assert choice.alternatives
    for alternative in choice.alternatives:
        value, colon, why_not = alternative.partition(": ")
        assert value and colon and why_not.endswith("."), alternative


@given(pair=st.lists(st.integers(64, 20_000), min_size=2, max_size=2).map(sorted))
def test_wider_models_of_a_family_never_get_a_higher_rate(pair):
    for kind in ("llama", "qwen3"):
        narrow, wide = (
            rules.learning_rate(replace(architecture(), hidden_size=hidden, model_type=kind), 400).value
            for hidden in pair
        )
        assert wide <= narrow


@given(pair=st.lists(st.integers(1, 10**9), min_size=2, max_size=2).map(sorted))
def test_more_trained_tokens_never_mean_a_smaller_rank(pair):
    layers = rules.target_modules(architecture()).value
    less, more = (rules.lora_rank(architecture(), count, layers).value for count in pair)
    assert 16 <= less <= more <= 256


def test_citations_can_be_looked_up():
    for citation in CITATIONS:
        assert citation == "ours" or any(mark in citation for mark in ("arXiv", "doi", ".ai", "software"))


def test_what_is_called_13_billion_is_within_the_studied_sizes():
    other = replace(architecture(), model_type="mistral")
    llama_2_13b, larger = (replace(other, num_parameters=size) for size in (13_015_864_320, 14 * 10**9))
    assert [rules.learning_rate(one, 400).value for one in (llama_2_13b, larger)] == [2e-4, 1e-4]
    assert [rules.lora_dropout(one, H100).value for one in (llama_2_13b, larger)] == [0.05, 0.0]
