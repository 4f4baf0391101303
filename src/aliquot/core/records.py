"""Records to JSON and back: one encoder for everything that is stored or printed with ``--json``.

Records are frozen dataclasses; msgspec checks types when a file is read, so a damaged or foreign file
is refused by name instead of failing later.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from aliquot.errors import RunError

T = TypeVar("T")


def as_plain(record: Any) -> Any:
    """Return a record as dicts, lists, strings and numbers; NaN and infinity become None."""
    return msgspec.to_builtins(record)


def encode(record: Any) -> bytes:
    """Return a record as one line of JSON without a line end; fields keep their order."""
    return msgspec.json.encode(record)


def encode_pretty(record: Any) -> bytes:
    """Return a record as indented JSON with a final line end, for files that people open."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def decode(data: bytes | str, kind: type[T], location: str) -> T:
    """Read one record.

    Args:
        data: JSON text.
        kind: The dataclass expected.
        location: File, or file and line, named when the text does not fit.

    Raises:
        RunError: The text is not JSON or lacks a field (``record_unreadable``).
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(
            f"not a readable {kind.__name__} record: {error}.",
            code="record_unreadable",
            location=location,
            hint="The file is damaged or was written by another version of Aliquot.",
        ) from error


def read_records(path: Path, kind: type[T]) -> Iterator[T]:
    """Yield the records of a JSONL file, one per line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield decode(line, kind, f"{path}:{number}")


def encode_lines(records: Iterable[Any]) -> bytes:
    """Return records as JSONL."""
    return b"".join(encode(record) + b"\n" for record in records)


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and NFC text, the form that hashes are taken of."""
    data = msgspec.json.encode(value, order="sorted")
    if data.isascii() or unicodedata.is_normalized("NFC", data.decode()):
        return data  # no quote, comma or brace composes with a mark after it, so every text is in NFC
    return msgspec.json.encode(_normalised(as_plain(value)), order="sorted")


def sha256_of(value: Any) -> str:
    """Return the hex SHA-256 of a record's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _normalised(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {_normalised(key): _normalised(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normalised(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
