"""Settings from file and flags: precedence, round trip, and every refusal by name."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from aliquot.config.given import GivenSettings, export_yaml, load_given
from aliquot.config.settings import DataSettings, EvaluateSettings, PredictSettings, Settings, TrainSettings
from aliquot.errors import InputError


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str | bytes) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return _write


def refusal(file: Path | None, flags: dict[str, Any] | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        load_given(file, flags)
    return caught.value


def test_nothing_given_is_all_automatic():
    assert load_given(None, {}) == GivenSettings()


def test_a_flag_wins_over_the_file_and_the_file_over_automatic(write):
    file = write("train:\n  seed: 1\n  num_epochs: 4\n")
    given = load_given(file, {"train.seed": 7, "train.lora_rank": None})
    assert (given.settings.train.seed, given.settings.train.num_epochs) == (7, 4)
    assert given.settings.train.lora_rank is None
    assert given.origins == {"train.seed": "you", "train.num_epochs": "file"}
    assert given.file == str(file)


def test_a_flag_set_to_zero_or_false_counts_as_given():
    given = load_given(None, {"train.seed": 0, "data.without_test": False})
    assert given.origins == {"train.seed": "you", "data.without_test": "you"}


def test_find_follows_the_dotted_name():
    given = load_given(None, {"train.seed": 3, "base": "qwen3-0.6b"})
    assert (given.find("train.seed"), given.find("base"), given.find("data.seed")) == (3, "qwen3-0.6b", None)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "train:\n", "{}"])
def test_an_empty_file_is_all_automatic(write, text):
    assert load_given(write(text)).settings == Settings()


def test_scientific_notation_without_a_point_is_a_number(write):
    assert load_given(write("train:\n  learning_rate: 5e-4\n")).settings.train.learning_rate == 5e-4


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("train:\n  learning_rte: 1\n", "train.learning_rate"),
        ("learning_rate: 1\n", "train.learning_rate"),
        ("predict:\n  num_epochs: 1\n", "train.num_epochs"),
        ("seed: 1\n", "data.seed or train.seed or evaluate.seed"),
        ("trian:\n  seed: 1\n", "train"),
    ],
)
def test_an_unknown_key_is_refused_with_what_was_meant(write, text, meant):
    error = refusal(write(text))
    assert error.code == "setting_unknown"
    assert error.hint == f"Did you mean {meant}?"


def test_an_unknown_key_like_nothing_known_gets_the_names_of_its_group(write):
    assert "num_epochs" in refusal(write("train:\n  wombat: 1\n")).hint
    assert "data, train" in refusal(write("wombat: 1\n")).hint


@pytest.mark.parametrize(
    ("text", "name", "found", "expected"),
    [
        ("train:\n  num_epochs: '3'\n", "train.num_epochs", "'3' (text)", "a whole number, at least 1"),
        ("train:\n  num_epochs: 0\n", "train.num_epochs", "Found 0", "at least 1 and at most 1,000"),
        ("train:\n  num_epochs: true\n", "train.num_epochs", "True", "a whole number"),
        ("train:\n  learning_rate: .nan\n", "train.learning_rate", "nan", "above 0 and at most 1"),
        ("train:\n  learning_rate: .inf\n", "train.learning_rate", "inf", "above 0 and at most 1"),
        ("train:\n  time_budget_s: 5m\n", "train.time_budget_s", "'5m' (text)", "a number of s, above 0"),
        ("train:\n  schedule: step\n", "train.schedule", "'step'", "linear, cosine, constant"),
        (
            "predict:\n  models: [tuend]\n",
            "predict.models",
            "'tuend'",
            "base, base_few_shot, base_nearest, tuned",
        ),
        ("train: 5\n", "train", "Found 5", "a group of settings"),
        ("base: ''\n", "base", "''", "1 to 200 characters"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(write, text, name, found, expected):
    error = refusal(write(text))
    assert error.location.endswith(name)
    assert found in error.message and expected in error.message


def test_the_line_of_the_file_is_named(write):
    file = write("# mine\ntrain:\n  seed: 1\n  num_epochs: 0\n")
    assert refusal(file).location == f"{file}:4: train.num_epochs"


def test_all_faults_are_told_at_once(write):
    error = refusal(write("train:\n  num_epochs: 0\n  sed: 1\n"))
    assert "train.sed" in error.message and error.location.endswith("train.num_epochs")


def test_a_long_value_is_shortened(write):
    assert len(refusal(write(f"train:\n  seed: {'x' * 5000}\n")).message) < 200


@pytest.mark.parametrize(
    "text",
    [
        "train: !!python/object/apply:os.system [ls]\n",
        "base: !!python/name:os.system x\n",
        "base: !mine x\n",
        "train: [\n",
        "train: {seed: 1}\ntrain: {seed: 2}\n",
        "--- 1\n--- 2\n",
        "[" * 5000,
        "base: \x00\n",
    ],
)
def test_what_is_not_plain_yaml_is_refused(write, text):
    assert refusal(write(text)).code == "settings_not_yaml"


@pytest.mark.parametrize("text", ["- 1\n", "hello\n", "5\n"])
def test_a_file_without_groups_is_refused(write, text):
    assert refusal(write(text)).code == "settings_not_groups"


@pytest.mark.parametrize("text", ["1: 2\n", "train:\n  ? [1, 2]\n  : 3\n", "2024-01-01: 1\n"])
def test_keys_that_are_not_names_are_unknown(write, text):
    assert refusal(write(text)).code == "setting_unknown"


def test_missing_and_unreadable_files_are_refused(write, tmp_path):
    assert refusal(tmp_path / "absent.yaml").code == "settings_unreadable"
    assert refusal(tmp_path).code == "settings_unreadable"
    assert refusal(write(b"\xff\xfe\x00")).code == "settings_unreadable"


def test_a_data_file_given_by_mistake_is_not_parsed(write):
    assert refusal(write("x" * 1_000_001)).code == "settings_too_large"


@pytest.mark.parametrize(
    "flags", [{"train.sed": 1}, {"base": "a", "base.x": 1}, {"train.seed.x": 1}, {"x": 1}]
)
def test_an_unknown_flag_is_refused(flags):
    assert refusal(None, flags).code == "setting_unknown"


def test_a_flag_that_does_not_fit_is_refused_under_its_name():
    assert refusal(None, {"train.num_epochs": 2.5}).location == "train.num_epochs"


def automatic_or(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


NAMES = st.text(min_size=1, max_size=30)
SHARES = st.floats(0, 1, exclude_max=True)
SETTINGS = st.builds(
    Settings,
    base=automatic_or(
        NAMES | st.sampled_from(["5e-4", "yes", "null", "~", "1", "a: b", "- a", "\x85", "#x"])
    ),
    data=st.builds(
        DataSettings,
        format=automatic_or(NAMES),
        test_fraction=automatic_or(SHARES),
        without_test=automatic_or(st.booleans()),
    ),
    train=st.builds(
        TrainSettings,
        time_budget_s=automatic_or(st.floats(0, 1e9, exclude_min=True)),
        seed=automatic_or(st.integers(0, 2**31 - 1)),
        learning_rate=automatic_or(st.floats(0, 1, exclude_min=True)),
        target_modules=automatic_or(st.lists(NAMES, max_size=4)),
        schedule=automatic_or(st.sampled_from(["linear", "cosine", "constant"])),
    ),
    predict=st.builds(
        PredictSettings, models=automatic_or(st.lists(st.sampled_from(["base", "base_few_shot", "tuned"])))
    ),
    evaluate=st.builds(EvaluateSettings, tolerance=automatic_or(st.floats(0, 1e300))),
)


@for_all(settings=SETTINGS)
def test_any_settings_export_and_load_again_unchanged(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("round") / "settings.yaml"
    path.write_text(export_yaml(settings), encoding="utf-8")
    again = load_given(path)
    assert again.settings == settings
    assert set(again.origins.values()) <= {"file"}
    assert export_yaml(again.settings) == export_yaml(settings)
