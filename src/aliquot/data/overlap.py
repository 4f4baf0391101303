"""Rows that splits share or that contradict one another; reported and scored apart, never removed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from aliquot.core.dataset import Example, Finding, Overlap, Task
from aliquot.data.findings import first_lines
from aliquot.data.keys import Key, exact_prompt, normalised_prompt

Examples = Sequence[Example]


def measure_overlap(examples: Examples) -> Overlap:
    """Return what test shares with train, to the letter, and how far prompts contradict one another.

    Validation counts as train here: the checkpoint is chosen on it.
    """
    shared = _find_shared(examples, exact_prompt)
    return Overlap(
        test_prompts_in_train=len(shared),
        test_ids_in_train=tuple(example.example_id for example in shared),
        conflicting_prompts=len(_find_conflicts(examples)),
        accuracy_ceiling=_measure_ceiling(example for example in examples if example.split == "test"),
    )


def check_overlap(examples: Examples, task: Task) -> list[Finding]:
    """Return the findings about duplicates, overlaps, contradictions and answers given away."""
    return [
        *_check_shared(examples),
        *_check_duplicates(examples),
        *_check_conflicts(examples, task),
        *_check_groups(examples),
        *_check_given_away(examples),
    ]


def _find_shared(examples: Examples, key: Callable[[Example], Key]) -> list[Example]:
    """Return the test examples whose prompt occurs in train or validation."""
    seen = {key(example) for example in examples if example.split != "test"}
    return [example for example in examples if example.split == "test" and key(example) in seen]


def _check_shared(examples: Examples) -> Iterator[Finding]:
    exact = _find_shared(examples, exact_prompt)
    exact_lines = {example.line for example in exact}
    alike = [item for item in _find_shared(examples, normalised_prompt) if item.line not in exact_lines]
    num_test = sum(example.split == "test" for example in examples)
    if exact:
        contents = {example.content_hash for example in examples if example.split != "test"}
        num_same = sum(example.content_hash in contents for example in exact)
        message = (
            f"The prompts of {len(exact):,} of {num_test:,} test rows occur verbatim in train, "
            f"{num_same:,} of them with the same answer."
        )
        remedy = "They are kept, and scores are also given without them."
        yield _finding("test_prompt_in_train", "warning", message, exact, remedy)
    if alike:
        message = (
            f"The prompts of {len(alike):,} more test rows occur in train but for case, spacing or "
            "typographic form."
        )
        remedy = "They are kept. If they mean the same, the test is easier than it seems."
        yield _finding("test_prompt_near_train", "warning", message, alike, remedy)


def _check_duplicates(examples: Examples) -> Iterator[Finding]:
    for split in ("train", "validation", "test"):
        again = [example for example in examples if example.split == split and example.occurrence > 0]
        if again:
            message = f"{len(again):,} rows of {split} repeat an earlier one to the letter; they are kept."
            remedy = "Remove them if they are copies rather than repeated measurements."
            yield _finding("duplicate_in_split", "note", message, again, remedy)


def _group_by_prompt(examples: Iterable[Example]) -> dict[Key, list[Example]]:
    groups: dict[Key, list[Example]] = defaultdict(list)
    for example in examples:
        groups[exact_prompt(example)].append(example)
    return groups


def _find_conflicts(examples: Examples) -> list[list[Example]]:
    """Return the groups of rows that give different answers to one prompt."""
    groups = _group_by_prompt(examples)
    return [group for group in groups.values() if len({item.reference.strip() for item in group}) > 1]


def _measure_ceiling(test: Iterable[Example]) -> float:
    """Return the share right if every prompt got its most frequent answer; 1.0 without rows."""
    groups = _group_by_prompt(test).values()
    total = sum(len(group) for group in groups)
    best = sum(max(Counter(item.reference.strip() for item in group).values()) for group in groups)
    return best / total if total else 1.0


def _check_conflicts(examples: Examples, task: Task) -> Iterator[Finding]:
    conflicts = _find_conflicts(examples)
    if not conflicts or task.task_type == "text":  # several good texts may answer one prompt
        return
    num_prompts = len({exact_prompt(example) for example in examples})
    ceiling = _measure_ceiling(example for example in examples if example.split == "test")
    message = f"{len(conflicts):,} of {num_prompts:,} different prompts have more than one answer."
    if ceiling < 1:
        message += f" No model that answers each prompt in one way can exceed {100 * ceiling:.1f} % on test."
    rows = [example for group in conflicts for example in group]
    yield _finding(
        "conflicting_answers", "warning", message, rows, "Look at these rows: which answer is right?"
    )


def _check_groups(examples: Examples) -> Iterator[Finding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        if example.group is not None:
            splits[example.group].add("test" if example.split == "test" else "train")
    both = {group for group, where in splits.items() if len(where) > 1}
    if both:
        rows = [example for example in examples if example.group in both and example.split == "test"]
        message = f"{len(both):,} groups have rows in train and in test, by the file's own split."
        remedy = "Give a group one split, or remove the split key and let Aliquot split by group."
        yield _finding("group_in_both", "warning", message, rows, remedy)


def _check_given_away(examples: Examples) -> Iterator[Finding]:
    """Find answers that stand in their own prompt, far oftener than other rows' answers do."""
    references = sorted({example.reference.strip() for example in examples})
    if len(references) < 2:
        return
    other = dict(zip(references, references[1:] + references[:1], strict=True))
    given, by_chance = [], 0
    for example in examples:
        text = "\n".join(message.content for message in example.prompt if message.role == "user")
        reference = example.reference.strip()
        if stands_in(reference, text):
            given.append(example)
        by_chance += stands_in(other[reference], text)
    if len(given) > max(4, 2 * by_chance):
        message = (
            f"In {len(given):,} of {len(examples):,} rows the answer stands in the prompt "
            f"(another row's answer does in {by_chance:,})."
        )
        remedy = "Unless the task is to copy or choose, take the answer out of the prompt."
        yield _finding("answer_in_prompt", "warning", message, given, remedy)


def stands_in(answer: str, text: str) -> bool:
    """Return whether an answer occurs in a text as whole words."""
    start = text.find(answer) if answer else -1
    while start >= 0:
        end = start + len(answer)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            return True
        start = text.find(answer, start + 1)
    return False


def _finding(code: str, severity: str, message: str, rows: Iterable[Example], remedy: str) -> Finding:
    lines = [example.line for example in rows]
    return Finding(
        code=code,
        severity=severity,  # type: ignore[arg-type]
        message=message,
        lines=first_lines(lines),
        count=len(lines),
        remedy=remedy,
    )
