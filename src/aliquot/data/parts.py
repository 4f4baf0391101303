"""What a person names as data, as the files to be read, each with its split; called by workflows.

One file is one part. A folder is that of MLX (``train/valid/test.jsonl``), one of table files as on the
Hub, or a data set saved by Hugging Face ``datasets``. A name of the Hub is fetched first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Split
from aliquot.data.findings import Findings
from aliquot.data.format import Format
from aliquot.data.hub import HubName, fetch_hub, find_hub_name
from aliquot.data.packing import split_suffix
from aliquot.data.read import RowReader, find_format
from aliquot.data.source import Source, open_source
from aliquot.data.split_words import SPLIT_WORDS, find_split
from aliquot.errors import InputError

_KINDS = {".parquet": "Parquet", ".jsonl": "JSON Lines", ".json": "JSON", ".csv": "CSV", ".tsv": "TSV"}
_TEXTS = (".txt", ".md")
"""Files of text are data in a folder that holds no others; else they say something of the data."""
MANY_TEXTS = 30
"""From so many files of text on, each is one document; of fewer, documents are cut."""
_WORD = re.compile(r"[A-Za-z]+")
_NOT_ROWS = frozenset(
    ("dataset_info.json", "dataset_dict.json", "dataset_infos.json", "state.json", "config.json", "README.md")
)


@dataclass(frozen=True, slots=True)
class Part:
    """One file to be read.

    Attributes:
        source: The opened file.
        split: The split of its rows that name none themselves; None when they are to be split.
        is_fixed: Whether a row that names another split is an error.
        format: Its data format.
        reason: Why it is read so, in words.
    """

    source: Source
    split: Split | None
    format: Format
    reason: str
    is_fixed: bool = False

    @property
    def file(self) -> str:
        """What findings call the file."""
        return self.source.name

    def read(self, findings: Findings) -> RowReader:
        """Return a reader of its rows, whose problems go to ``findings``."""
        return RowReader(self.source, self.format, findings, split=self.split, is_fixed=self.is_fixed)


def open_parts(path: Path | str, settings: DataSettings) -> tuple[Part, ...]:
    """Return the files to be read, opened, their formats known.

    Args:
        path: A file, a folder, or a data set of the Hub (``hub:owner/name@revision``, ``owner/name``).
        settings: What the person set; ``test_file`` and ``validation_file`` add parts of their own.

    Raises:
        InputError: Something is absent, unreadable, of no known format, or ambiguous.
        MachineError: The Hub cannot be reached, or a package is missing.
    """
    parts = _open_named(path, settings)
    if settings.test_file:
        parts = [part if part.split else replace(part, split="train") for part in parts]
    for named, split in ((settings.validation_file, "validation"), (settings.test_file, "test")):
        if named:
            parts.append(_open_file(Path(named), settings, split=split, reason=f"Set by data.{split}_file."))
    return tuple(parts)


def _open_named(path: Path | str, settings: DataSettings) -> list[Part]:
    name = find_hub_name(str(path))
    if name is not None:
        return _open_hub(name, settings)
    path = Path(path)
    return _open_folder(path, settings) if path.is_dir() else [_open_file(path, settings)]


def _open_file(
    path: Path,
    settings: DataSettings,
    *,
    split: Split | None = None,
    reason: str = "",
    label: str = "",
    is_one_document: bool = False,
) -> Part:
    source = replace(open_source(path, settings, label=label), is_one_document=is_one_document)
    data_format, found = find_format(source, settings.format)
    return Part(source, split, data_format, f"{reason} {found}".strip(), is_fixed=split is not None)


def _open_hub(name: HubName, settings: DataSettings) -> list[Part]:
    folder, commit = fetch_hub(name, lambda files: _choose_files(files, name.at(""), name.part))
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    chosen = _choose_files([file for file in files if not file.startswith(".")], name.at(commit), name.part)
    return [
        _open_file(
            folder / file,
            settings,
            split=split,
            reason=f"It was fetched from the Hub at commit {commit}.",
            label=f"hub:{name.repository}@{commit}/{file}",
        )
        for file, split in _mark_splits(chosen, name.at(commit))
    ]


def _open_folder(folder: Path, settings: DataSettings) -> list[Part]:
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        return [
            _open_file(path, settings, split=split, reason="It belongs to a saved Hugging Face data set.")
            for path, split in _list_saved(folder)
        ]
    paths = [path for depth in ("*", "*/*") for path in folder.glob(depth) if path.is_file()]
    files = [path.relative_to(folder).as_posix() for path in paths]
    chosen = _choose_files([file for file in files if not file.startswith(".")], str(folder), "")
    return [
        _open_file(
            folder / file,
            settings,
            split=split,
            reason=f"It is one of {len(chosen)} files of the folder.",
            is_one_document=len(chosen) >= MANY_TEXTS,
        )
        for file, split in _mark_splits(chosen, str(folder))
    ]


def _list_saved(folder: Path) -> Iterator[tuple[Path, Split | None]]:
    """Yield the Arrow files that ``save_to_disk`` wrote."""
    if not (folder / "dataset_dict.json").is_file():
        yield from ((folder / name, None) for name in _read_names(folder / "state.json"))
        return
    for word in _read_names(folder / "dataset_dict.json"):
        split = _require_split(word, str(folder))
        yield from ((folder / word / name, split) for name in _read_names(folder / word / "state.json"))


def _read_names(path: Path) -> list[str]:
    """Return the splits or the files that a saved data set lists; a name may not leave its folder."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        listed = about["splits"] if "splits" in about else [item["filename"] for item in about["_data_files"]]
        names = [str(name) for name in listed]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    odd = next((name for name in names if PurePosixPath(name).name != name or name in ("", "..")), None)
    if odd is not None:
        raise _damaged(path, f"it names {odd!r}")
    return names


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"The saved data set is not whole: {reason}.",
        code="damaged_file",
        location=str(path),
        hint="Save it again with save_to_disk.",
    )


def _choose_files(files: Sequence[str], location: str, part: str) -> list[str]:
    """Return the files with rows, all of one kind.

    Raises:
        InputError: There are none, or of several kinds or in several folders.
    """
    named = [file for file in sorted(files) if _is_under(file, part)]
    rows = {file: kind for file in named if (kind := _find_kind(file))}
    rows = rows or {file: "text" for file in named if _is_text(file)}
    if not rows:
        raise InputError(
            "There is no file of rows in it.",
            code="no_rows_in_folder",
            location=location,
            hint=f"Expected files that end in {', '.join((*_KINDS, *_TEXTS))}, packed or not, or a saved "
            "data set.",
        )
    folders = sorted({str(PurePosixPath(file).parent) for file in rows})
    groups = sorted(set(rows.values())) if len(set(rows.values())) > 1 else folders
    if len(groups) > 1:
        raise InputError(
            f"It holds several sets of rows: {', '.join(groups[:10])}.",
            code="ambiguous_folder",
            location=location,
            hint="Name one file or folder of them (on the Hub: owner/name#folder).",
        )
    return list(rows)


def _find_kind(file: str) -> str:
    path = PurePosixPath(split_suffix(file)[0])
    return "" if path.name in _NOT_ROWS else _KINDS.get(path.suffix.lower(), "")


def _is_text(file: str) -> bool:
    path = PurePosixPath(split_suffix(file)[0])
    return path.suffix.lower() in _TEXTS and path.name not in _NOT_ROWS


def _is_under(file: str, part: str) -> bool:
    return not part or file == part or file.startswith(part.rstrip("/") + "/")


def _mark_splits(files: Sequence[str], location: str) -> list[tuple[str, Split | None]]:
    """Return each file with the split that its name begins with.

    Raises:
        InputError: Some names say a split and others do not.
    """
    words = [_WORD.match(PurePosixPath(file).name) for file in files]
    splits = [find_split(word[0]) if word else None for word in words]
    if len(files) > 1 and None in splits and any(splits):
        odd = files[splits.index(None)]
        raise InputError(
            f"{odd!r} does not say its split, although other files of the folder do.",
            code="ambiguous_folder",
            location=location,
            hint=f"Begin its name with one of {', '.join(SPLIT_WORDS)}, or move it away.",
        )
    return list(zip(files, splits, strict=True))


def _require_split(word: str, location: str) -> Split:
    split = find_split(word)
    if split is None:
        raise InputError(
            f"The data set has a split {word!r}; expected {', '.join(SPLIT_WORDS)}.",
            code="unknown_split",
            location=location,
            hint="Save the splits you need under these names.",
        )
    return split
