"""The cache of prepared models: one folder per source, found again without asking the network."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.model import ModelSource, PreparedModel
from aliquot.core.records import decode, sha256_of


def list_prepared(models_dir: Path) -> list[PreparedModel]:
    """Return the records of all prepared models, by name of their folder."""
    # A name with a leading dot is a folder that is still being made, or that a killed process left.
    paths = sorted(path for path in models_dir.glob("*/aliquot.json") if not path.parent.name.startswith("."))
    return [decode(path.read_bytes(), PreparedModel, str(path)) for path in paths]


def find_prepared(models_dir: Path, source: ModelSource) -> PreparedModel | None:
    """Return the prepared form of a source, or None when it must be prepared (again).

    A Hub source without a revision takes the one that was fetched last time; a local source whose files
    changed since is not found.
    """
    for model in list_prepared(models_dir):
        if _is_same(model, source) and model.source_stamp == stamp_of(source):
            return model
    return None


def stamp_of(source: ModelSource) -> str:
    """Return a hash of names, sizes and change times of a local source's files; empty if published."""
    if source.kind not in ("folder", "gguf"):
        return ""
    path = Path(source.location)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    return sha256_of(stats)


def _is_same(model: PreparedModel, source: ModelSource) -> bool:
    known = model.source
    if (known.kind, known.location, known.filename) != (source.kind, source.location, source.filename):
        return False
    if source.kind == "package":  # a pin is honoured to the byte
        return (known.version, known.sha256) == (source.version, source.sha256)
    return source.kind != "hub" or source.version in ("", known.version, model.revision)
