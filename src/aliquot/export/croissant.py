"""A data set in Croissant 1.1, the metadata format of MLCommons for machine learning data.

Specification: http://mlcommons.org/croissant/1.1; what checks found follows Croissant RAI 1.0. What
nobody said (licence, creators, date of publication) is absent rather than guessed, although the
specification asks for it before a data set is published.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aliquot.core.dataset import DataReport
from aliquot.export.croissant_fields import (
    CONTEXT,
    as_id,
    describe_records,
    enumerate_labels,
    enumerate_splits,
    without_metadata,
)
from aliquot.export.data_wording import describe_contents, title_of
from aliquot.export.source_files import list_source_files
from aliquot.export.verdict import group_findings, list_places

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
ENCODINGS = {
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/x-parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".txt": "text/plain",
    ".gz": "application/gzip",
    ".zst": "application/zstd",
}
"""Media types by file ending, as mlcroissant 1.1 spells them."""
_BY_FORMAT = {"chat_jsonl": "application/jsonlines", "prompt_completion": "application/jsonlines"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file of rows as it is published, relative to the Croissant file.

    Attributes:
        format: Name of its data format; needed where the file's name does not tell its media type.
        split: The split whose stored rows the file holds; empty for a file of the user's own.
        has_metadata: Whether a row of a split's file has metadata: readers refuse a column that no row has.
    """

    path: str
    sha256: str
    num_bytes: int
    format: str = ""
    split: str = ""
    has_metadata: bool = True


def build_croissant(
    report: DataReport, files: Sequence[DataFile] = (), *, created_at: str = "", described_at: str = ""
) -> str:
    """Return the Croissant file of a data set as JSON text.

    Args:
        report: What the check found.
        files: The files of rows that lie beside it, one per split; without them the checked files are
            described.
        created_at: When those files were written (ISO 8601, UTC); empty when unknown.
        described_at: When this description was made, likewise.
    """
    about = report.about
    published = list(files) or list_own_files(report)
    tree = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": title_of(report),
        "description": about.description or describe_contents(report),
        "license": about.licence,
        "creator": _list_creators(report),
        "citeAs": about.citation,
        "url": about.url,
        "version": about.version,
        "dateCreated": created_at,
        "sdDatePublished": described_at,
        "isBasedOn": _origin(report) if files else None,
        "rai:dataPreprocessingProtocol": [report.split_rule],
        "rai:dataLimitations": list_limitations(report),
        "distribution": [_file_object(file) for file in published],
        "recordSet": [
            *enumerate_splits(report),
            *enumerate_labels(report),
            *(record for file in published for record in _records(file, report)),
        ],
    }
    kept = {name: value for name, value in tree.items() if value not in (None, "", [])}
    return json.dumps(kept, ensure_ascii=False, indent=2) + "\n"


def list_own_files(report: DataReport) -> list[DataFile]:
    """Return the user's own files, each as it would be published."""
    return [
        DataFile(path=file.name, sha256=file.sha256, num_bytes=file.num_bytes, format=file.format)
        for file in list_source_files(report)
    ]


def list_limitations(report: DataReport) -> list[str]:
    """Return what a user of the data should know: errors, warnings, and what the test can show."""
    said = []
    groups = group_findings(report.findings)
    for kind in (*groups["error"], *groups["warning"]):
        place = "; ".join(list_places(kind, report))
        said.append(f"{kind.first.message} ({place})" if place else kind.first.message)
    if report.detectable:
        said.append(report.detectable.sentence)
    return said


def _list_creators(report: DataReport) -> list[dict[str, str]]:
    people = [{"@type": "sc:Person", "name": name} for name in report.about.creators]
    house = report.about.organization
    return [*people, {"@type": "sc:Organization", "name": house}] if house else people


def _origin(report: DataReport) -> list[dict[str, str]]:
    """Return the files that the published rows were made from."""
    return [
        {"@type": "sc:CreativeWork", "name": file.path, "sha256": file.sha256}
        for file in list_own_files(report)
    ]


def _file_object(file: DataFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": as_id(file.path),
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.num_bytes} B",
        "encodingFormat": list_encodings(file.path, file.format),
        "sha256": file.sha256,
    }


def list_encodings(path: str, data_format: str) -> list[str]:
    """Return a file's media types by its endings, the packed one last: a reader takes the first it knows."""
    endings = [f".{part}" for part in path.lower().rpartition("/")[2].split(".")[1:]]
    found = [ENCODINGS[ending] for ending in endings if ending in ENCODINGS]
    return found or [_BY_FORMAT.get(data_format, "application/octet-stream")]


def _records(file: DataFile, report: DataReport) -> list[dict[str, Any]]:
    """Return the record set of a file; none for an empty file or one that Croissant cannot address."""
    encodings = list_encodings(file.path, file.format)
    if encodings[-1] == ENCODINGS[".zst"] or encodings[0] not in _ADDRESSED:
        return []
    if file.split and not report.get_split(file.split).num_examples:
        return []
    records = describe_records(report, file.path, file.split)
    return records if file.has_metadata else [without_metadata(record) for record in records]


_ADDRESSED = {ENCODINGS[ending] for ending in (".jsonl", ".csv", ".tsv", ".parquet")}
"""Files whose rows have columns by name."""
