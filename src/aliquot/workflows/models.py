"""The verb ``models``: which base models there are, which of them are here, and fetching one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aliquot.config.places import models_dir
from aliquot.core.model import PreparedModel
from aliquot.core.model_cache import list_prepared
from aliquot.core.notebook import ShownInNotebook
from aliquot.plan.bases import CatalogueBase, find_source, list_bases
from aliquot.workflows.prepare import find_ready, prepare
from aliquot.workflows.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary(ShownInNotebook):
    """One base model as a line of a table.

    Attributes:
        size_bytes: Of the prepared folder; None while it is not here.
    """

    name: str
    origin: str
    licence: str
    is_gated: bool
    is_here: bool
    num_parameters: int
    context_window: int
    size_bytes: int | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetails(ShownInNotebook):
    """One base model in full."""

    summary: ModelSummary
    folder: str = ""
    prepared: PreparedModel | None = field(default=None)


def list_models() -> tuple[ModelSummary, ...]:
    """Return the catalogue, smallest first, then other models that were prepared here."""
    prepared = {model.source.name: model for model in list_prepared(models_dir())}
    catalogue = [_of_catalogue(entry, prepared.pop(entry.name, None)) for entry in list_bases()]
    return (*catalogue, *map(_of_prepared, prepared.values()))


def fetch_model(name: str, *, within: Surroundings | None = None) -> ModelDetails:
    """Fetch and prepare a base model, if it is not here yet.

    Raises:
        InputError: The name means nothing.
        ModelError: It is gated or damaged.
        MachineError: No network, no space, or the packages for training are missing.
    """
    prepare(name, within or Surroundings())
    return show_model(name)


def show_model(name: str) -> ModelDetails:
    """Return what is known of a base model; nothing is fetched.

    Raises:
        InputError: The name means nothing.
    """
    source = find_source(name)
    ready = find_ready(name, source)
    entry = next((one for one in list_bases() if one.source == source), None)
    if entry:
        summary = _of_catalogue(entry, ready.model if ready else None)
    elif ready:
        summary = _of_prepared(ready.model)
    else:
        summary = ModelSummary(
            name=source.name,
            origin=source.location,
            licence="",
            is_gated=False,
            is_here=False,
            num_parameters=0,
            context_window=0,
            notes="More is known once it is fetched.",
        )
    return ModelDetails(
        summary=summary,
        folder=str(ready.folder) if ready else "",
        prepared=ready.model if ready else None,
    )


def _of_catalogue(entry: CatalogueBase, prepared: PreparedModel | None) -> ModelSummary:
    return ModelSummary(
        name=entry.name,
        origin=f"package {entry.package.name}" if entry.package else entry.repository,
        licence=entry.licence,
        is_gated=entry.is_gated,
        is_here=prepared is not None,
        num_parameters=entry.architecture.num_parameters,
        context_window=entry.architecture.context_window,
        size_bytes=_size_bytes(prepared),
        notes=" ".join(filter(None, (entry.template_notes, entry.package.notes if entry.package else ""))),
    )


def _of_prepared(model: PreparedModel) -> ModelSummary:
    return ModelSummary(
        name=model.source.name,
        origin=model.source.location,
        licence=model.licence,
        is_gated=False,
        is_here=True,
        num_parameters=model.architecture.num_parameters,
        context_window=model.architecture.context_window,
        size_bytes=_size_bytes(model),
        notes=" ".join(model.notes),
    )


def _size_bytes(model: PreparedModel | None) -> int | None:
    folder: Path | None = models_dir() / model.key if model else None
    return sum(path.stat().st_size for path in folder.iterdir()) if folder else None
