from dataclasses import replace

from aliquot.export.methods import describe_methods
from aliquot.export.record import read_record


def _text(run_dir, **changes):
    return " ".join(describe_methods(replace(read_record(run_dir), **changes)))


def test_the_text_names_what_a_methods_section_must_name(scored_run):
    run_dir = scored_run()
    text, spec = _text(run_dir), run_dir.read_spec()
    wanted = [
        "smollm2-135m-instruct",
        "revision 0.1.2",
        "licence Apache-2.0",
        "rank 16",
        "alpha 32",
        "q_proj",
        "4,884,480 trainable",
        spec.data.file_sha256[:16],
        "60 for training, 12 for validation and 40 for testing",
        "3 test prompts occurred",
        spec.model.template_sha256[:16],
        "AdamW",
        "0.0005",
        "by rule",
        "3 epochs",
        "15 updates of 12 rows",
        "float32",
        "seed was 0",
        "greedily",
        "accuracy",
        "labels-1",
        "Wilson",
        "exact McNemar",
        "Holm",
        "Set by hand: train.num_epochs 3 passes, train.lora_rank 16",
    ]
    assert [words for words in wanted if words not in text] == []


def test_what_a_study_sets_is_not_said_to_be_set_by_hand(scored_run):
    run_dir = scored_run()
    spec = run_dir.read_spec()
    settings = {**spec.settings, "data": {"train_rows": 20, "test_fraction": 0.3}}
    text = _text(run_dir, spec=replace(spec, settings=settings, settings_by_study=("data.train_rows",)))
    assert "Set by hand: data.test_fraction 0.3, train.num_epochs" in text
    assert "set by the study that this run is part of: data.train_rows 20;" in text


def test_training_on_preferences_is_said_with_its_loss_and_reference(scored_run):
    run_dir = scored_run()
    spec = run_dir.read_spec()
    training = replace(spec.training, objective="dpo", dpo_beta=0.1)
    text = _text(run_dir, spec=replace(spec, training=training))
    assert "direct preference optimization" in text
    assert "beta 0.1, reference: the model before training" in text
    assert "negative log-likelihood per trained token" not in text


def test_full_fine_tuning_is_said_to_train_all_weights(scored_run):
    run_dir = scored_run()
    spec = run_dir.read_spec()
    training = replace(spec.training, method="full", lora_rank=0, lora_alpha=0, target_modules=())
    text = _text(run_dir, spec=replace(spec, training=training))
    assert "parameters) in full: all 4,884,480 weights were trained, without an adapter." in text
    assert "LoRA" not in text.partition("Training minimised")[0]


def test_a_base_in_4_bits_is_said_to_be_one(scored_run):
    run_dir = scored_run()
    spec = run_dir.read_spec()
    text = _text(run_dir, spec=replace(spec, training=replace(spec.training, method="qlora")))
    assert "held in 4 bits (QLoRA" in text and "NF4 with double quantisation" in text
    assert "in training and wherever a model answered" in text
    assert "4 bits" not in _text(run_dir)


def test_what_is_not_known_is_said(scored_run):
    text = _text(scored_run())
    assert "Not recorded:" in text
    assert "energy use" in text
    assert "energy use" not in _text(scored_run(), environment={"energy_kwh": 0.1})


def test_scores_are_those_of_the_report(scored_run):
    record = read_record(scored_run())
    assert record.report
    value = record.report.results[0].primary.value
    assert f"tuned {value:.2f} [" in _text(scored_run())


def test_an_unfinished_run_says_so_first(scored_run):
    assert _text(scored_run(state="planned")).startswith("[This run is planned")
    assert "Nothing has been scored yet." in _text(scored_run(state="planned"))
    assert _text(scored_run()).startswith("We fine-tuned")


def test_duration_memory_and_versions_come_from_the_environment(scored_run):
    environment = {
        "python": "3.11.2",
        "packages": {"torch": "2.13.0"},
        "stage_s": {"train": 192.0},
        "peak_memory_bytes": 1.2e9,
    }
    text = _text(scored_run(), environment=environment)
    assert "Training took 3 min 12 s and at most 1.2 GB of memory." in text
    assert "Software: Python 3.11.2, torch 2.13.0." in text
