"""Write the examples of a data set in another format, whole or not at all; called by workflows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from aliquot.core.dataset import SPLITS, Example, Split
from aliquot.core.files import new_folder, write_file
from aliquot.data.findings import MAX_LINES
from aliquot.data.format import Format, Writer
from aliquot.data.packing import pack, split_suffix
from aliquot.data.shapes import FORMATS
from aliquot.errors import InputError
from aliquot.plugins import get_extension, list_extensions

MLX = "mlx"
"""Not a format of files: a folder with one file of chat lines for each split."""
_MLX_FILES: dict[Split, str] = {"train": "train.jsonl", "validation": "valid.jsonl", "test": "test.jsonl"}


def list_writable() -> dict[str, Writer]:
    """Return the formats that can be written, by name."""
    formats: list[Format] = [get_extension(FORMATS, name, "FORMAT") for name in list_extensions(FORMATS)]
    return {item.name: item.writer for item in formats if item.writer is not None}


def find_target(out: Path, name: str | None) -> str:
    """Return the format to write, by its name or by the ending of the file's.

    Raises:
        InputError: There is no such format, or the ending does not tell one.
    """
    writable = list_writable()
    known = ", ".join((*writable, MLX))
    if name is not None:
        if name in writable or name == MLX:
            return name
        raise InputError(f"Nothing is written as {name!r}.", code="unknown_format", hint=f"Known: {known}.")
    suffix = Path(split_suffix(out.name)[0]).suffix.lower()
    found = [key for key, writer in writable.items() if suffix and suffix in writer.suffixes]
    if found:
        return found[0]
    if not suffix:
        return MLX
    raise InputError(
        f"The ending {suffix!r} does not tell a format.",
        code="unknown_format",
        location=str(out),
        hint=f"Say which with --to: {known}.",
    )


def require_expressible(examples: Sequence[Example], target: str, source: str) -> None:
    """Refuse a format that would lose something; ``source`` names what was read, for the error.

    Raises:
        InputError: With the rows that it cannot express, and why (``not_expressible``).
    """
    explain = _writer_of(target).explain
    reasons = [(example, reason) for example in examples if (reason := explain(example))]
    if not reasons:
        return
    kinds = Counter(reason for _, reason in reasons)
    first, reason = reasons[0]
    lines = ", ".join(str(example.line) for example, _ in reasons[:MAX_LINES])
    more = f" (and {len(kinds) - 1} other reasons)" if len(kinds) > 1 else ""
    raise InputError(
        f"{len(reasons):,} of {len(examples):,} rows cannot be written as {target}: {reason}{more}. "
        f"Lines: {lines}{' …' if len(reasons) > MAX_LINES else ''}.",
        code="not_expressible",
        location=f"{first.file or source}:{first.line}",
        hint="Nothing was written. Choose chat_jsonl, which holds every conversation, or remove these rows.",
    )


def write_examples(examples: Sequence[Example], out: Path, target: str, *, force: bool) -> tuple[Path, ...]:
    """Write examples; return the files written.

    Args:
        examples: What to write, all of it expressible.
        out: The file, or the folder for ``mlx``; its ending also says how it is packed.
        target: Name of the format.
        force: Whether files that are there may be replaced.

    Raises:
        InputError: Something is there already (``file_exists``).
        MachineError: The place cannot be written to, the disk is full, or a package is missing.
    """
    if target == MLX:
        return _write_folder(examples, out, force=force)
    if out.is_dir() or (out.exists() and not force):
        raise explain_exists(out)
    name, packing = split_suffix(out.name)
    pieces = _writer_of(target).write(examples, name)
    write_file(out, pack(b"".join(pieces), packing) if packing else pieces)
    return (out,)


def _write_folder(examples: Sequence[Example], out: Path, *, force: bool) -> tuple[Path, ...]:
    if out.exists() and not (force and out.is_dir()):
        raise explain_exists(out)
    files = {name: data for name, data in _list_files(examples)}
    if out.is_dir():
        for name, data in files.items():
            write_file(out / name, data)
    else:
        with new_folder(out) as folder:
            for name, data in files.items():
                (folder / name).write_bytes(data)
    return tuple(out / name for name in files)


def _list_files(examples: Sequence[Example]) -> Iterator[tuple[str, bytes]]:
    """Yield the file of each split; rows without a split belong to train."""
    write = _writer_of(MLX).write
    for split in SPLITS:
        own = [example for example in examples if (example.split or "train") == split]
        if own:
            yield _MLX_FILES[split], b"".join(write(own, _MLX_FILES[split]))


def _writer_of(target: str) -> Writer:
    return list_writable()["chat_jsonl" if target == MLX else target]


def explain_exists(out: Path) -> InputError:
    """Return the refusal to write over something."""
    return InputError(
        "There is something of this name already; it was not touched.",
        code="file_exists",
        location=str(out),
        hint="Give another name, or --force to replace a file.",
    )
