"""The record sets of a Croissant file: rows with their fields, and the enumerations of splits and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from aliquot.core.dataset import DataReport, RowField
from aliquot.export.data_wording import list_labels, list_splits
from aliquot.export.source_files import list_source_files

_CR = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty "
    "fileObject fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet "
    "references regex repeated replace readLines samplingRate sdVersion separator source subField transform "
    "unArchive"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _CR.split()},
}
"""Appendix 1 of the specification, with the terms that mlcroissant 1.1 expects besides."""

SPLIT_CLASSES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
TYPES = {
    "text": "sc:Text",
    "whole number": "sc:Integer",
    "number": "sc:Float",
    "true or false": "sc:Boolean",
    "mixed": "sc:Text",
}
"""Kinds of fields that Croissant has a type for; lists and objects of unknown shape have none."""
_STORED = (
    ("example_id", "sc:Text", "Content hash and occurrence number within the split."),
    ("line", "sc:Integer", "Line of the original file, counted from 1."),
)


def enumerate_splits(report: DataReport) -> Iterator[dict[str, Any]]:
    """Yield the record set that names the splits and what they hold."""
    data = [
        {
            "splits/name": profile.split,
            "splits/url": SPLIT_CLASSES[profile.split],
            "splits/num_examples": profile.num_examples,
            "splits/ids_sha256": profile.ids_sha256,
        }
        for profile in list_splits(report)
    ]
    if data:
        yield {
            "@type": "cr:RecordSet",
            "@id": "splits",
            "name": "splits",
            "description": report.split_rule,
            "dataType": "cr:Split",
            "key": {"@id": "splits/name"},
            "field": [
                _field("splits", "name", "sc:Text"),
                _field("splits", "url", "sc:URL"),
                _field("splits", "num_examples", "sc:Integer"),
                _field("splits", "ids_sha256", "sc:Text", "SHA-256 of the sorted ids of its examples."),
            ],
            "data": data,
        }


def enumerate_labels(report: DataReport) -> Iterator[dict[str, Any]]:
    """Yield the record set of the labels with their number of rows, when answers are labels."""
    data = [{"labels/name": label, "labels/num_rows": number} for label, number in list_labels(report)]
    if data:
        yield {
            "@type": "cr:RecordSet",
            "@id": "labels",
            "name": "labels",
            "description": "The closed set of answers, and how many rows have each.",
            "dataType": "sc:Enumeration",
            "key": {"@id": "labels/name"},
            "field": [_field("labels", "name", "sc:Text"), _field("labels", "num_rows", "sc:Integer")],
            "data": data,
        }


def describe_records(report: DataReport, path: str, split: str) -> list[dict[str, Any]]:
    """Return the record set of one file; none when no field of it is known.

    Args:
        report: What the check found.
        path: The file.
        split: The split that the file holds, in the layout of ``rows/<split>.jsonl``; empty for the
            user's own file, in its own layout.
    """
    name = split or ("rows" if len(report.files) < 2 else as_id(f"rows/{path}"))
    fields = list(_stored_fields(report, path, split) if split else _own_fields(report, path, name))
    if not fields:
        return []
    record: dict[str, Any] = {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}
    if split:
        record["key"] = {"@id": f"{name}/example_id"}
    elif said := " ".join(_describe_own(report, path)):
        record["description"] = said
    return [record]


def _describe_own(report: DataReport, path: str) -> Iterator[str]:
    """Yield which split the user's own file is, and which fields are not described."""
    splits = {file.name: file.split for file in list_source_files(report)}
    if split := splits.get(path):
        yield f"The rows of the split {split}."
    for fields, why in (
        ([field for field in report.fields if not _is_typed(field)], "without a type in Croissant"),
        ([field for field in report.fields if not _is_in_every_file(field, report)], "that some rows lack"),
    ):
        if fields:
            yield f"Fields {why} are left out: {', '.join(field.name for field in fields)}."


def without_metadata(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record set of a split's file without the fields of a metadata column that it lacks."""
    start = f"{record['@id']}/metadata/"
    return record | {"field": [field for field in record["field"] if not field["@id"].startswith(start)]}


def _stored_fields(report: DataReport, path: str, split: str) -> Iterator[dict[str, Any]]:
    for name, kind, description in _STORED:
        yield _column(split, path, name, kind, description)
    yield {
        **_field(split, "split", "sc:Text", "By the name of the file."),
        "source": _source(path, {"fileProperty": "filename"}, {"regex": "^(train|validation|test)"}),
        "references": {"field": {"@id": "splits/name"}},
    }
    yield _messages(split, path)
    for name in _metadata_names(report):
        yield {
            **_field(f"{split}/metadata", name, "sc:Text"),
            "source": _source(path, {"column": "metadata"}, {"jsonPath": _json_path(name)}),
        }


def _metadata_names(report: DataReport) -> Iterable[str]:
    """Return the names under which stored rows keep what their source had beside the conversation."""
    beside = (field.name.removeprefix("metadata.") for field in report.fields if field.is_metadata)
    return dict.fromkeys(beside)


def _own_fields(report: DataReport, path: str, record: str) -> Iterator[dict[str, Any]]:
    for field in report.fields:
        if not _is_in_every_file(field, report):
            continue
        if _is_conversation(field):
            yield _messages(record, path)
        elif field.name.startswith("metadata."):
            key = field.name.removeprefix("metadata.")
            source = _source(path, {"column": "metadata"}, {"jsonPath": _json_path(key)})
            yield {**_field(f"{record}/metadata", key, TYPES.get(field.kind, "sc:Text")), "source": source}
        elif field.kind in TYPES:
            is_split = field.name == "split" and not field.is_metadata
            kind: Any = ["sc:Text", "cr:Split"] if is_split else TYPES[field.kind]
            yield _column(record, path, field.name, kind)


def _is_in_every_file(field: RowField, report: DataReport) -> bool:
    """Whether each of several files surely has the field: readers refuse a column that a file lacks."""
    return len(report.files) < 2 or field.num_rows >= report.num_examples


def _is_typed(field: RowField) -> bool:
    return _is_conversation(field) or field.name.startswith("metadata.") or field.kind in TYPES


def _is_conversation(field: RowField) -> bool:
    return field.name == "messages" and field.kind == "list" and not field.is_metadata


def _messages(record: str, path: str) -> dict[str, Any]:
    parts = [
        {
            **_field(f"{record}/messages", name, "sc:Text"),
            "source": _source(path, {"column": "messages"}, {"jsonPath": name}),
        }
        for name in ("role", "content")
    ]
    return {
        "@type": "cr:Field",
        "@id": f"{record}/messages",
        "name": "messages",
        "description": "The conversation; its last message is the reference answer.",
        "isArray": True,
        "arrayShape": "-1",
        "subField": parts,
    }


def _column(parent: str, path: str, column: str, kind: Any, description: str = "") -> dict[str, Any]:
    return {**_field(parent, column, kind, description), "source": _source(path, {"column": column})}


def _source(path: str, extract: dict[str, str], transform: dict[str, str] | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"fileObject": {"@id": as_id(path)}, "extract": extract}
    return source | {"transform": transform} if transform else source


def as_id(name: str) -> str:
    """Return a name as an identifier: readers refuse spaces in one, escaped as %20 or not.

    >>> as_id("rows/odd key")
    'rows/odd~20key'
    """
    return quote(name, safe="/").replace("%", "~")


def _field(parent: str, name: str, kind: Any, description: str = "") -> dict[str, Any]:
    made = {"@type": "cr:Field", "@id": as_id(f"{parent}/{name}"), "name": name, "dataType": kind}
    return made | {"description": description} if description else made


def _json_path(key: str) -> str:
    """Return a key as a JSONPath step, in quotes where it is no plain word."""
    return key if key.isidentifier() else f"'{key}'"
