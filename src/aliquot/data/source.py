"""A file of rows, plain or packed: text streamed in blocks of whole lines, split at line feeds only.

Everything that makes a file unreadable as a whole is refused here; what ails single lines is told
line by line. Memory stays near the size of the longest line allowed. Tables in binary form are only
recognised here; their formats read them.
"""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from aliquot.config.settings import DataSettings
from aliquot.data.packing import (
    PIECE_BYTES,
    UNPACK_ERRORS,
    Packing,
    find_packing,
    name_packing,
    open_unpacked,
)
from aliquot.data.recoding import Recoded, require_encoding
from aliquot.errors import InputError

MAX_LINE_BYTES = 8_000_000
"""Longest line accepted: far above any real example, far below what exhausts a laptop."""
MAX_UNPACKED_BYTES = 4 * 512_000_000
"""What a packed file may unpack to: four times the size limit of OpenAI's training files."""
_HEAD_BYTES = 65_536
_SAMPLE_LINES = 20

Kind = Literal["text", "parquet", "arrow", "workbook"]

_TABLES: dict[bytes, Kind] = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
_ZIP = b"PK\x03\x04"
_FOREIGN = (
    (_ZIP, "a zip archive", "Unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Save it as .xlsx or CSV."),
    (b"%PDF", "a PDF document", "Give a JSON Lines or CSV file."),
    (b"BZh", "a bzip2 archive", "Unpack it, or compress it with gzip."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it, or compress it with gzip."),
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


class Block(NamedTuple):
    """Whole physical lines in one piece; ``number`` is that of the first. Only the last may lack its end."""

    number: int
    data: bytes

    @property
    def last_line(self) -> int:
        """The number of the last line."""
        return self.number + self.data.count(b"\n") - self.data.endswith(b"\n")


@dataclass(frozen=True, slots=True)
class Sample:
    """What tells a file's format.

    Attributes:
        filename: Its name, without the suffix of its packing.
        lines: Its first lines that are not blank; none for a binary table.
        head: Its first bytes, unpacked.
    """

    filename: str
    lines: tuple[bytes, ...]
    head: bytes = b""
    kind: Kind = "text"
    settings: DataSettings = field(default_factory=DataSettings)


@dataclass(frozen=True, slots=True)
class Source:
    """A readable file.

    Attributes:
        packing: By its first bytes, whatever its name says.
        kind: Text, or a table in binary form.
        encoding: What the user said the text is written in; UTF-8 when empty.
        has_mark: Whether a UTF-8 byte-order mark precedes the first line.
        ends_with_cr: Whether lines end with a carriage return alone, as on old Macs.
        settings: What the user said about columns and splits.
        label: What findings call it; its path when empty.
        is_one_document: Whether a text in it is a document, as one of many files is; else it is cut.
    """

    path: Path
    packing: Packing = ""
    kind: Kind = "text"
    encoding: str = ""
    has_mark: bool = False
    ends_with_cr: bool = False
    settings: DataSettings = field(default_factory=DataSettings)
    label: str = ""
    is_one_document: bool = False

    @property
    def name(self) -> str:
        """What findings and errors call the file."""
        return self.label or str(self.path)

    def blocks(self) -> Iterator[Block | Broken]:
        """Yield the text in blocks of whole lines, and what could not be delivered."""
        with _open(self) as file:
            try:
                yield from _cut_blocks(file, self)
            except UNPACK_ERRORS as error:
                yield _describe_damage(error, self.packing)

    def lines(self) -> Iterator[Line | Broken]:
        """Yield every physical line, blank ones too, and what could not be delivered."""
        for block in self.blocks():
            if isinstance(block, Broken):
                yield block
            else:
                yield from split_block(block)

    def sample(self) -> Sample:
        """Return what tells the format."""
        if self.kind != "text":
            return Sample(self.path.name, (), b"", self.kind, self.settings)
        lines = (item.data for item in self.lines() if isinstance(item, Line) and item.data.strip())
        first = tuple(itertools.islice(lines, _SAMPLE_LINES))
        return Sample(self.path.name, first, _read_head(self), self.kind, self.settings)


def split_block(block: Block) -> Iterator[Line | Broken]:
    """Yield the lines of a block."""
    texts = block.data.split(b"\n")
    last = texts.pop()
    for number, text in enumerate(texts, start=block.number):
        yield _as_line(number, text, is_cut=False)
    if last:
        yield _as_line(block.number + len(texts), last, is_cut=True)


def open_source(path: Path, settings: DataSettings | None = None, *, label: str = "") -> Source:
    """Look at a file's first bytes and return it ready to be read.

    Raises:
        InputError: It is absent, no file, not readable, empty, or neither UTF-8 text nor a table; the code
            says which.
    """
    _require_file(path)
    try:
        with path.open("rb") as file:
            packing = find_packing(file.read(8))
        source = Source(path, packing, settings=settings or DataSettings(), label=label)
        head = _read_head(source)
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror or error}.",
            code="file_unreadable",
            location=str(path),
            hint="Check its permissions.",
        ) from error
    kind = _find_kind(path, head)
    if kind != "text" and packing:
        raise InputError(
            f"This is a {name_packing(packing)} of a table in binary form, which is packed already.",
            code="not_text",
            location=str(path),
            hint="Unpack it.",
        )
    if kind != "text":
        return replace(source, kind=kind)
    if source.settings.encoding:
        source = replace(source, encoding=require_encoding(source.settings.encoding))
        head = _read_head(source)
    _require_text(path, head)
    has_mark = head.startswith(_UTF8_BOM)
    ends_with_cr = b"\n" not in head and b"\r" in head.strip()
    return replace(source, has_mark=has_mark, ends_with_cr=ends_with_cr)


def _find_kind(path: Path, head: bytes) -> Kind:
    if head.startswith(_ZIP):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return "workbook" if path.suffix.lower() == ".xlsx" else "text"
        return "workbook" if any(name.startswith("xl/workbook") for name in names) else "text"
    return next((kind for magic, kind in _TABLES.items() if head.startswith(magic)), "text")


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
            hint=f"Say so (--set data.encoding={encoding.split()[0].lower()}), or save it as UTF-8.",
        )


def _read_head(source: Source) -> bytes:
    with _open(source) as file:
        try:
            head = file.read1(_HEAD_BYTES)
        except UNPACK_ERRORS:
            return b""
    return head.removeprefix(_UTF8_BOM) if source.has_mark else head


def _open(source: Source) -> io.BufferedIOBase:
    file = open_unpacked(source.path, source.packing)
    if source.encoding:
        file = io.BufferedReader(Recoded(file, source.encoding, source.name))
    return io.BufferedReader(_LineFeeds(file)) if source.ends_with_cr else file


class _LineFeeds(io.RawIOBase):
    """A file whose carriage returns read as line feeds."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read1(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _cut_blocks(file: io.BufferedIOBase, source: Source) -> Iterator[Block | Broken]:
    number, rest = 1, b""
    num_skipped = 0  # bytes of a line that is too long and has not ended yet
    for piece in _read_pieces(file, source):
        start = 0
        if num_skipped:
            start = piece.find(b"\n") + 1
            num_skipped += start or len(piece)
            if not start:
                continue
            yield _too_long(number, num_skipped)
            number, num_skipped = number + 1, 0
        end = max(piece.rfind(b"\n") + 1, start)
        if end > start:
            yield Block(number, rest + piece[start:end])
            number, rest = number + piece.count(b"\n", start), b""
        rest += piece[end:]
        if len(rest) > MAX_LINE_BYTES:
            num_skipped, rest = len(rest), b""
    if num_skipped:
        yield _too_long(number, num_skipped)
    elif rest:
        yield Block(number, rest)


def _read_pieces(file: io.BufferedIOBase, source: Source) -> Iterator[bytes]:
    unpacked = 0
    while piece := file.read1(PIECE_BYTES):
        if not unpacked and source.has_mark:
            piece = piece.removeprefix(_UTF8_BOM)
        unpacked += len(piece)
        yield piece
        if source.packing and unpacked > MAX_UNPACKED_BYTES:
            raise InputError(
                f"The {name_packing(source.packing)} unpacks to more than {MAX_UNPACKED_BYTES / 1e9:.1f} GB.",
                code="archive_too_large",
                location=source.name,
                hint="Split the file.",
            )


def _as_line(number: int, text: bytes, *, is_cut: bool) -> Line | Broken:
    if len(text) > MAX_LINE_BYTES:
        return _too_long(number, len(text))
    return Line(number, text.removesuffix(b"\r"), is_cut)


def _too_long(number: int, size: int) -> Broken:
    return Broken(
        number,
        "line_too_long",
        f"The line has {size / 1e6:.1f} MB; the limit is {MAX_LINE_BYTES / 1e6:.0f} MB per row.",
        "Shorten the row, or check that line ends are not missing.",
    )


def _describe_damage(error: Exception, packing: Packing) -> Broken:
    name = name_packing(packing)
    if isinstance(error, EOFError):
        message = f"The {name} ends early; the rows after this point are missing."
        return Broken(0, "truncated_archive", message, "Copy or upload it again.")
    return Broken(0, "damaged_archive", f"The {name} is damaged: {error}.", "Copy or upload it again.")
