"""Tell a file's format and stream its rows; called by ``check.py`` and ``parts.py``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import structs

from aliquot.core.dataset import Split
from aliquot.data.chat_keys import set_beside
from aliquot.data.column_text import suggest
from aliquot.data.columns import PAIRS, list_pairs
from aliquot.data.findings import Findings
from aliquot.data.format import Detection, Format, PlainRows, Problem, Row
from aliquot.data.json_lines import as_text, decode_object, describe_broken, list_objects
from aliquot.data.shapes import FORMATS
from aliquot.data.source import Broken, Line, Sample, Source
from aliquot.data.split_words import find_split
from aliquot.data.tables import NUM_FIRST
from aliquot.errors import InputError
from aliquot.plugins import get_extension, list_extensions

_TAKEN = frozenset(("split", "metadata"))
"""Names of columns that are metadata where another column is said to hold the split."""
_NUMBERED: dict[str, Split] = {"0": "train", "1": "validation", "2": "test"}
"""Splits as Ludwig numbers them."""

Item = Row | Problem | PlainRows


class RowReader:
    """The rows of a file; ``num_rows`` counts them, readable or not, blank lines left out.

    Args:
        source: The opened file.
        data_format: Its format.
        findings: Collects the problems.
        split: The split of rows that name none.
        is_fixed: Whether rows that name another split are errors.
    """

    def __init__(
        self,
        source: Source,
        data_format: Format,
        findings: Findings,
        *,
        split: Split | None = None,
        is_fixed: bool = False,
    ) -> None:
        self._source = source
        self._format = data_format
        self._findings = findings
        self._split = split
        self._is_fixed = is_fixed
        self._key = source.settings.split_key or "split"
        self.num_rows = 0

    def __iter__(self) -> Iterator[Row]:
        """Yield every readable row; problems go to the findings.

        Raises:
            InputError: The file stops being readable, or unpacks without end.
        """
        return self._read_guarded(self._format.read)

    def read_many(self) -> Iterator[Row | PlainRows]:
        """Yield every readable row, plain ones many at a time; raises what ``__iter__`` does."""
        is_marked = self._split is not None or self._key != "split"  # then each row is given its split
        return self._read_guarded((None if is_marked else self._format.read_many) or self._format.read)

    def _read_guarded(self, read: Callable[[Source], Iterator[Item]]) -> Iterator[Any]:
        self._note_source()
        try:
            yield from self._read(read(self._source))
        except OSError as error:
            raise InputError(
                f"The file stopped being readable: {error.strerror or error}.",
                code="file_unreadable",
                location=self._source.name,
                hint="Check the disk or the network share.",
            ) from error

    def _read(self, items: Iterator[Item]) -> Iterator[Row | PlainRows]:
        """Yield the rows, each with its split under the key ``split``; add problems in file order."""
        first = list(_take_rows(items, NUM_FIRST))
        some = list(itertools.islice(_singly(first), NUM_FIRST))
        is_numbered = self._note_numbers([item for item in some if isinstance(item, Row)], self._key)
        is_plain = not is_numbered and self._key == "split" and self._split is None
        items = itertools.chain(first, items)
        for item in items if is_plain else _singly(items):
            if isinstance(item, Problem):
                self.num_rows += item.severity == "error" and item.line > 0
                self._findings.add(item)
            elif is_plain or isinstance(item, PlainRows):
                self.num_rows += len(item) if isinstance(item, PlainRows) else 1
                yield item
            else:
                self.num_rows += 1
                row = self._mark_split(item, self._key, is_numbered=is_numbered)
                if row is not None:
                    yield row

    def _mark_split(self, row: Row, key: str, *, is_numbered: bool) -> Row | None:
        """Return a row with its split; None when it contradicts its file, which is reported."""
        rest = {name: item for name, item in row.value.items() if name != key}
        word = row.value.get(key)
        if is_numbered:
            word = _NUMBERED.get(str(as_text(word)).strip(), word)
        is_named = word is not None and (not isinstance(word, str) or bool(word.strip()))
        if is_named and self._is_fixed and find_split(word) != self._split:
            self._refuse_other(row, key, word)
            return None
        rest, notes = set_beside(row.line, rest, _TAKEN) if "split" in rest else (rest, [])
        for note in notes:
            self._findings.add(note)
        marked = word if is_named else self._split
        value = rest if marked is None else {**rest, "split": marked}
        return structs.replace(row, value=value, own=row.value if row.own is None else row.own)

    def _note_numbers(self, first: Sequence[Row], key: str) -> bool:
        """Return whether splits are numbered as Ludwig does, and say so."""
        words = {str(as_text(row.value[key])).strip() for row in first if row.value.get(key) is not None}
        is_numbered = bool(words - {""}) and words - {""} <= set(_NUMBERED)
        if is_numbered:
            message = f'"{key}" holds numbers; they were read as 0 train, 1 validation, 2 test.'
            self._findings.add(Problem(code="split_numbers", severity="note", message=message, field=key))
        return is_numbered

    def _refuse_other(self, row: Row, key: str, word: object) -> None:
        message = f'"{key}" says {as_text(word)!r}, but the file holds the {self._split} rows.'
        remedy = "Remove the key from this file, or put the row into the file where it belongs."
        self._findings.add(
            Problem(code="split_conflict", message=message, line=row.line, field=key, remedy=remedy)
        )

    def _note_source(self) -> None:
        if self._source.has_mark:
            message = "Line 1: a byte-order mark was removed."
            self._findings.add(Problem(code="byte_order_mark", severity="note", message=message, line=1))
        if self._source.ends_with_cr:
            message = "Lines end with a carriage return alone; each was read as a line end."
            self._findings.add(Problem(code="carriage_returns", severity="note", message=message))


def _take_rows(items: Iterator[Item], number: int) -> Iterator[Item]:
    """Yield items until they are so many, each plain row counted."""
    while number > 0 and (item := next(items, None)) is not None:
        number -= len(item) if isinstance(item, PlainRows) else 1
        yield item


def _singly(items: Iterable[Item]) -> Iterator[Any]:
    """Yield plain rows one by one, and the other items as they are."""
    for item in items:
        if isinstance(item, PlainRows):
            yield from item.rows()
        else:
            yield item


def find_format(source: Source, name: str | None) -> tuple[Format, str]:
    """Return the format of a file and the reason in words.

    Args:
        source: The opened file.
        name: The format the user set, or None to detect it.

    Raises:
        InputError: No format, or more than one, recognises the first lines; or there is no such format.
    """
    sample = source.sample()
    if source.kind == "text" and not sample.lines and not sample.head.lstrip().startswith((b"[", b"{")):
        raise _explain_no_lines(source)
    if name is not None:
        return get_extension(FORMATS, name, "FORMAT"), "Set by data.format."
    found: list[tuple[Format, Detection]] = []
    for known in list_extensions(FORMATS):
        data_format: Format = get_extension(FORMATS, known, "FORMAT")
        detection = data_format.detect(sample)
        if detection is not None:
            found.append((data_format, detection))
    if len(found) == 1:
        return found[0][0], found[0][1].reason
    raise _explain_many(source, found) if found else _explain_none(source, sample)


def _explain_no_lines(source: Source) -> InputError:
    broken = next((item for item in source.lines() if isinstance(item, Broken)), None)
    if broken is None:
        return InputError("The file holds only blank lines.", code="file_empty", location=source.name)
    problem = describe_broken(broken, 0)
    return InputError(problem.message, code=problem.code, location=source.name, hint=problem.remedy)


def _explain_many(source: Source, found: list[tuple[Format, Detection]]) -> InputError:
    names = " or ".join(f"{data_format.name} ({detection.reason})" for data_format, detection in found)
    return InputError(
        f"The file could be {names}",
        code="ambiguous_format",
        location=source.name,
        hint="Say which with data.format.",
    )


_EXPECTED = (
    "Aliquot reads chat messages, prompts with answers, preference pairs, ShareGPT, Alpaca and texts as "
    "JSON Lines, JSON arrays, CSV, Excel and Parquet. For other names of columns set data.prompt and "
    f"data.answer; these pairs are known: {list_pairs()}."
)
_KNOWN_KEYS = ("messages", *dict.fromkeys(name for pair in PAIRS for name in pair), "conversations", "chosen")
_UNLIKE = (
    (b"[", "unknown_format", "This is a JSON array, but not of objects: each row is to be an object {…}."),
    (b"<", "not_rows", "This looks like an HTML or XML page, not rows."),
)


def _explain_none(source: Source, sample: Sample) -> InputError:
    """Say what the file seems to be, and what would have been read."""
    first = sample.head.strip() if not sample.lines else sample.lines[0].strip()
    for start, code, message in _UNLIKE:
        if first.startswith(start):
            hint = "Download the file itself." if start == b"<" else _EXPECTED
            return InputError(message, code=code, location=source.name, hint=hint)
    if first == b"{":
        message = "This is one JSON object over many lines, not JSON Lines."
        hint = "Write one object per line, for example with: jq -c . old.json > new.jsonl"
        return InputError(message, code="pretty_json", location=source.name, hint=hint)
    return InputError(_describe_first(sample), code="unknown_format", location=source.name, hint=_EXPECTED)


def _describe_first(sample: Sample) -> str:
    objects = list_objects(sample)
    if objects:
        keys = list(objects[0])
        found = ", ".join(keys[:10]) or "none"
        message = f"The first line is an object with these keys: {found}; no format is known by them."
        return f"{message} {_find_meant(keys)}".rstrip()
    first = sample.lines[0] if sample.lines else sample.head
    if first.lstrip().startswith(b"{"):
        problem = decode_object(Line(1, first))
        if isinstance(problem, Problem):
            return f"No format is recognised, and the first line is broken: {problem.message}"
    return f"The first line is {first[:60].decode('utf-8', 'replace')!r}: not a known format."


def _find_meant(keys: Sequence[str]) -> str:
    """Return what a misspelt key may mean, in words; empty when none is near."""
    near = next((meant for key in keys if (meant := suggest(key, _KNOWN_KEYS))), "")
    return f"{near} Then --format chat_jsonl reads it, and --fix mends it." if "'messages'" in near else near
