"""A data set: validated examples, what was found wrong, and what the set is like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from aliquot.core.conversation import Message, is_plain_text, read_json
from aliquot.core.detectable import Detectable
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.records import sha256_of

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
TaskType = Literal["labels", "number", "text", "set", "json", "molecule", "composition", "document"]
TEXT_TASKS: tuple[TaskType, ...] = ("text", "set", "json", "molecule", "composition")
"""Tasks whose answers are neither one of a few labels nor a number: no linear model can give them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One validated item.

    Attributes:
        messages: The conversation; the last message is the assistant's and is the reference.
        line: 1-based physical line of the source file.
        file: The source file, when the rows come from several; else empty.
        split: Where it belongs; None until the split was made.
        occurrence: 0 for the first example with this content in its split, 1 for the next …
        group: Value of the group key: examples of a group stay in one split.
        metadata: The row's other fields, as text.
        tools: Definitions of the tools that the assistant may call, as JSON text; empty when there are none.
        rejected: The answer that people liked less than the reference, in rows of preferences.
    """

    messages: tuple[Message, ...]
    line: int
    content_hash: str
    split: Split | None = None
    occurrence: int = 0
    group: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    tools: str = ""
    rejected: Message | None = None
    file: str = ""

    @property
    def example_id(self) -> str:
        """Content hash and occurrence number: the name that leads from any number back to a line."""
        return f"{self.content_hash[:16]}.{self.occurrence}"

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Everything before the reference."""
        return self.messages[:-1]

    @property
    def reference(self) -> str:
        """The expected answer; tool calls are canonical JSON."""
        return self.messages[-1].text


class StoredExample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An example as a line of ``rows/<split>.jsonl``; fields at their default are not written.

    Attributes:
        file: The source file, when the rows come from several.
        tools: Definitions of the tools that the assistant may call, as JSON text.
        rejected: The answer that people liked less than the reference, in rows of preferences.
    """

    example_id: str
    line: int
    messages: tuple[Message, ...]
    group: str | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    tools: str = ""
    rejected: Message | None = None
    file: str = ""

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Everything before the reference."""
        return self.messages[:-1]

    @property
    def reference(self) -> str:
        """The expected answer; tool calls are canonical JSON."""
        return self.messages[-1].text

    @property
    def prompt_sha256(self) -> str:
        """Hash of the prompt's messages, and of the tools where there are some; of a plain text, its own."""
        prompt = self.messages if is_plain_text(self.messages) else self.prompt
        return sha256_of([prompt, self.tools] if self.tools else prompt)


def hash_content(messages: tuple[Message, ...], tools: str = "", rejected: Message | None = None) -> str:
    """Return the hash that an example is named by; that of a plain row is the hash of its messages."""
    if not tools and rejected is None:
        return sha256_of(messages)
    return sha256_of([messages, read_json(tools) if tools else "", rejected])


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about the data that a person should know.

    Attributes:
        code: Stable name, for example ``"duplicate_in_split"``.
        severity: ``error`` stops a run; ``warning`` is reported; ``note`` informs.
        message: What was found and what was expected, with the value.
        lines: 1-based physical lines concerned, at most the first ten.
        count: How many rows are concerned in all.
        field: Path of the field, for example ``messages[1].content``.
        remedy: What to do.
        remedies: Names for ``data.remedies``, each of which does it.
    """

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    file: str = ""
    lines: tuple[int, ...] = ()
    count: int = 1
    field: str = ""
    remedy: str = ""
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing done to a row because ``data.remedies`` asked for it; the source file stays as it was.

    Attributes:
        line: 1-based physical line.
        action: ``mended`` (its form), ``changed`` (its answer) or ``left_out``.
        why: The remedy that did it, or what was wrong with a row that could not be used.
        field: Path of the field.
        before: What stood there, as JSON text where it was no text.
        after: What stands there now.
    """

    file: str
    line: int
    action: Literal["mended", "changed", "left_out"]
    why: str
    field: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long something is, in tokens: percentiles by nearest rank, so that each is a length that occurs."""

    p5: int
    p25: int
    p50: int
    p75: int
    p95: int
    p99: int
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenProfile:
    """Lengths in tokens under the base model's template; loss tokens are those that are trained.

    Attributes:
        longest_line: The line of the longest row.
        longest_file: Its file, when the rows come from several; else empty.
        shared_prefix: Tokens that all rows begin with.
        prefix_tree_tokens: Tokens per epoch, shared prefixes once per micro-batch, by rows in each.
        distinct_tokens: The same with the whole split as one batch.
        rows: Of whole rows.
        prompts: Of everything before the last trained answer.
        answers: Of the last trained answer, the end of the turn included.
        system_share: Share of all tokens that are the text of system messages.
        num_pairs: Rows counted with a rejected answer beside the chosen one.
        num_windows: Windows that plain texts were cut into, which are then what is counted as rows; else 0.
        num_cut: Plain texts that became several windows.
    """

    num_tokens: int
    num_trained_tokens: int
    longest_line: int
    shared_prefix: int
    prefix_tree_tokens: dict[int, int]
    distinct_tokens: int
    rows: Lengths
    prompts: Lengths
    answers: Lengths
    system_share: float = 0.0
    num_pairs: int = 0
    longest_file: str = ""
    num_windows: int = 0
    num_cut: int = 0

    @property
    def median(self) -> int:
        """Tokens of the row in the middle."""
        return self.rows.p50

    @property
    def p95(self) -> int:
        """Tokens that 95 % of the rows do not exceed."""
        return self.rows.p95

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return self.rows.longest

    @property
    def longest_reference(self) -> int:
        """Tokens of the longest answer, the end of the turn included."""
        return self.answers.longest

    @property
    def prefix_sharing(self) -> dict[str, float]:
        """At most how many times fewer tokens are computed by sharing; by rows per batch, or ``all``."""
        distinct = {str(size): tokens for size, tokens in self.prefix_tree_tokens.items()}
        distinct["all"] = self.distinct_tokens
        return {size: self.num_tokens / tokens for size, tokens in distinct.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitProfile:
    """One split in figures."""

    split: Split
    num_examples: int
    ids_sha256: str
    label_counts: dict[str, int] = field(default_factory=dict)
    tokens: TokenProfile | None = None

    @property
    def num_rows(self) -> int:
        """Rows as a model is fed them: of plain texts their windows, once these were counted."""
        return (self.tokens.num_windows if self.tokens else 0) or self.num_examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What kind of answer the references are, with the evidence for it.

    Attributes:
        task_type: ``labels`` (a closed set), ``number``, ``set`` (several items of a vocabulary), ``json``
            (records), ``molecule`` (SMILES), ``composition`` (chemical formulas), ``text``, or ``document``:
            the rows are plain texts, and nothing is answered.
        labels: The label set, sorted, when ``labels``.
        reason: The evidence, in words with figures.
        set_by: ``you``, ``file`` or ``rule``.
        separator: What parts the items of a ``set``: a line end, ``;``, ``,``, or ``json`` for JSON lists.
    """

    task_type: TaskType
    labels: tuple[str, ...] = ()
    reason: str = ""
    set_by: str = "rule"
    separator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Rows that two splits share, or that contradict one another.

    Attributes:
        test_prompts_in_train: Test examples whose prompt occurs verbatim in train.
        test_ids_in_train: Their example ids: the report also scores without them.
        conflicting_prompts: Distinct prompts with more than one reference.
        accuracy_ceiling: Best accuracy any deterministic answer could reach on test, given conflicts there.
    """

    test_prompts_in_train: int
    test_ids_in_train: tuple[str, ...]
    conflicting_prompts: int
    accuracy_ceiling: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowField:
    """A field of the rows, named as the file names it.

    Attributes:
        name: ``messages``, a column, or ``metadata.doi`` for what stands inside ``metadata``.
        kind: ``text``, ``whole number``, ``number``, ``true or false``, ``list``, ``object``; ``mixed``
            where rows differ.
        num_rows: Rows in which it has a value.
        is_metadata: Whether it travels beside the conversation; the model does not see it.
    """

    name: str
    kind: str
    num_rows: int
    is_metadata: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the user says about a data set for those who cite it; empty where nothing was said.

    Attributes:
        licence: An SPDX identifier, a URL, or words.
        creators: People.
        organization: The institution that made it.
    """

    title: str = ""
    description: str = ""
    licence: str = ""
    creators: tuple[str, ...] = ()
    organization: str = ""
    citation: str = ""
    url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One of the files that were read.

    Attributes:
        name: Its path, or its name on the Hub with the commit.
        split: The split that its place or a setting gave it; None when its rows were split otherwise.
    """

    name: str
    sha256: str
    num_bytes: int
    format: str
    format_reason: str
    split: Split | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport(ShownInNotebook):
    """Everything ``check`` says about a file."""

    file: str
    file_sha256: str
    num_bytes: int
    format: str
    format_reason: str
    num_rows: int
    num_examples: int
    splits: tuple[SplitProfile, ...]
    split_rule: str
    task: Task
    overlap: Overlap
    detectable: Detectable | None
    findings: tuple[Finding, ...]
    base: str = ""
    fields: tuple[RowField, ...] = ()
    about: About = About()
    files: tuple[SourceFile, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether a finding forbids training."""
        return any(finding.severity == "error" for finding in self.findings)

    def get_split(self, split: str) -> SplitProfile:
        """Return one split's profile; an absent split is an empty one."""
        for profile in self.splits:
            if profile.split == split:
                return profile
        return SplitProfile(split=split, num_examples=0, ids_sha256="")  # type: ignore[arg-type]


__all__ = [
    "SPLITS",
    "TEXT_TASKS",
    "About",
    "Change",
    "DataReport",
    "Example",
    "Finding",
    "Lengths",
    "Overlap",
    "RowField",
    "SourceFile",
    "Split",
    "SplitProfile",
    "StoredExample",
    "Task",
    "TaskType",
    "TokenProfile",
    "hash_content",
]
