"""A file of records that grows batch by batch, so that interrupted work goes on where it stopped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from aliquot.core.files import sync_folder, translate_os_errors
from aliquot.core.records import encode_lines, read_records

T = TypeVar("T")


class PartFile:
    """Records so far, one a line.

    Args:
        path: The file.
        batch_size: Records of a batch. Batches must not move: how rows are put together decides the last
            digits of their scores.
    """

    def __init__(self, path: Path, batch_size: int) -> None:
        self.path = path
        self._batch_size = batch_size

    def recover(self) -> int:
        """Return how many records are kept from before, and cut off the lines of a torn batch."""
        if not self.path.is_file():
            return 0
        lines = [line for line in self.path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        whole = lines[: len(lines) // self._batch_size * self._batch_size]
        os.truncate(self.path, sum(map(len, whole)))
        return len(whole)

    def append(self, records: Iterable[Any]) -> None:
        """Add a batch; when this returns it is on the disk.

        Raises:
            MachineError: The disk is full or the folder cannot be written to.
        """
        with translate_os_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(encode_lines(records))
                file.flush()
                os.fsync(file.fileno())

    def read(self, kind: type[T]) -> Iterator[T]:
        """Yield the records."""
        return read_records(self.path, kind) if self.path.is_file() else iter(())

    def publish(self, path: Path) -> None:
        """Give the whole file its name by one rename."""
        os.replace(self.path, path)
        sync_folder(path.parent)
