"""Files that are whole or absent: write to a temporary name, flush to disk, then rename."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from aliquot.errors import MachineError


def write_file(path: Path, data: bytes | str | Iterable[bytes]) -> None:
    """Publish a file by one rename; a crash leaves the old file or the new one, never half.

    Args:
        path: The file.
        data: Its content, whole or in pieces.

    Raises:
        MachineError: The disk is full or the folder cannot be written to.
    """
    whole = data.encode() if isinstance(data, str) else data
    temporary = _temporary_name(path)
    with translate_os_errors(path, len(whole) if isinstance(whole, bytes) else 0):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        try:
            with temporary.open("wb") as file:
                file.writelines([whole] if isinstance(whole, bytes) else whole)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


@contextlib.contextmanager
def new_folder(path: Path, *, needed_bytes: int = 0) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``path`` by one rename when the block ends well.

    Every file in it is flushed before the rename. When the block raises, nothing is left behind.

    Args:
        path: The folder.
        needed_bytes: What it will hold, for the message when the disk is full; 0 when not known.

    Raises:
        MachineError: The disk is full or the parent cannot be written to.
    """
    temporary = _temporary_name(path)
    with translate_os_errors(path, needed_bytes):
        _sweep(path)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            _sync_files(temporary)
            os.replace(temporary, path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync_folder(path.parent)


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _sweep(path: Path) -> None:
    """Remove what killed programs left of this file or folder; those still at work keep theirs."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        number = left.name.split(".")[-2]
        if not number.isdigit() or _is_alive(int(number)):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def translate_os_errors(path: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turn the operating system's refusals to write ``path`` into errors that name the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(path, needed_bytes) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR):
            raise MachineError(
                "This folder cannot be written to.",
                code="not_writable",
                location=str(path.parent),
                hint="Choose another folder with --runs-dir, or set ALIQUOT_HOME for the cache.",
            ) from error
        raise


def disk_full(path: Path, needed_bytes: int = 0) -> MachineError:
    """Return the error of a disk without room for ``path``, with what is needed and what is free."""
    needed = f"{needed_bytes:,} bytes are needed, " if needed_bytes else ""
    return MachineError(
        f"No space left on this disk: {needed}{free_bytes(path):,} bytes are free; what was written before "
        "is intact.",
        code="disk_full",
        location=str(path),
        hint="Free some space, then run `aliquot resume`.",
    )


def free_bytes(path: Path) -> int:
    """Return the room on the disk that holds ``path``, which need not exist yet."""
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free


def _sync_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
