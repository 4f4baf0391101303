"""What a data report knows, in sentences: page, data card and terminal say the same."""

from __future__ import annotations

from pathlib import PurePath

from aliquot.core.dataset import SPLITS, TEXT_TASKS, DataReport, SplitProfile, Task, TaskType
from aliquot.export.wording import count, listed

MAX_NAMED_LABELS = 4
_ANSWERS = {
    "number": "numbers",
    "text": "free text",
    "set": "sets of items",
    "json": "JSON records",
    "molecule": "molecules as SMILES",
    "composition": "chemical formulas",
    "document": "none",
}


def file_name(report: DataReport) -> str:
    """Return the data file's name without its folder, which concerns nobody else."""
    return PurePath(report.file).name


def title_of(report: DataReport) -> str:
    """Return what the user calls the data set, or else its file's name without endings."""
    return report.about.title or file_name(report).partition(".")[0] or file_name(report)


def list_splits(report: DataReport) -> tuple[SplitProfile, ...]:
    """Return the splits that have rows, in the usual order."""
    found = (report.get_split(split) for split in SPLITS)
    return tuple(profile for profile in found if profile.num_examples)


def describe_answers(task: Task) -> str:
    """Return the kind of answer in words: ``2 labels: negative and positive``."""
    if task.task_type == "document":
        return "plain texts, without answers"
    if task.task_type != "labels":
        return f"answers are {name_answers(task.task_type)}"
    labels = [name_label(label) for label in task.labels]
    shown = listed(labels) if len(labels) <= MAX_NAMED_LABELS else f"{', '.join(labels[:3])} …"
    return f"{count(len(labels), 'label')}: {shown}"


def name_answers(task_type: TaskType) -> str:
    """Return what answers that are no labels are: ``JSON records``."""
    return _ANSWERS[task_type]


def describe_contents(report: DataReport) -> str:
    """Return in one sentence what the data set holds."""
    sizes = ", ".join(f"{profile.num_examples:,} {profile.split}" for profile in list_splits(report))
    if report.task.task_type == "document":
        return f"{count(report.num_examples, 'plain text')}{f' ({sizes})' if sizes else ''}."
    held = count(report.num_examples, "conversation")
    each = "with a reference answer each" if report.num_examples != 1 else "with a reference answer"
    return f"{held} {each}{f' ({sizes})' if sizes else ''}; {describe_answers(report.task)}."


def describe_rows(report: DataReport) -> str:
    """Return how many rows there are and how many can be used."""
    unusable = report.num_rows - report.num_examples
    rows = count(report.num_rows, "row")
    if not unusable:
        return f"{rows}, all usable" if report.num_rows > 1 else f"{rows}, usable"
    # Rows that a setting leaves out are usable, too.
    is_asked = any(finding.code == "train_rows_left_out" for finding in report.findings)
    return f"{rows}, {report.num_examples:,} {'used' if is_asked else 'usable'}"


def describe_overlap(report: DataReport) -> str:
    """Return what splits share and where references contradict one another, as a run's report says it."""
    shared = describe_shared(report)
    if report.overlap.test_prompts_in_train:
        shared = f"{shared.removesuffix('.')}; scores without them stand beside the scores on all rows."
    return " ".join(filter(None, (shared, describe_conflicts(report))))


def describe_shared(report: DataReport) -> str:
    """Return in words which test prompts stand in train; empty without a test."""
    shared, tests = report.overlap.test_prompts_in_train, report.get_split("test").num_examples
    noun = "test text" if report.task.task_type == "document" else "test prompt"
    if not tests:
        return ""
    if not shared:
        return f"No {noun} occurs verbatim in train or validation."
    verb = "occurs" if shared == 1 else "occur"
    return f"{shared:,} of {count(tests, noun)} {verb} verbatim in train or validation."


def describe_conflicts(report: DataReport) -> str:
    """Return in words how far references contradict one another; empty where they limit nothing."""
    overlap = report.overlap
    if not overlap.conflicting_prompts or overlap.accuracy_ceiling >= 1:
        return ""
    more = f"{count(overlap.conflicting_prompts, 'distinct prompt')} of the file have more than one reference"
    if report.task.task_type in TEXT_TASKS:  # which may be right in several spellings
        return f"{more}."
    return f"{more}; no answer could score above {overlap.accuracy_ceiling * 100:.1f} % accuracy on test."


def name_label(label: str) -> str:
    """Return a label as it is shown: in quotes where it is empty, or ends in spaces, or cannot be printed.

    >>> name_label("high"), name_label("high "), name_label("")
    ('high', "'high '", "''")
    """
    is_plain = label.isprintable() and label == label.strip() and label
    return label if is_plain else repr(label)


def count_label(report: DataReport, label: str) -> int:
    """Return how often a label occurs in all splits together."""
    return sum(profile.label_counts.get(label, 0) for profile in report.splits)


def list_labels(report: DataReport) -> list[tuple[str, int]]:
    """Return the labels with their number of rows, most frequent first."""
    labels = dict.fromkeys(label for profile in report.splits for label in profile.label_counts)
    counts = [(label, count_label(report, label)) for label in labels]
    return sorted(counts, key=lambda item: (-item[1], item[0]))


def describe_majority(report: DataReport) -> str:
    """Return what always giving the most frequent training label would achieve; empty without labels."""
    train, test = report.get_split("train").label_counts, report.get_split("test").label_counts
    total = sum(test.values())
    if not total or not any(train.values()):
        return ""
    label = max(sorted(train), key=lambda name: train[name])
    share = 100 * test.get(label, 0) / total
    return (
        f"Always answering {name_label(label)}, the most frequent label in train, is right on {share:.1f} % "
        "of the test."
    )
