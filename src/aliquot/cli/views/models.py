"""Base models on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, table
from aliquot.export.wording import size
from aliquot.workflows.models import ModelDetails, ModelSummary


def table_of(models: tuple[ModelSummary, ...]) -> list[RenderableType]:
    """Return a line per model."""
    rows = [
        (
            one.name,
            in_short(one.num_parameters),
            in_short(one.context_window),
            Text("here", "green") if one.is_here else Text("gated" if one.is_gated else "", "yellow"),
            one.licence,
        )
        for one in models
    ]
    return [
        table(("base model", "size", "window", "", "licence"), rows, right="12"),
        Text("aliquot models fetch NAME brings one here; any Hub id, folder or GGUF file works too.", "dim"),
    ]


def details(record: ModelDetails) -> list[RenderableType]:
    """Return one model in full."""
    one, prepared = record.summary, record.prepared
    parts: list[RenderableType] = [
        facts(
            [
                ("model", one.name),
                ("from", one.origin),
                ("licence", one.licence + (" (gated)" if one.is_gated else "")),
                ("parameters", f"{one.num_parameters:,}" if one.num_parameters else ""),
                ("window", f"{one.context_window:,} tokens" if one.context_window else ""),
                ("here", f"{record.folder} ({size(one.size_bytes or 0)})" if prepared else "not fetched yet"),
                ("revision", prepared.revision if prepared else ""),
                ("template", f"sha256 {prepared.template_sha256[:12]}…" if prepared else ""),
                ("notes", one.notes),
            ]
        )
    ]
    if prepared:
        files = [(name, f"{sha256[:16]}…") for name, sha256 in sorted(prepared.files.items())]
        parts += [heading("Files"), table(("file", "sha256"), files)]
    return parts


def in_short(number: int) -> str:
    """Return a large count in short.

    >>> in_short(134_515_008), in_short(999_885_952), in_short(8192), in_short(512)
    ('135 M', '1.0 B', '8.2 k', '512')
    """
    for unit_size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        value = number / unit_size
        if value >= 0.9995:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return str(number)
