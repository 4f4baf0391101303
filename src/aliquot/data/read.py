"""Tell a file's format and stream its rows; called by ``check.py``."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.data.columns import list_pairs
from aliquot.data.findings import Findings
from aliquot.data.format import Detection, Format, Problem, Row
from aliquot.data.json_lines import decode_object, describe_broken, list_objects
from aliquot.data.source import Broken, Line, Sample, Source
from aliquot.errors import InputError
from aliquot.plugins import get_extension, list_extensions

FORMATS = "aliquot.data.formats"


class RowReader:
    """The rows of a file; ``num_rows`` counts them, readable or not, blank lines left out."""

    def __init__(self, source: Source, data_format: Format, findings: Findings) -> None:
        self._source = source
        self._format = data_format
        self._findings = findings
        self.num_rows = 0

    def __iter__(self) -> Iterator[Row]:
        """Yield every readable row; problems go to the findings.

        Raises:
            InputError: The file stops being readable, or unpacks without end.
        """
        self._note_source()
        try:
            for item in self._format.read(self._source):
                if isinstance(item, Row):
                    self.num_rows += 1
                    yield item
                else:
                    self.num_rows += item.severity == "error" and item.line > 0
                    self._findings.add(item)
        except OSError as error:
            raise InputError(
                f"The file stopped being readable: {error.strerror or error}.",
                code="file_unreadable",
                location=str(self._source.path),
                hint="Check the disk or the network share.",
            ) from error

    def _note_source(self) -> None:
        if self._source.has_mark:
            message = "Line 1: a byte-order mark was removed."
            self._findings.add(Problem(code="byte_order_mark", severity="note", message=message, line=1))
        if self._source.ends_with_cr:
            message = "Lines end with a carriage return alone; each was read as a line end."
            self._findings.add(Problem(code="carriage_returns", severity="note", message=message))


def find_format(source: Source, name: str | None) -> tuple[Format, str]:
    """Return the format of a file and the reason in words.

    Args:
        source: The opened file.
        name: The format the user set, or None to detect it.

    Raises:
        InputError: No format, or more than one, recognises the first lines; or there is no such format.
    """
    sample = source.sample()
    if not sample.lines:
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
        return InputError("The file holds only blank lines.", code="file_empty", location=str(source.path))
    problem = describe_broken(broken, 0)
    return InputError(problem.message, code=problem.code, location=str(source.path), hint=problem.remedy)


def _explain_many(source: Source, found: list[tuple[Format, Detection]]) -> InputError:
    names = " or ".join(f"{data_format.name} ({detection.reason})" for data_format, detection in found)
    return InputError(
        f"The file could be {names}",
        code="ambiguous_format",
        location=str(source.path),
        hint="Say which with data.format.",
    )


_EXPECTED = (
    'Expected JSON Lines with "messages", or JSON Lines or a CSV table with one of these pairs: '
    f"{list_pairs()}."
)
_UNLIKE = (
    (b"[", "json_array", "This is a JSON array, not JSON Lines.", "jq -c '.[]' old.json > new.jsonl"),
    (b"<", "not_rows", "This looks like an HTML or XML page, not rows.", ""),
)


def _explain_none(source: Source, sample: Sample) -> InputError:
    """Say what the file seems to be, and what would have been read."""
    first = sample.lines[0].strip()
    for start, code, message, command in _UNLIKE:
        if first.startswith(start):
            hint = (
                f"Write one object per line, for example with: {command}"
                if command
                else "Download the file itself."
            )
            return InputError(message, code=code, location=str(source.path), hint=hint)
    if first == b"{":
        message = "This is one JSON object over many lines, not JSON Lines."
        hint = "Write one object per line, for example with: jq -c . old.json > new.jsonl"
        return InputError(message, code="pretty_json", location=str(source.path), hint=hint)
    return InputError(
        _describe_first(sample), code="unknown_format", location=str(source.path), hint=_EXPECTED
    )


def _describe_first(sample: Sample) -> str:
    objects = list_objects(sample)
    if objects:
        keys = list(objects[0])
        if {"preferred_output", "chosen", "rejected"} & set(keys):
            return "These are preference pairs (DPO); Aliquot trains on one answer per row."
        found = ", ".join(keys[:10]) or "none"
        return f"The first line is an object with these keys: {found}; no format is known by them."
    first = sample.lines[0]
    if first.lstrip().startswith(b"{"):
        problem = decode_object(Line(1, first))
        if isinstance(problem, Problem):
            return f"No format is recognised, and the first line is broken: {problem.message}"
    return f"The first line is {first[:60].decode('utf-8', 'replace')!r}: not a known format."
