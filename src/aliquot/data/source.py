"""A file of rows as physical lines: plain or gzip, streamed, split at line feeds only.

Everything that makes a file unreadable as a whole is refused here; what ails single lines is told
line by line. Memory stays below the size of the longest line allowed.
"""

from __future__ import annotations

import gzip
import io
import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from aliquot.errors import InputError

MAX_LINE_BYTES = 8_000_000
"""Longest line accepted: far above any real example, far below what exhausts a laptop."""
MAX_UNPACKED_BYTES = 4 * 512_000_000
"""What a gzip file may unpack to: four times the size limit of OpenAI's training files."""
_HEAD_BYTES = 65_536
_SAMPLE_LINES = 20

_FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save the sheet as CSV."),
    (b"PAR1", "a Parquet file", "Export it as JSON Lines or CSV."),
    (b"%PDF", "a PDF document", "Give a JSON Lines or CSV file."),
    (b"BZh", "a bzip2 archive", "Unpack it, or compress it with gzip."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it, or compress it with gzip."),
    (b"SQLite format 3", "an SQLite database", "Export the rows as JSON Lines or CSV."),
)
_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class Line(NamedTuple):
    """A physical line without its line end. ``is_cut`` marks a last line that no line feed ends."""

    number: int
    data: bytes
    is_cut: bool = False


class Broken(NamedTuple):
    """A place where lines could not be delivered; ``number`` is 0 when the file as a whole ends there."""

    number: int
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Sample:
    """The first lines that are not blank, for telling what format a file has."""

    filename: str
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A readable file of lines.

    Attributes:
        is_gzip: By its first bytes, whatever its name says.
        has_mark: Whether a UTF-8 byte-order mark precedes the first line.
        ends_with_cr: Whether lines end with a carriage return alone, as on old Macs.
    """

    path: Path
    is_gzip: bool = False
    has_mark: bool = False
    ends_with_cr: bool = False

    def lines(self) -> Iterator[Line | Broken]:
        """Yield every physical line, blank ones too, and what could not be delivered."""
        with _open(self) as file:
            try:
                yield from _split_lines(file, self)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield _describe_damage(error)

    def sample(self) -> Sample:
        """Return the first lines that are not blank."""
        lines = (item.data for item in self.lines() if isinstance(item, Line) and item.data.strip())
        return Sample(self.path.name, tuple(itertools.islice(lines, _SAMPLE_LINES)))


def open_source(path: Path) -> Source:
    """Look at a file's first bytes and return it ready to be read.

    Raises:
        InputError: It is absent, no file, not readable, empty, or no UTF-8 text; the code says which.
    """
    _require_file(path)
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
        head = _read_head(Source(path, is_gzip=is_gzip))
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror or error}.",
            code="file_unreadable",
            location=str(path),
            hint="Check its permissions.",
        ) from error
    _require_text(path, head)
    has_mark = head.startswith(_UTF8_BOM)
    ends_with_cr = b"\n" not in head and b"\r" in head.strip()
    return Source(path, is_gzip=is_gzip, has_mark=has_mark, ends_with_cr=ends_with_cr)


def _require_file(path: Path) -> None:
    try:
        exists, is_file = path.exists(), path.is_file()
        size = path.stat().st_size if is_file else 0
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise InputError(
            f"The file cannot be read: {error}.", code="file_unreadable", location=str(path)
        ) from error
    if not exists:
        raise InputError(
            "There is no such file.", code="file_not_found", location=str(path), hint="Check the path."
        )
    if not is_file:
        kind = "a folder" if path.is_dir() else "not a regular file"
        raise InputError(
            f"This is {kind}; expected one file of rows.",
            code="not_a_file",
            location=str(path),
            hint="Name the file itself.",
        )
    if size == 0:
        raise InputError(
            "The file is empty (0 bytes).",
            code="file_empty",
            location=str(path),
            hint="Was the download or upload interrupted?",
        )


def _require_text(path: Path, head: bytes) -> None:
    for magic, what, remedy in _FOREIGN:
        if head.startswith(magic):
            raise InputError(f"This is {what}, not text.", code="not_text", location=str(path), hint=remedy)
    encoding = next((name for mark, name in _WIDE_BOMS if head.startswith(mark)), "")
    if not encoding and b"\0" in head[:4]:
        encoding = "UTF-16 or UTF-32"
    if encoding:
        raise InputError(
            f"The file looks like {encoding}; expected UTF-8.",
            code="invalid_encoding",
            location=str(path),
            hint="Save it as UTF-8 and try again.",
        )


def _read_head(source: Source) -> bytes:
    with _open(source) as file:
        try:
            return file.readline(_HEAD_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return b""


def _open(source: Source) -> io.BufferedIOBase:
    if source.ends_with_cr:
        return io.BufferedReader(_LineFeeds(_open(replace(source, ends_with_cr=False))))
    return gzip.GzipFile(source.path, "rb") if source.is_gzip else source.path.open("rb")


class _LineFeeds(io.RawIOBase):
    """A file whose carriage returns read as line feeds."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _split_lines(file: io.BufferedIOBase, source: Source) -> Iterator[Line | Broken]:
    unpacked = 0
    for number in itertools.count(1):
        data = file.readline(MAX_LINE_BYTES + 1)
        if not data:
            return
        size = len(data)
        if size > MAX_LINE_BYTES and not data.endswith(b"\n"):
            size += _skip_line(file)
            yield Broken(
                number,
                "line_too_long",
                f"The line has {size / 1e6:.1f} MB; the limit is {MAX_LINE_BYTES / 1e6:.0f} MB per row.",
                "Shorten the row, or check that line ends are not missing.",
            )
        else:
            if number == 1 and source.has_mark:
                data = data.removeprefix(_UTF8_BOM)
            yield Line(number, data.removesuffix(b"\n").removesuffix(b"\r"), not data.endswith(b"\n"))
        unpacked += size
        if source.is_gzip and unpacked > MAX_UNPACKED_BYTES:
            raise InputError(
                f"The gzip file unpacks to more than {MAX_UNPACKED_BYTES / 1e9:.1f} GB.",
                code="archive_too_large",
                location=str(source.path),
                hint="Split the file.",
            )


def _skip_line(file: io.BufferedIOBase) -> int:
    """Read to the end of the line and return the number of bytes skipped."""
    skipped = 0
    while data := file.readline(_HEAD_BYTES):
        skipped += len(data)
        if data.endswith(b"\n"):
            break
    return skipped


def _describe_damage(error: Exception) -> Broken:
    if isinstance(error, EOFError):
        message = "The gzip file ends early; the rows after this point are missing."
        return Broken(0, "truncated_archive", message, "Copy or upload it again.")
    return Broken(0, "damaged_archive", f"The gzip file is damaged: {error}.", "Copy or upload it again.")
