"""One JSON array of objects of any known shape, or an object that holds it: ``{"data": [ … ]}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aliquot.core.dataset import Example
from aliquot.core.records import encode
from aliquot.data.format import Detection, Format, Problem, Row, Writer
from aliquot.data.json_lines import decode_object, describe_broken, list_objects
from aliquot.data.source import Block, Line, Sample, Source
from aliquot.data.tables import Record, read_records
from aliquot.data.writing import as_chat, explain_chat
from aliquot.errors import InputError

MAX_BYTES = 512_000_000
"""Largest array: it is held in memory, because it ends only with its last byte."""
_START = re.compile(rb'\s*(?:\{\s*"(data|rows|examples|items)"\s*:\s*)?\[\s*(?=[\[{\]]|\Z)')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|["\[\]{},]', re.DOTALL)
_OPENING, _CLOSING = (b"{", b"["), (b"}", b"]")


def detect(sample: Sample) -> Detection | None:
    """Recognise a file that begins like an array of objects and is not JSON Lines."""
    start = _START.match(sample.head)
    if start is None or len(list_objects(sample)) > 1 or not sample.head[start.end() :].startswith(b"{"):
        return None
    where = f'under "{start[1].decode()}"' if start[1] else "in the file"
    numbers = ", all on one line: lines are counted as elements" if len(sample.lines) == 1 else ""
    return Detection(f"The rows are the objects of one JSON array {where}{numbers}.")


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows, each with the line on which its object begins, or its number if all stand on one.

    Raises:
        InputError: There is no array, or it is too large, or its objects are of no known shape.
    """
    yield from read_records(read_cells(source), source)


def read_cells(source: Source) -> Iterator[Record | Problem]:
    """Yield each object, whatever its fields are, with the line on which it begins; see `read`."""
    broken: list[Problem] = []
    data = _read_all(source, broken)
    start = _START.match(data)
    if start is None:
        raise InputError(
            "The file does not begin with a JSON array.",
            code="no_array",
            location=source.name,
            hint="Write [ {…}, {…} ], or set another data.format.",
        )
    scan = _Scan(data, start.end(), is_one_line=b"\n" not in data.rstrip())
    for element in scan.elements():
        value = decode_object(element)
        yield _say_span(value, element) if isinstance(value, Problem) else (element.number, value)
    yield from broken or _check_end(scan, wraps=bool(start[1]))


def _say_span(problem: Problem, element: Line) -> Problem:
    """Say which lines an object that does not end swallowed."""
    num_more = element.data.count(b"\n")
    if not element.is_cut or not num_more:
        return problem
    lines = f"Lines {element.number} to {element.number + num_more} were read as one object."
    return replace(problem, code="invalid_json", message=f"{problem.message} {lines}")


def _read_all(source: Source, broken: list[Problem]) -> bytes:
    pieces, size = [], 0
    for block in source.blocks():
        if not isinstance(block, Block):
            broken.append(describe_broken(block, b"".join(pieces).count(b"\n")))
            continue
        pieces.append(block.data)
        size += len(block.data)
        if size > MAX_BYTES:
            raise InputError(
                f"The array has more than {MAX_BYTES / 1e6:.0f} MB.",
                code="array_too_large",
                location=source.name,
                hint="Write JSON Lines, for example with: jq -c '.[]' old.json > new.jsonl",
            )
    return b"".join(pieces)


@dataclass(slots=True)
class _Scan:
    """Finds the elements of an array without reading them.

    Attributes:
        place: Where the element at hand begins, and at last where the array ends.
        line: The line of ``place``.
        is_closed: Whether the array's closing bracket was met.
        is_one_line: The whole file is one line: its elements are numbered instead.
        num_elements: Elements met.
    """

    data: bytes
    place: int
    line: int = 0
    is_closed: bool = False
    is_one_line: bool = False
    num_elements: int = 0

    def elements(self) -> Iterator[Line]:
        """Yield each element; one that does not end is yielded as far as the file goes."""
        self.line = self.data.count(b"\n", 0, self.place) + 1
        depth = 0
        for token in _TOKEN.finditer(self.data, self.place):
            text = token[0]
            if text in _OPENING:
                depth += 1
            elif text in _CLOSING:
                depth -= 1
            is_end = depth < 0
            if is_end or (depth == 0 and text == b","):
                yield from self._element(token.start(), is_cut=False)
                self._go(token.end())
            if is_end:
                self.is_closed = True
                return
        yield from self._element(len(self.data), is_cut=True)

    def _element(self, end: int, *, is_cut: bool) -> Iterator[Line]:
        raw = self.data[self.place : end]
        text = raw.lstrip()
        is_empty_array = not self.num_elements and self.data[end : end + 1] == b"]"
        self.num_elements += 1
        if text or not (is_cut or is_empty_array):
            line = self.line + raw.count(b"\n", 0, len(raw) - len(text))
            number = self.num_elements if self.is_one_line else line
            yield Line(number, text.rstrip(), is_cut)

    def _go(self, place: int) -> None:
        self.line += self.data.count(b"\n", self.place, place)
        self.place = place


def _check_end(scan: _Scan, *, wraps: bool) -> Iterator[Problem]:
    """Report an array that does not end, and what follows it."""
    rest = scan.data[scan.place :].strip()
    if not scan.is_closed:
        message = "The array does not end; was the download or upload interrupted?"
        yield Problem(code="incomplete_array", message=message, remedy="Copy the file again.")
    elif wraps and rest != b"}" and rest.startswith(b",") and rest.endswith(b"}"):
        message = "What stands beside the array in the file was not read."
        yield Problem(code="beside_array", message=message, severity="note")
    elif rest != (b"}" if wraps else b""):
        line = scan.line + scan.data[scan.place :].count(b"\n", 0, scan.data[scan.place :].find(rest[:1]))
        message = f"Text follows the array: {rest[:40].decode('utf-8', 'replace')!r}."
        yield Problem(code="after_array", message=message, line=line, remedy="Put all rows into the array.")


def write(examples: Sequence[Example], filename: str) -> Iterator[bytes]:
    """Yield an array of chat rows, one on a line."""
    for index, example in enumerate(examples):
        yield (b",\n" if index else b"[\n") + encode(as_chat(example))
    yield b"\n]\n" if examples else b"[]\n"


FORMAT = Format(
    name="json_array",
    title="JSON array",
    detect=detect,
    read=read,
    writer=Writer(explain_chat, write, (".json",)),
)
