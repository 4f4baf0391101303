"""The end of the page: commands to repeat the run, the files beside the page, environment and hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import Any

from aliquot.core.dataset import SPLITS
from aliquot.core.records import sha256_file
from aliquot.export.data_wording import file_name
from aliquot.export.page.header import base_name
from aliquot.export.record import RunRecord, ScoredRecord
from aliquot.export.source_files import list_source_files, name_hash
from aliquot.export.wording import duration, heading, setting_text, size
from aliquot.export.write import PAGE, get_writer, list_writers

RECORDS = (
    ("spec.json", "Everything that determined the run, as a record"),
    ("events.jsonl", "What happened, event by event"),
    ("scores/report.json", "All scores, intervals and tests, as a record"),
    ("environment.json", "Versions, device and durations, as a record"),
)

_WEIGHTS_TITLE = {
    "adapter": "The trained weights (LoRA adapter, PEFT format)",
    "model": "The trained weights (whole model, transformers format)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line to type and what it does."""

    line: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """A file beside the page."""

    path: str
    title: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What the sections Repeat, Files and Environment print."""

    commands: tuple[Command, ...]
    files: tuple[FileLink, ...]
    environment: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...]


def describe_repeat(record: RunRecord) -> Repeat:
    """Return the end of the page; only files that exist are linked."""
    return Repeat(
        commands=(
            Command(
                line=f"aliquot run {quote(file_name(record.spec.data))} --config settings.yaml",
                title="The same run again: settings.yaml beside the data file; nothing in it is automatic",
            ),
            Command(
                line=record.spec.command, title="How it was started; rules may choose otherwise elsewhere"
            ),
            Command(
                line="aliquot evaluate .",
                title="In this folder: recompute every score from the stored answers",
            ),
            Command(
                line="python reproduce.py",
                title="In this folder, without Aliquot: train and score with torch, transformers and peft",
            ),
        ),
        files=tuple(list_files(record)),
        environment=tuple(_flat(record.environment | _measured(record))),
        hashes=tuple(_hashes(record)),
    )


def list_files(record: ScoredRecord) -> Iterator[FileLink]:
    """Yield the files of a folder that exist, with their titles."""
    named = [
        (writer.filename, writer.title) for writer in map(get_writer, list_writers()) if writer.name != PAGE
    ]
    splits = [(f"rows/{split}.jsonl", f"The {split} rows") for split in SPLITS]
    titles = {result.model: heading(result) for result in record.results}
    answers = []
    for model, split in record.run_dir.list_predictions():
        title = titles.get(model, model)
        answers.append((f"predictions/{model}.{split}.jsonl", f"{title}: every answer to the {split} rows"))
        answers.append((f"scores/{model}.{split}.jsonl", f"{title}: every score on the {split} rows"))
    weights = [(path, _WEIGHTS_TITLE[path.partition("/")[0]]) for path in _list_weights(record)]
    for path, title in [*named, *answers, *splits, *RECORDS, *weights]:
        file = record.run_dir.path / path
        if file.is_file():
            yield FileLink(path=path, title=title, size=size(file.stat().st_size))


def _list_weights(record: ScoredRecord) -> list[str]:
    """Return the paths of the trained weights, large models having several files."""
    folder = record.run_dir.find_weights_dir()
    files = sorted(folder.glob("*.safetensors")) if folder else []
    return [f"{file.parent.name}/{file.name}" for file in files]


def _measured(record: RunRecord) -> dict[str, Any]:
    return {"measured": record.measured} if record.measured else {}


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested facts as (path, text), sizes and times in readable units."""
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _flat(value, f"{path}.")
        elif value in (None, "", [], ()):
            continue
        elif name.endswith("_bytes") and isinstance(value, int | float):
            yield path.removesuffix("_bytes"), size(value)
        elif (name.endswith("_s") or "_s." in path) and isinstance(value, int | float):
            yield path.removesuffix("_s").replace("_s.", "."), duration(value)
        else:
            yield path, setting_text(value)


def _hashes(record: RunRecord) -> Iterator[tuple[str, str]]:
    spec = record.spec
    for file in list_source_files(spec.data):
        yield file.name, file.sha256
    if len(spec.data.files) > 1:
        yield name_hash(spec.data), spec.data.file_sha256
    for split, digest in spec.rows_sha256.items():
        yield f"rows/{split}.jsonl", digest
    for path in _list_weights(record):
        yield path, sha256_file(record.run_dir.path / path)
    for name, digest in spec.model.files.items():
        yield f"{base_name(spec)}: {name}", digest
    yield f"{base_name(spec)}: chat template", spec.model.template_sha256
