"""A base model's name to a prepared folder in the cache, fetched and converted by a worker when needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from aliquot.config.places import models_dir
from aliquot.core.model import ModelSource, PreparedModel
from aliquot.core.model_cache import find_prepared, list_prepared
from aliquot.core.records import decode, encode
from aliquot.errors import ModelError
from aliquot.plan.bases import explain_gate, find_base, find_source
from aliquot.workflows.surroundings import Doing, Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base model that is ready.

    Attributes:
        name: What the user calls it.
        folder: Where its prepared files lie.
    """

    name: str
    model: PreparedModel
    folder: Path


def prepare(name: str, within: Surroundings) -> Base:
    """Return a base model, prepared now if it was not before.

    Raises:
        InputError: The name means nothing.
        ModelError: It is gated, damaged or of an unknown kind.
        MachineError: No network, no space, or the packages for training are missing.
    """
    source = find_source(name)
    ready = find_ready(name, source)
    if ready:
        return ready
    within.tell(Doing(f"Preparing {source.name}, once, from {_origin(source)}"))
    arguments = [encode(source).decode(), str(models_dir())]
    try:
        lines = within.target.call("prepare_model", arguments)
    except ModelError as error:
        if error.code == "model_gated":
            error.hint = explain_gate(name)
        raise
    return _base(name, decode(lines[-1], PreparedModel, "output of prepare_model"))


def find_ready(name: str, source: ModelSource | None = None) -> Base | None:
    """Return a base model if it is prepared already; never reaches out."""
    model = find_prepared(models_dir(), source or find_source(name))
    return _base(name, model) if model else None


def _base(name: str, model: PreparedModel) -> Base:
    """Return a ready base; the catalogue knows its licence, the files do not."""
    is_published = model.source.kind in (
        "package",
        "hub",
    )  # a folder may be called like a base and be another
    entry = find_base(model.source.name) if is_published else None
    licence = model.licence or (entry.licence if entry else "")
    return Base(name=name, model=replace(model, licence=licence), folder=models_dir() / model.key)


def _origin(source: ModelSource) -> str:
    match source.kind:
        case "package":
            return f"the package {source.location} {source.version}"
        case "hub":
            return f"the Hub, {source.location}{'@' + source.version if source.version else ''}"
        case _:
            return source.location


def list_ready_names() -> set[str]:
    """Return the names of the prepared models."""
    return {model.source.name for model in list_prepared(models_dir())}
