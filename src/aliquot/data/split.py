"""Assign every example to train, validation or test, and say in words how.

A split key in the file always wins. Without one, test is held out by hash, and validation is taken from
train in the same way; no row of a test is ever moved. The same rows give the same split in any order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, Example, Finding, Split, Task
from aliquot.data.findings import first_lines
from aliquot.data.units import build_units, choose_units
from aliquot.data.validate import SPLIT_WORDS

DEFAULT_SEED = 0
TEST_FRACTION, VALIDATION_FRACTION = 0.2, 0.1
MIN_HELD_OUT, MAX_HELD_OUT = 50, 500
"""Bounds for test and validation where rows allow: less tells nothing apart, more gains little."""
MIN_TRAIN_ROWS = 10
"""OpenAI's minimum for a training file."""


@dataclass(frozen=True, slots=True)
class SplitExamples:
    """Examples with their splits, in file order, how they got them, and what a person should know."""

    examples: tuple[Example, ...]
    rule: str
    findings: tuple[Finding, ...]


def split_examples(examples: Sequence[Example], settings: DataSettings, task: Task) -> SplitExamples:
    """Return the examples with split and occurrence number."""
    words: list[str] = []
    splits: list[Split] = [example.split or "train" for example in examples]
    has_own = any(example.split is not None for example in examples)
    if has_own:
        words.append(_say_own(splits))
    else:
        words.append(_hold_out(examples, splits, "test", settings, task))
    if "validation" not in splits:
        words.append(_hold_out(examples, splits, "validation", settings, task))
    elif settings.validation_fraction is not None:
        words.append("The file has its own validation rows, so validation_fraction was not used.")
    numbered = _number_occurrences(examples, splits)
    findings = [*_check_marks(examples, has_own), *_check_groups(examples, settings)]
    return SplitExamples(numbered, " ".join(words), tuple(findings))


def test_size(num_rows: int, settings: DataSettings) -> int:
    """Return how many rows to hold out for the test when the file has no split key."""
    if settings.test_fraction is not None:
        return round(settings.test_fraction * num_rows)
    if settings.without_test:
        return 0
    return _bounded(TEST_FRACTION * num_rows, num_rows // 3)


def validation_size(num_rows: int, settings: DataSettings) -> int:
    """Return how many of the training rows choose the checkpoint."""
    if settings.validation_fraction is not None:
        return round(settings.validation_fraction * num_rows)
    return _bounded(VALIDATION_FRACTION * num_rows, num_rows // 5)


def _bounded(wanted: float, most: int) -> int:
    return min(max(round(wanted), MIN_HELD_OUT), MAX_HELD_OUT, most)


def _hold_out(
    examples: Sequence[Example], splits: list[Split], split: Split, settings: DataSettings, task: Task
) -> str:
    """Move rows from train to ``split`` (in place) and return what was done, in words."""
    pool = [index for index, where in enumerate(splits) if where == "train"]
    size = test_size(len(pool), settings) if split == "test" else validation_size(len(pool), settings)
    if size == 0:
        return f"No rows were held out for {split}."
    is_stratified = task.task_type == "labels"
    units = build_units([examples[index] for index in pool], is_stratified=is_stratified)
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    chosen = choose_units(units, size, f"{seed}:{split}")
    for unit in chosen:
        for member in unit.members:
            splits[pool[member]] = split
    num_chosen = sum(unit.size for unit in chosen)
    kept = "equal prompts" + (f" and equal {settings.group_key}" if settings.group_key else "")
    strata = ", each label in proportion" if is_stratified else ""
    origin = "" if split == "test" else "train "
    wish = "" if num_chosen == size else f" ({size:,} were wanted; rows that belong together were not parted)"
    return (
        f"{num_chosen:,} of {len(pool):,} {origin}rows were held out for {split} by hash with seed {seed}"
        f"{strata}, {kept} kept together{wish}."
    )


def _say_own(splits: Sequence[Split]) -> str:
    counts = Counter(splits)
    sizes = ", ".join(f"{counts[name]:,} {name}" for name in SPLITS if counts[name])
    return f"The file's own split was kept: {sizes} rows."


def _number_occurrences(examples: Sequence[Example], splits: Sequence[Split]) -> tuple[Example, ...]:
    seen: Counter[tuple[Split, str]] = Counter()
    numbered = []
    for example, split in zip(examples, splits, strict=True):
        key = (split, example.content_hash)
        numbered.append(replace(example, split=split, occurrence=seen[key]))
        seen[key] += 1
    return tuple(numbered)


def _check_marks(examples: Sequence[Example], has_own: bool) -> list[Finding]:
    unmarked = [example.line for example in examples if example.split is None]
    if not has_own or not unmarked:
        return []
    return [
        Finding(
            code="split_missing",
            severity="error",
            message=f"{len(unmarked):,} rows have no split, although others have one.",
            lines=first_lines(unmarked),
            count=len(unmarked),
            field="split",
            remedy=f"Give every row one of {', '.join(SPLIT_WORDS)}, or remove the key from all.",
        )
    ]


def _check_groups(examples: Sequence[Example], settings: DataSettings) -> list[Finding]:
    if settings.group_key is None:
        return []
    lines = [example.line for example in examples if example.group is None]
    if not lines:
        return []
    is_unknown = len(lines) == len(examples)
    known = sorted({key for example in examples[:100] for key in example.metadata})
    remedy = (
        f"Fields of the rows: {', '.join(known) or 'none'}." if is_unknown else "Each of them stands alone."
    )
    return [
        Finding(
            code="group_key_missing",
            severity="error" if is_unknown else "warning",
            message=f"{len(lines):,} of {len(examples):,} rows have no field {settings.group_key!r}.",
            lines=first_lines(lines),
            count=len(lines),
            field=settings.group_key,
            remedy=remedy,
        )
    ]


def check_sizes(examples: Sequence[Example], settings: DataSettings) -> list[Finding]:
    """Return what is wrong or weak about the sizes of the splits."""
    splits = [example.split for example in examples]
    num_test, num_train = splits.count("test"), len(splits) - splits.count("test")
    findings = []
    if num_train < MIN_TRAIN_ROWS:
        message = f"The training rows have {num_train} example(s), but must have at least {MIN_TRAIN_ROWS}."
        remedy = "Add rows; a few hundred are a good start."
        findings.append(Finding(code="too_few_examples", severity="error", message=message, remedy=remedy))
    if num_test == 0 and not settings.without_test:
        message = "No row is held out for a test, so the result could not be measured."
        remedy = 'Mark rows "test", or remove the split key from all rows, or set data.without_test.'
        findings.append(Finding(code="no_test", severity="error", message=message, remedy=remedy))
    elif 0 < num_test < MIN_HELD_OUT:
        message = f"The test has only {num_test} rows; scores will be uncertain."
        remedy = f"Have at least {MIN_HELD_OUT} test rows if you can."
        findings.append(Finding(code="few_test_rows", severity="warning", message=message, remedy=remedy))
    if "validation" not in splits:
        message = "No row is held out for validation; the last checkpoint is kept instead of the best."
        findings.append(Finding(code="no_validation", severity="note", message=message))
    return findings
