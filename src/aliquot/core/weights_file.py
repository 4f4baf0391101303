"""The header of a safetensors file: names and shapes, read without torch and without the weights."""

from __future__ import annotations

import json
from pathlib import Path

from aliquot.errors import ModelError

MAX_HEADER_BYTES = 100_000_000
"""The limit of the format itself."""


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor.

    Raises:
        ModelError: This is no safetensors file (``corrupt_file``).
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= MAX_HEADER_BYTES:
                raise ValueError(f"a header of {length:,} bytes")
            header = json.loads(file.read(length))
        return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"This is not a safetensors file: {error}.",
            code="corrupt_file",
            location=str(path),
            hint="Copy the folder again from where it was made.",
        ) from error
