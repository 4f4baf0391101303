"""The methods text: what a paper must say, written from the record; what is not known is said, too."""

from __future__ import annotations

from collections import Counter

from aliquot.core.plan import Choice, SetBy
from aliquot.core.result import EvaluationReport
from aliquot.core.run import RunState
from aliquot.core.spec import ScoringSpec, Spec, TrainingSpec
from aliquot.core.wording import in_sentence
from aliquot.export.history import History, read_history
from aliquot.export.record import RunRecord, Scoreboard
from aliquot.export.source_files import name_hash
from aliquot.export.wording import (
    count,
    duration,
    interval_text,
    listed,
    method_title,
    metric_text,
    primary_title,
    report_decimals,
    setting_text,
    size,
)

SOURCES = {
    "package": "published in the package {location}",
    "hub": "from the Hugging Face repository {location}",
    "folder": "from a local folder",
    "gguf": "from a local GGUF file",
}
FAMILIES = {"": "", "models": " of the models with each other", "baselines": " with simple baselines"}
FOUR_BIT = (
    " The base model's linear layers were held in 4 bits (QLoRA, Dettmers et al. 2023, arXiv 2305.14314: NF4 "
    "with double quantisation, by bitsandbytes), in training and wherever a model answered; its embeddings, "
    "norms and head were not quantised."
)


def describe_methods(record: RunRecord) -> tuple[str, ...]:
    """Return the paragraphs: model and data, training, evaluation, and what is not recorded."""
    history = read_history(record.events)
    return (
        " ".join(
            [
                *_unfinished(record),
                _model(record.spec),
                *_notes(record.spec),
                _data(record.spec),
                _prompts(record.spec),
            ]
        ),
        " ".join([_optimisation(record.spec, history), _selection(record.spec, history), _machine(record)]),
        " ".join([_answers(record.spec), *describe_statistics(record)]),
        _unknown(record),
    )


def _unfinished(record: RunRecord) -> list[str]:
    if record.is_settled and record.state is RunState.FINISHED:
        return []
    return [
        f"[This run is {record.state.value}; the text describes what is planned and what is done so far.]"
    ]


def _model(spec: Spec) -> str:
    model, training = spec.model, spec.training
    origin = SOURCES[model.source.kind].format(location=model.source.location)
    licence = f", licence {model.licence}" if model.licence else ""
    trained = spec.plan.estimate.trainable_parameters
    return (
        f"We fine-tuned {model.source.name} ({origin}, revision {model.revision}{licence}; "
        f"{model.architecture.num_parameters:,} parameters) {_method(training, trained)}{_start(spec)}"
    )


def _start(spec: Spec) -> str:
    start = spec.start
    if start is None:
        return ""
    seen = f" Of the test prompts here {len(start.prompts_seen):,} were among its training rows."
    return (
        f" Training did not begin at the base model but continued from the adapter of {start.name} (SHA-256 "
        f"{start.sha256[:16]}…).{seen if start.prompts_seen else ''}"
    )


def _method(training: TrainingSpec, trained: int) -> str:
    if not training.has_adapter:
        return f"in full: all {trained:,} weights were trained, without an adapter."
    return (
        f"with low-rank adaptation (LoRA; rank {training.lora_rank}, alpha {training.lora_alpha}, dropout "
        f"{training.lora_dropout:g}) of the linear layers {listed(training.target_modules)}, which gives "
        f"{trained:,} trainable parameters.{FOUR_BIT if training.is_4_bit else ''}"
    )


def _notes(spec: Spec) -> list[str]:
    """Return what a reader should know of the base model's weights."""
    return [_sentence(note) for note in spec.model.notes]


def _data(spec: Spec) -> str:
    data = spec.data
    sizes = [data.get_split(split).num_examples for split in ("train", "validation", "test")]
    overlap = data.overlap.test_prompts_in_train
    noun = "test text" if data.task.task_type == "document" else "test prompt"
    shared = f"No {noun} occurred" if not overlap else f"{count(overlap, noun)} occurred"
    return (
        f"The data were {count(data.num_examples, 'example')} ({name_hash(data)} {data.file_sha256[:16]}…): "
        f"{sizes[0]:,} for training, {sizes[1]:,} for validation and {sizes[2]:,} for testing. "
        f"How they were split: {_sentence(data.split_rule)} {shared} verbatim in the training or validation "
        "data."
    )


def _prompts(spec: Spec) -> str:
    if spec.training.objective == "text":
        return _windows(spec)
    return (
        "Conversations were rendered with the model's own chat template "
        f"(SHA-256 {spec.model.template_sha256[:16]}…), in training exactly as in use; only answer tokens, "
        "the end of the turn included, carried loss. No row was truncated (longest accepted: "
        f"{count(spec.training.max_seq_len, 'token')})."
    )


def _windows(spec: Spec) -> str:
    tokens = spec.data.get_split("train").tokens
    num_windows = tokens.num_windows if tokens else 0
    return (
        "The examples were plain texts (continued pretraining, after Gururangan et al. 2020, arXiv "
        f"2004.10964): each was cut into windows of at most {count(spec.training.max_seq_len, 'token')}, "
        f"{num_windows:,} in all for training, of which the first token is the last of the window before and "
        "only context; every other token carried loss, and so did the token that ends a text. Nothing was "
        "left out."
    )


def _optimisation(spec: Spec, history: History) -> str:
    training = spec.training
    steps = len(history.steps)
    per_step = f", on average {history.trained_tokens / steps:,.0f} tokens with loss" if steps else ""
    schedule = {"linear": "falling linearly to zero", "cosine": "falling to zero as a cosine"}.get(
        training.schedule, "constant"
    )
    return (
        f"Training minimised {_objective(training)} with AdamW (betas 0.9 and "
        f"0.999, weight decay {training.weight_decay:g}, gradient norm clipped at "
        f"{training.max_grad_norm:g}) for at most {count(training.num_epochs, 'epoch')}, that is "
        f"{count(training.num_steps, 'update')} of {count(training.batch_size, 'row')}{per_step}. "
        f"The peak learning rate was {training.learning_rate:g} "
        f"({_how_chosen(spec, 'train.learning_rate')}), reached after a warm-up over "
        f"{training.warmup_ratio * 100:g} % of the updates and then {schedule}."
    )


def _objective(training: TrainingSpec) -> str:
    if training.objective == "dpo":
        return (
            "the loss of direct preference optimization (Rafailov et al. 2023, arXiv 2305.18290; beta "
            f"{training.dpo_beta:g}, reference: the model before training), averaged over the pairs "
            "of an update,"
        )
    return "the mean negative log-likelihood per trained token"


def _how_chosen(spec: Spec, name: str) -> str:
    choice = next((each for each in spec.plan.choices if each.name == name), None)
    if choice is None:
        return "how it was chosen is not recorded"
    if choice.set_by == "sweep":
        return in_sentence(choice.reason.rstrip("."))
    if choice.set_by in ("you", "file"):
        return "set by the authors"
    if choice.set_by == "study":
        return "set by the study that this run is part of"
    source = f"; {choice.source}" if choice.source else ""
    by = choice.origin if choice.recipe else f"by rule: {choice.reason.rstrip('.')}"
    return f"{by}{source}"


def _selection(spec: Spec, history: History) -> str:
    training = spec.training
    if not spec.data.get_split("validation").num_examples:
        return "There were no validation rows; the last weights were used."
    patience = training.early_stopping_patience
    early = f", and training would end after {patience} validations without improvement" if patience else ""
    best = (
        f" That was step {history.best[0]:,} (validation loss {history.best[1]:.3f}), after "
        f"{count(len(history.steps), 'update')} in all."
        if history.best
        else ""
    )
    return (
        f"Validation loss was computed every {count(training.validation_interval_steps, 'update')}{early}; "
        f"the checkpoint with the lowest was used.{best}"
    )


def _machine(record: RunRecord) -> str:
    training, environment = record.spec.training, record.environment
    device = environment.get("device_name") or record.spec.plan.device.name
    threads = f", {count(training.num_threads, 'thread')}" if training.device == "cpu" else ""
    said = f"Base weights were held in {training.precision}; the seed was {training.seed}; the device was "
    said += f"{device} ({training.device}{threads})."
    train_s = environment.get("stage_s", {}).get("train")
    if train_s:
        budget = next((c.value for c in record.spec.plan.choices if c.name == "train.time_budget_s"), None)
        limit = f" (the time budget was {duration(budget)})" if budget else ""
        said += f" Training took {duration(train_s)}{limit}"
        memory = environment.get("peak_memory_bytes")
        said += f" and at most {size(memory)} of memory." if memory else "."
    if environment.get("energy_kwh") is not None:
        covered = ", ".join(environment.get("energy_of", ()))
        said += f" The training steps took {environment['energy_kwh']:.3g} kWh ({covered})."
    versions = environment.get("packages", {})
    python = {"Python": environment["python"]} if environment.get("python") else {}
    listing = [f"{name} {version}" for name, version in (python | versions).items()]
    return said + (f" Software: {', '.join(listing)}." if listing else "")


def _answers(spec: Spec) -> str:
    prediction = spec.prediction
    if spec.training.objective == "text":
        return (
            "Models generated nothing: each gave every token of the test texts its probability, in the "
            "windows described above, the token that ends a text left out."
        )
    said = f"Models answered greedily with at most {count(prediction.max_new_tokens, 'new token')}"
    if "base_few_shot" in prediction.models:
        said += f"; the few-shot base was shown {count(prediction.num_shots, 'training example')}"
    if "base_nearest" in prediction.models:
        said += (
            f"; the base shown the nearest examples was shown, for each item, up to {prediction.num_shots} "
            "training examples with the most similar prompts (TF-IDF of character 1- to 4-grams, cosine), "
            "none with the item's own prompt"
        )
    held = (
        " An untuned model with unreadable answers was also scored by its most probable label "
        "(held to labels)."
        if spec.task.task_type == "labels"
        else ""
    )
    return f"{said}.{held}"


def describe_statistics(record: Scoreboard) -> list[str]:
    """Return the sentences on metric, intervals, tests and scores."""
    evaluation, report = record.spec.evaluation, record.report
    metric = in_sentence(primary_title(report, evaluation.primary_metric))
    tolerance = f", tolerance {evaluation.tolerance:g}" if evaluation.tolerance is not None else ""
    # Answers made elsewhere may have been there before anyone thought of a metric.
    declared = ", declared beforehand," if isinstance(record.spec, Spec) else ""
    prior = (
        f"; items not labelled {evaluation.positive_label!r} count as unlabelled, "
        f"{evaluation.class_prior:g} of them positive"
        if evaluation.class_prior is not None
        else ""
    )
    read = f" (answers read by the normaliser {evaluation.normaliser}{tolerance}; "
    read += f"{_unreadable(record.spec)}{prior})"
    is_text = record.spec.task.task_type == "document"
    said = [f"The primary metric{declared} was {metric}{'' if is_text else read}."]
    if report is None or not report.results:
        return [*said, "Nothing has been scored yet."]
    return [*said, _uncertainty(report), *_tests(report), _scores(report)]


def _unreadable(spec: ScoringSpec) -> str:
    number = "an unreadable answer counts as the median of the training answers"
    return number if spec.task.task_type == "number" else "an unreadable answer counts as wrong"


def _uncertainty(report: EvaluationReport) -> str:
    methods = {result.primary.interval.method for result in report.results if result.primary.interval}
    how = f" ({listed(sorted(map(method_title, methods)))})" if methods else ""
    return (
        f"Intervals are {report.confidence * 100:g} % confidence intervals over test items{how}; where "
        f"resampled, with {report.num_resamples:,} resamples and seed {report.seed}."
    )


def _tests(report: EvaluationReport) -> list[str]:
    if not report.comparisons:
        return []
    tests = listed(sorted({method_title(comparison.test) for comparison in report.comparisons}))
    families = Counter(comparison.family for comparison in report.comparisons)
    sizes = [
        f"{count(number, 'comparison')}{FAMILIES[family]}" for family, number in families.items() if number
    ]
    within = " within each family" if len(sizes) > 1 else ""
    return [
        f"Models were compared on the same items ({tests}, two-sided); p-values are adjusted after "
        f"Holm{within} for {listed(sizes)}."
    ]


def _scores(report: EvaluationReport) -> str:
    decimals = report_decimals(report)
    scores = [f"{result.title} {metric_text(result.primary, decimals)}" for result in report.results]
    titles = {result.model: result.title for result in report.results}
    gains = [
        f"against {titles[comparison.other]} {interval_text(comparison.interval, decimals, is_signed=True)}"
        for comparison in report.comparisons
        if comparison.model == "tuned"
    ]
    differences = f" Intervals of the difference, tuned minus other: {'; '.join(gains)}." if gains else ""
    return f"On {count(report.num_items, report.split + ' item')}: {'; '.join(scores)}.{differences}"


def _unknown(record: RunRecord) -> str:
    spec = record.spec
    missing = ["a DOI of the data, the weights and this record", "variation between seeds (this is one run)"]
    if record.environment.get("energy_kwh") is None:
        missing.append("energy use")
    if not spec.model.licence:
        missing.append("the licence of the base model")
    if not record.environment:
        missing.append("software versions and durations")
    missing.append("whether the base model had seen the test items before")
    return f"{_origins(spec)} Not recorded: {listed(missing)}."


def _origins(spec: Spec) -> str:
    """Return which settings somebody chose, and how."""
    of_data = {f"data.{name}": setting_text(value) for name, value in spec.settings.get("data", {}).items()}
    by_study = [f"{name} {value}" for name, value in of_data.items() if name in spec.settings_by_study]
    by_hand = [f"{name} {value}" for name, value in of_data.items() if name not in spec.settings_by_study]
    by_hand += _settings_of(spec, "you", "file")
    by_study += _settings_of(spec, "study")
    said = [f"Set by hand: {', '.join(by_hand)}" if by_hand else "No setting was set by hand"]
    if swept := _settings_of(spec, "sweep"):
        said.append(f"chosen by a sweep on validation rows: {', '.join(swept)}")
    if by_study:
        said.append(f"set by the study that this run is part of: {', '.join(by_study)}")
    followed = "the recipe and the rules" if spec.plan.recipe else "the rules"
    return f"{'; '.join(said)}; all others follow {followed} in the settings table."


def _settings_of(spec: Spec, *origins: SetBy) -> list[str]:
    return [_setting(choice) for choice in spec.plan.choices if choice.set_by in origins]


def _setting(choice: Choice) -> str:
    return f"{choice.name} {setting_text(choice.value, choice.unit)}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
