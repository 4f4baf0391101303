"""Files as they are packed: plain, gzip or Zstandard; used by ``source.py``.

Reading goes by pieces, and a piece that could be unpacked is never lost to damage further on.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import Literal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Packing = Literal["", "gzip", "zstd"]
PIECE_BYTES = 1 << 20
UNPACK_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError)
"""What unpacking raises when a file is damaged or ends early."""

_MAGIC: dict[bytes, Packing] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NAMES = {"": "file", "gzip": "gzip file", "zstd": "Zstandard file"}
_SUFFIXES: dict[str, Packing] = {".gz": "gzip", ".zst": "zstd"}


def find_packing(head: bytes) -> Packing:
    """Return how a file is packed, by its first bytes."""
    return next((packing for magic, packing in _MAGIC.items() if head.startswith(magic)), "")


def name_packing(packing: Packing) -> str:
    """Return what people call a file packed so."""
    return _NAMES[packing]


def open_unpacked(path: Path, packing: Packing) -> io.BufferedIOBase:
    """Open a file for reading what is packed in it."""
    if packing == "gzip":
        return gzip.GzipFile(path, "rb")
    return zstd.ZstdFile(path, "rb") if packing == "zstd" else path.open("rb")


def split_suffix(name: str) -> tuple[str, Packing]:
    """Return a file name without the suffix of its packing, and that packing."""
    suffix = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), "")
    return (name[: -len(suffix)], _SUFFIXES[suffix]) if suffix else (name, "")


def pack(data: bytes, packing: Packing) -> bytes:
    """Return data packed; the same data gives the same bytes at any time."""
    if packing == "gzip":
        return gzip.compress(data, mtime=0)
    return zstd.compress(data) if packing == "zstd" else data
