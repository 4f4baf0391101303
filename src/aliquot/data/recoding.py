"""Text in another encoding, read as UTF-8: only when a person names the encoding, never guessed."""

from __future__ import annotations

import codecs
import io

from aliquot.errors import InputError

_PIECE_BYTES = 65_536


def require_encoding(name: str) -> str:
    """Return the name of an encoding of text if Python knows it.

    Raises:
        InputError: It does not (``unknown_encoding``).
    """
    try:
        if codecs.lookup(name)._is_text_encoding:
            return name
    except LookupError:
        pass
    raise InputError(
        f"No encoding is called {name!r}.",
        code="unknown_encoding",
        location="data.encoding",
        hint="Usual ones are windows-1252 (Excel in Western Europe), latin-1, utf-16, shift_jis and gb18030.",
    )


class Recoded(io.RawIOBase):
    """A file in some encoding whose bytes read as UTF-8.

    Args:
        file: The file.
        encoding: Its encoding.
        location: What errors call it.
    """

    def __init__(self, file: io.BufferedIOBase, encoding: str, location: str) -> None:
        self._file = file
        self._encoding = encoding
        self._location = location
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._rest = b""
        self._num_read = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read some bytes.

        Raises:
            InputError: The file is not in this encoding (``invalid_encoding``).
        """
        while not self._rest:
            data = self._file.read1(_PIECE_BYTES)
            self._rest = self._decode(data).encode("utf-8", "replace")
            self._num_read += len(data)
            if not data:
                break
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _decode(self, data: bytes) -> str:
        try:
            return self._decoder.decode(data, final=not data)
        except UnicodeError as error:
            raise InputError(
                f"Not all of the file is in {self._encoding}: see the bytes near {self._num_read:,}.",
                code="invalid_encoding",
                location=self._location,
                hint="Set another data.encoding, or save the file as UTF-8.",
            ) from error
