"""Settings that cannot work together, refused before anything is written."""

from __future__ import annotations

from dataclasses import replace

from aliquot.config.given import GivenSettings
from aliquot.core.dataset import DataReport, SplitProfile, Task, TokenProfile
from aliquot.core.model import PreparedModel
from aliquot.core.plan import Device
from aliquot.core.spec import PredictionSpec, StartingPoint, TrainingSpec
from aliquot.errors import InputError, MachineError
from aliquot.plan.bases import find_largest_fitting
from aliquot.plan.cost import CostModel
from aliquot.plan.rough_cost import least_cost

INSTALL_4_BIT = "`pip install 'aliquot[qlora]'` brings bitsandbytes, for NVIDIA GPUs and CPUs."


def require_rows(data: DataReport) -> SplitProfile:
    """Return the training split.

    Raises:
        InputError: It is empty.
        ValueError: Its tokens were not counted.
    """
    train = data.get_split("train")
    if train.num_examples == 0:
        raise InputError(
            "There are no training rows.",
            code="no_training_rows",
            location=data.file,
            hint="Give rows of split train, or a smaller data.test_fraction.",
        )
    if train.tokens is None:
        raise ValueError("a plan needs lengths in tokens: call add_tokens first")
    return train


def require_device(given: GivenSettings, device: Device) -> None:
    """Raise when the user asked for another device than the one that was probed.

    Raises:
        MachineError: ``device_missing``.
    """
    wanted = given.find("train.device")
    if wanted not in (None, device.kind):
        raise MachineError(
            f"Found {device.kind} ({device.name}), expected {wanted}.",
            code="device_missing",
            location="train.device",
            hint="Leave train.device out to take what there is; `aliquot doctor` says what is missing.",
        )


def require_method(given: GivenSettings, method: str, device: Device) -> None:
    """Raise when settings were given that the method has no use for, or cannot have.

    Raises:
        InputError: With the setting's name and the remedy.
        MachineError: 4-bit weights do not run here (``four_bit_missing``).
    """
    if method == "qlora" and not device.runs_4_bit:
        raise MachineError(
            f"Found qlora, which needs 4-bit weights, but {device.why_not_4_bit or 'they do not run here'}.",
            code="four_bit_missing",
            location="train.method",
            hint=f"{INSTALL_4_BIT} Or leave train.method out.",
        )
    if method != "full":
        return
    for name in ("train.lora_rank", "train.lora_alpha", "train.lora_dropout", "train.target_modules"):
        if given.find(name) is not None:
            raise _impossible(
                name,
                f"Found {given.find(name)} together with train.method full, which has no adapter.",
                "Leave it out, or set train.method: lora.",
            )
    if given.find("train.precision") == "bfloat16":
        raise _impossible(
            "train.precision",
            "Found bfloat16 together with train.method full; weights that are trained are held in float32.",
            "Leave it out, or set train.method: lora.",
        )


def require_objective(
    given: GivenSettings, objective: str, *, num_pairs: int, num_rows: int, are_texts: bool = False
) -> None:
    """Raise when the rows or other settings do not fit what is minimised.

    Raises:
        InputError: With the setting's name and the remedy.
    """
    _require_texts(given, objective, num_pairs=num_pairs, are_texts=are_texts)
    if objective == "supervised":
        if given.find("train.dpo_beta") is not None:
            raise _impossible(
                "train.dpo_beta",
                f"Found {given.find('train.dpo_beta')} together with train.objective supervised, which "
                "has none.",
                "Leave it out, or set train.objective: dpo.",
            )
        return
    if objective == "dpo" and num_pairs < num_rows:
        raise _impossible(
            "train.objective",
            f"Found dpo, but {num_rows - num_pairs:,} of {num_rows:,} rows have no rejected answer.",
            "Give each row a preferred and a rejected answer, or set train.objective: supervised.",
        )
    if given.find("recipe") is not None:
        raise _impossible(
            "recipe",
            f"Found {given.find('recipe')} together with train.objective {objective}; recipes are of "
            "supervised training.",
            "Leave it out." if are_texts else "Leave it out, or set train.objective: supervised.",
        )


_OF_ANSWERS = ("train.dpo_beta", "predict.max_new_tokens", "predict.num_shots")


def _require_texts(given: GivenSettings, objective: str, *, num_pairs: int, are_texts: bool) -> None:
    """Raise when plain texts are to be trained as conversations, or conversations as plain texts."""
    if (objective == "text") != are_texts:
        of_rows = "pairs of a preferred and a rejected answer" if num_pairs else "conversations"
        raise _impossible(
            "train.objective",
            f"Found {objective}, but the rows are {'plain texts' if are_texts else of_rows}.",
            "Leave it out, or give rows with a prompt and an answer."
            if are_texts
            else 'Leave it out, or give plain texts: .txt, .md, or JSON Lines with "text".',
        )
    if not are_texts:
        return
    for name in _OF_ANSWERS:
        if given.find(name) is not None:
            raise _impossible(
                name,
                f"Found {given.find(name)}, but the rows are plain texts, to which nothing is answered.",
                "Leave it out.",
            )
    if "base_few_shot" in (given.find("predict.models") or ()):
        raise _impossible(
            "predict.models",
            "Found base_few_shot, but plain texts have no examples of prompt and answer to show.",
            "Give base, tuned, or both.",
        )


def require_start(given: GivenSettings, start: StartingPoint | None) -> None:
    """Raise when settings contradict the adapter that training continues from.

    Raises:
        InputError: With both values.
    """
    if start is None:
        return
    if given.find("train.method") == "full":
        raise _impossible(
            "train.method",
            f"Found full together with train.start_from, which continues the adapter of {start.name}.",
            "Leave one of the two out.",
        )
    for key in ("lora_rank", "lora_alpha", "target_modules"):
        wanted, has = given.find(f"train.{key}"), getattr(start, key)
        same = set(wanted) == set(has) if isinstance(has, tuple) and wanted else wanted == has
        if wanted is not None and not same:
            shown = ", ".join(has) if isinstance(has, tuple) else has
            raise _impossible(
                f"train.{key}",
                f"Found {wanted}; the adapter of {start.name} has {shown}, and its weights fit no other.",
                "Leave it out, or train anew without train.start_from.",
            )


def require_unlabelled(positive_label: str | None, class_prior: float | None, task: Task) -> None:
    """Refuse a positive label without a class prior, or the other way round, or where it means nothing.

    Raises:
        InputError: One is given without the other, or the task has not two labels of which it is one.
    """
    if positive_label is None and class_prior is None:
        return
    if class_prior is None:
        raise _impossible(
            "evaluate.class_prior",
            f"{positive_label!r} is the positive label and the rest unlabelled, but how many of these are "
            "positive is not given; no score can be corrected without that.",
            "Set evaluate.class_prior, from the literature or from unlabelled rows that you check by hand.",
        )
    if positive_label is None:
        raise _impossible(
            "evaluate.positive_label",
            f"A class prior of {class_prior:g} is given, but not of which label.",
            "Set evaluate.positive_label, or leave evaluate.class_prior out.",
        )
    if task.task_type != "labels" or len(task.labels) != 2 or positive_label not in task.labels:
        is_labels = task.task_type == "labels"
        found = ", ".join(task.labels) if is_labels else f"a task of type {task.task_type}"
        raise _impossible(
            "evaluate.positive_label",
            f"{positive_label!r} is to be the known one of two labels; found is {found}.",
            "Name one of the two labels as the rows write it.",
        )


def require_possible(
    training: TrainingSpec,
    prediction: PredictionSpec,
    data: DataReport,
    model: PreparedModel,
    device: Device,
) -> None:
    """Raise for the first combination of settings that cannot work.

    Raises:
        InputError: With the setting's name, both values and the remedy.
    """
    if training.has_adapter:
        _require_adapter(training, model)
    _require_devices(training, device)
    _require_lengths(training, data, model)
    if training.micro_batch_size > training.batch_size:
        raise _impossible(
            "train.micro_batch_size",
            f"{training.micro_batch_size} rows per pass are more than the {training.batch_size} of a step.",
            f"Give at most {training.batch_size}, or a larger train.batch_size.",
        )
    num_rows = data.get_split("train").num_rows
    if {"base_few_shot", "base_nearest"} & set(prediction.models) and prediction.num_shots > num_rows:
        raise _impossible(
            "predict.num_shots",
            f"{prediction.num_shots} examples are more than the {num_rows} training rows.",
            f"Give at most {num_rows}.",
        )


def _require_devices(training: TrainingSpec, device: Device) -> None:
    if device.kind == "cuda" and training.num_devices > device.num_devices:
        raise _impossible(
            "train.num_devices",
            f"{training.num_devices} devices were asked for; here are {device.num_devices} of {device.name}.",
            f"Give at most {device.num_devices}, or leave it out.",
        )
    if training.num_devices > training.batch_size:
        raise _impossible(
            "train.num_devices",
            f"{training.num_devices} devices cannot share the {training.batch_size} rows of a step.",
            f"Give at most {training.batch_size}, or a larger train.batch_size.",
        )
    if training.sharding == "full" and training.method != "lora":
        why = "4-bit weights cannot" if training.is_4_bit else "only frozen weights can"
        raise _impossible(
            "train.sharding",
            f"Found full together with train.method {training.method}; {why} be spread over devices.",
            "Leave it out, or set train.method: lora.",
        )
    if training.sharding == "full" and training.num_devices == 1:
        raise _impossible(
            "train.sharding",
            "One device cannot share the base with others.",
            "Leave it out, or give train.num_devices 2 or more.",
        )


def _require_adapter(training: TrainingSpec, model: PreparedModel) -> None:
    hidden = model.architecture.hidden_size
    if training.lora_rank > hidden:
        raise _impossible(
            "train.lora_rank",
            f"Rank {training.lora_rank} exceeds the model's hidden size of {hidden}.",
            f"Give at most {hidden}; 16 to 64 is usual.",
        )
    if not training.target_modules:
        raise _impossible(
            "train.target_modules",
            f"The linear layers of the architecture {model.architecture.model_type!r} are not known.",
            "Name them, for example train.target_modules: [q_proj, v_proj].",
        )


def _require_lengths(training: TrainingSpec, data: DataReport, model: PreparedModel) -> None:
    window = model.architecture.context_window
    if training.max_seq_len > window:
        raise _impossible(
            "train.max_seq_len",
            f"{training.max_seq_len:,} tokens exceed the context window of {window:,}.",
            f"Give at most {window:,}, or a base with a larger window.",
        )
    profile = longest_split(data)
    if profile.longest > training.max_seq_len:
        raise InputError(
            f"A row has {profile.longest:,} tokens, more than the {training.max_seq_len:,} allowed; rows are "
            "never cut.",
            code="row_too_long",
            location=f"{profile.longest_file or data.file}:{profile.longest_line}",
            hint="Raise train.max_seq_len, shorten the row, or leave it out by data.remedies: drop_too_long.",
        )


def require_memory(given: GivenSettings, cost: CostModel, needed_bytes: int, step: tuple[int, int]) -> None:
    """Raise when even the smallest micro-batch does not fit.

    Args:
        given: The user's settings.
        cost: The base on the device, by the method that was settled.
        needed_bytes: Of the passes that were planned.
        step: Tokens and trained positions of the smallest pass, by which other bases are weighed.

    Raises:
        MachineError: ``memory_too_small``, with what is needed and the largest base that fits.
    """
    device = cost.device
    if needed_bytes <= device.memory_bytes:
        return
    largest = find_largest_fitting(given, device, step)
    fitting = (
        f"The largest base that fits here is {largest}" if largest else "No base of the catalogue fits here"
    )
    four_bit = least_cost(replace(cost, method="qlora"), given)
    would_fit = cost.method == "lora" and not device.runs_4_bit and four_bit.fits(*step)
    packed = f" In 4 bits this one would fit: {INSTALL_4_BIT}" if would_fit and device.kind != "mps" else ""
    raise MachineError(
        f"Training needs about {needed_bytes / 1e9:.1f} GB, {device.name} has "
        f"{device.memory_bytes / 1e9:.1f} GB.",
        code="memory_too_small",
        location="base",
        hint=f"{fitting}; `aliquot plan FILE --where` weighs other machines.{packed}",
    )


def longest_split(data: DataReport) -> TokenProfile:
    """Return the token profile that holds the longest row of all splits."""
    profiles = [split.tokens for split in data.splits if split.tokens is not None]
    return max(profiles, key=lambda profile: profile.longest)


def _impossible(name: str, message: str, hint: str) -> InputError:
    return InputError(message, code="settings_impossible", location=name, hint=hint)
