"""The files of a data set as others are told of them: by names that say nothing about the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from aliquot.core.dataset import DataReport, SourceFile


def list_source_files(report: DataReport) -> tuple[SourceFile, ...]:
    """Return the files that were read, named as ``name_files`` says."""
    names = name_files(report)
    if report.files:
        # One file can be read twice, as the data and as its own test.
        return tuple({file.name: replace(file, name=names[file.name]) for file in report.files}.values())
    return (
        SourceFile(
            name=PurePath(report.file).name,
            sha256=report.file_sha256,
            num_bytes=report.num_bytes,
            format=report.format,
            format_reason=report.format_reason,
        ),
    )


def name_hash(report: DataReport) -> str:
    """Return what the hash in a report is of: the one file, or the list of several files' hashes."""
    return "SHA-256 of the files' hashes" if len(report.files) > 1 else "SHA-256 of the file"


def name_files(report: DataReport) -> dict[str, str]:
    """Return what each file that was read is called; no two are called the same.

    A file of the data set's folder or of the Hub is named as it is called there; any other by its own
    name, with as many of its folders before it as tell it from the others.
    """
    names: dict[str, str] = {}
    for file in dict.fromkeys(file.name for file in report.files):
        ways = [_name_within(file, report.file), *_list_tails(file), file]
        names[file] = next(way for way in ways if way and way not in names.values())
    return names


def _name_within(file: str, data_set: str) -> str:
    """Return a file's name in a data set of the Hub, in a folder, or beside a file; empty outside of it."""
    if file.startswith("hub:"):
        return file.partition("@")[2].partition("/")[2]
    path, whole = PurePath(file), PurePath(data_set)
    root = whole.parent if path == whole else whole
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _list_tails(file: str) -> list[str]:
    parts = PurePath(file).parts
    return [PurePath(*parts[start:]).as_posix() for start in reversed(range(len(parts)))]
