"""What simple methods score on the same items: majority or median, nearest neighbour, linear model.

They answer in the same records as a language model and are scored by the same code. They see train
(and validation, to choose one strength), never a test reference.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aliquot.core.conversation import Message
from aliquot.core.dataset import TEXT_TASKS, StoredExample, Task
from aliquot.core.files import write_file
from aliquot.core.records import decode, encode_pretty
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.evaluation.byte_model import ORDER, ByteModel
from aliquot.evaluation.linear_model import LinearAnswers, answer_by_linear_model
from aliquot.evaluation.normaliser import read_number

MAX_TRAIN_BYTES = 20_000_000
"""Above this, bytes are counted in the first texts alone; noted."""
MAX_TRAIN_ROWS = 20_000
"""Above this, neighbours are sought in and the linear model is fitted to a random part; noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The answers of one simple method to the test rows.

    Attributes:
        outputs: One answer per test row.
        probabilities: One distribution over the labels per test row, where the method gives them.
        note: What was chosen or left out, for the report.
        log_probabilities: Of each test text in nats, where the rows are plain texts.
    """

    model: str
    outputs: list[str]
    probabilities: list[dict[str, float]] | None = None
    note: str = ""
    log_probabilities: list[float] | None = None


def run_baselines(
    train: Sequence[StoredExample],
    validation: Sequence[StoredExample],
    test: Sequence[StoredExample],
    task: Task,
    *,
    seed: int,
    train_prompts: set[str],
) -> dict[str, list[Prediction]]:
    """Return the baselines' answers to the test rows, by model name.

    Args:
        train: Rows to learn from.
        validation: Rows to choose the linear model's strength on; may be empty.
        test: Rows to answer.
        task: Kind of answers, with the labels.
        seed: Of the random part of train, should it be too long.
        train_prompts: The ``prompt_sha256`` of all train and validation rows.
    """
    baselines = fit_baselines(train, validation, test, task, seed=seed)
    return {
        baseline.model: _as_predictions(baseline, test, seed=seed, train_prompts=train_prompts)
        for baseline in baselines
    }


def save_baselines(run_dir: RunDir) -> tuple[str, ...]:
    """Answer the test rows of a run by all baselines, publish the answers, and return the models' names.

    Besides ``predictions/<model>.test.jsonl`` it writes ``predictions/baselines.json``: what each
    baseline chose, by model name, which `read_baseline_notes` gives to the report.
    """
    spec = run_dir.read_scoring_spec()
    train, validation, test = (run_dir.read_rows(split) for split in ("train", "validation", "test"))
    seed = spec.evaluation.seed
    prompts = {row.prompt_sha256 for row in (*train, *validation)}
    if isinstance(spec, Spec) and spec.start:
        prompts.update(spec.start.prompts_seen)  # so that all are compared on the same rows
    baselines = fit_baselines(train, validation, test, spec.task, seed=seed)
    for baseline in baselines:
        predictions = _as_predictions(baseline, test, seed=seed, train_prompts=prompts)
        run_dir.save_predictions(baseline.model, "test", predictions)
    notes = {baseline.model: baseline.note for baseline in baselines if baseline.note}
    write_file(run_dir.path / _NOTES, encode_pretty(notes))
    return tuple(baseline.model for baseline in baselines)


def has_baselines(run_dir: RunDir) -> bool:
    """Return whether the baselines have answered the test rows."""
    return (run_dir.path / _NOTES).is_file()


def read_baseline_notes(run_dir: RunDir) -> dict[str, str]:
    """Return what each baseline chose, by model name; empty before `save_baselines`."""
    path = run_dir.path / _NOTES
    return decode(path.read_bytes(), dict[str, str], str(path)) if path.is_file() else {}


def fit_baselines(
    train: Sequence[StoredExample],
    validation: Sequence[StoredExample],
    test: Sequence[StoredExample],
    task: Task,
    *,
    seed: int,
) -> list[Baseline]:
    """Return every baseline that this task and these rows allow; see `run_baselines`."""
    if not train or not test:
        return []
    if task.task_type == "document":
        return [answer_by_bytes(train, test)]
    part, note = _random_part(train, seed)
    baselines = [answer_by_majority(train, len(test), task), answer_by_neighbour(part, test, note)]
    linear = _answer_by_linear_model(part, validation, test, task)
    if linear is not None:
        choice = f"{linear.note}{' ' if note else ''}{note}"
        baselines.append(
            Baseline(
                model="linear",
                outputs=linear.outputs,
                probabilities=linear.probabilities,
                note=choice,
            )
        )
    return baselines


def answer_by_majority(train: Sequence[StoredExample], num_answers: int, task: Task) -> Baseline:
    """Answer everything with the most frequent reference of train, or with the median number.

    Equally frequent references: the first in the alphabet. Label probabilities are the frequencies in
    train with one added to each label, so that none is impossible.
    """
    references = [row.reference for row in train]
    if task.task_type == "number":
        median = find_median(references)
        answer = references[0] if median is None else repr(median)
        return Baseline(model="majority", outputs=[answer] * num_answers)
    counts = Counter(references)
    answer = max(sorted(counts), key=counts.__getitem__)
    probabilities = None
    if task.task_type == "labels":
        total = sum(counts[label] + 1 for label in task.labels)
        prior = {label: (counts[label] + 1) / total for label in task.labels}
        probabilities = [prior] * num_answers
    return Baseline(model="majority", outputs=[answer] * num_answers, probabilities=probabilities)


def answer_by_bytes(train: Sequence[StoredExample], test: Sequence[StoredExample]) -> Baseline:
    """Give test texts their probability under a model that counted the bytes of train; see `ByteModel`."""
    texts, size = [], 0
    for row in train:
        if size < MAX_TRAIN_BYTES:
            texts.append(row.reference)
            size += len(row.reference.encode())
    model = ByteModel.learn(texts)
    part = "" if len(texts) == len(train) else f", of the first {len(texts):,} of {len(train):,} texts"
    return Baseline(
        model="byte_ngram",
        outputs=[""] * len(test),
        note=f"counts of up to {ORDER} bytes and the next in the training texts{part}, mixed after Witten "
        "and Bell. What it achieves takes no understanding: a language model should need far fewer bits.",
        log_probabilities=[-nats for nats in model.nats([row.reference for row in test])],
    )


def answer_by_neighbour(
    train: Sequence[StoredExample], test: Sequence[StoredExample], note: str = ""
) -> Baseline:
    """Answer with the reference of the most similar train prompt.

    Similar is a small Levenshtein distance divided by the longer length, between the last user messages
    (`prompt_text`); of equally similar prompts the first row of train counts.
    """
    from rapidfuzz import process  # costs start-up time
    from rapidfuzz.distance import Levenshtein

    distance: Any = Levenshtein.normalized_distance
    reference_of: dict[str, str] = {}
    shared = shared_messages(train)
    for row in train:
        reference_of.setdefault(prompt_text(row, shared), row.reference)
    prompts = list(reference_of)
    outputs = []
    for row in test:
        # One query at a time with the best distance so far as the limit: far faster than a full matrix.
        nearest, _, _ = process.extractOne(prompt_text(row, shared), prompts, scorer=distance)
        outputs.append(reference_of[nearest])
    return Baseline(model="nearest_neighbour", outputs=outputs, note=note)


def shared_messages(train: Sequence[StoredExample]) -> frozenset[Message]:
    """Return the messages that the prompts of all train rows have in common, a system prompt for example."""
    if not train:
        return frozenset()
    return frozenset.intersection(*(frozenset(row.prompt) for row in train))


def prompt_text(row: StoredExample, shared: frozenset[Message]) -> str:
    """Return what distinguishes a prompt: its messages without those that all train rows share.

    A prompt of shared messages only counts whole.
    """
    own = [message.text for message in row.prompt if message not in shared]
    return "\n".join(own or [message.text for message in row.prompt])


def find_median(references: Sequence[str]) -> float | None:
    """Return the median of the references that are numbers, or None when none is."""
    numbers = [value for value in map(read_number, references) if value is not None]
    return statistics.median(numbers) if numbers else None


_NOTES = "predictions/baselines.json"


def _answer_by_linear_model(
    train: Sequence[StoredExample],
    validation: Sequence[StoredExample],
    test: Sequence[StoredExample],
    task: Task,
) -> LinearAnswers | None:
    if task.task_type in TEXT_TASKS:
        return None
    shared = shared_messages(train)
    return answer_by_linear_model(
        [(prompt_text(row, shared), row.reference) for row in train],
        [(prompt_text(row, shared), row.reference) for row in validation],
        [prompt_text(row, shared) for row in test],
        task,
    )


def _random_part(train: Sequence[StoredExample], seed: int) -> tuple[Sequence[StoredExample], str]:
    if len(train) <= MAX_TRAIN_ROWS:
        return train, ""
    chosen = sorted(random.Random(seed).sample(range(len(train)), MAX_TRAIN_ROWS))
    note = f"It used {MAX_TRAIN_ROWS:,} of the {len(train):,} train rows, drawn with seed {seed}."
    return [train[index] for index in chosen], note


def _as_predictions(
    baseline: Baseline, test: Sequence[StoredExample], *, seed: int, train_prompts: set[str]
) -> list[Prediction]:
    nothing = [None] * len(test)
    columns = (baseline.outputs, baseline.probabilities or nothing, baseline.log_probabilities or nothing)
    predictions = []
    for row, output, distribution, log_probability in zip(test, *columns, strict=True):
        prompt_sha256 = row.prompt_sha256
        predictions.append(
            Prediction(
                example_id=row.example_id,
                split="test",
                model=baseline.model,
                prompt_sha256=prompt_sha256,
                reference=row.reference,
                output=output,
                label_probabilities=distribution,
                label_mass=None if distribution is None else 1.0,
                group=row.group,
                in_train=prompt_sha256 in train_prompts,
                seed=seed,
                log_probability=log_probability,
            )
        )
    return predictions
