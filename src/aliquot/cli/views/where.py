"""Which base on which machine, on a terminal: a table per machine, or one table for a single base."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, table
from aliquot.export.wording import count
from aliquot.plan.cost import duration_in_words
from aliquot.plan.machines import HERE
from aliquot.plan.where import Offer, Place, Where

GB = 1e9
HEADINGS = ("method", "memory", "training", "answers", "USD")


def full(where: Where) -> list[RenderableType]:
    """Return the tables, then what they rest on."""
    bases = {offer.base for offer in where.offers}
    parts: list[RenderableType] = [
        facts(
            [
                ("data", f"{where.file}, {count(where.num_rows, 'training row')}"),
                ("here", f"a run on this machine would take {where.chosen}" if len(bases) > 1 else ""),
                ("times", "estimates, none of them measured; training and the answers to the test rows"),
            ]
        )
    ]
    parts += _by_place(where) if len(bases) > 1 else _of_one_base(where)
    return [*parts, heading("What the estimates rest on"), facts(_list_grounds(where)), _price_hint(where)]


def _by_place(where: Where) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for place in where.places:
        offers = [offer for offer in where.offers if offer.place == place.name]
        fitting = [offer for offer in offers if offer.method]
        parts.append(heading(_title(place)))
        if fitting:
            rows = [(_base(offer), *_cells(offer, place)) for offer in fitting]
            parts.append(table(("base model", *HEADINGS), rows, right="2345"))
        if too_large := [offer for offer in offers if not offer.method]:
            parts.append(Text(f"Does not fit: {', '.join(map(_why_not, too_large))}.", "dim"))
    return parts


def _of_one_base(where: Where) -> list[RenderableType]:
    places = {place.name: place for place in where.places}
    rows = [
        (place.title, *_cells(offer, place)) for offer in where.offers for place in (places[offer.place],)
    ]
    gate = " (gated)" if where.offers[0].is_gated else ""
    return [
        heading(f"{where.offers[0].base}{gate}"),
        table(("machine", *HEADINGS), rows, right="2345"),
    ]


def _title(place: Place) -> str:
    price = "" if place.usd_per_hour is None else f" · {place.usd_per_hour:g} USD/h"
    own = " (this machine)" if place.name == HERE else ""
    return f"{place.title}{own} · {place.speed}{price}"


def _base(offer: Offer) -> Text:
    return Text.assemble(offer.base, (" gated", "yellow") if offer.is_gated else "")


def _cells(offer: Offer, place: Place) -> tuple[str, ...]:
    memory = f"{offer.needed_bytes / GB:,.0f} of {place.memory_bytes / GB:,.0f} GB"
    if not offer.method or offer.train_s is None or offer.predict_s is None:
        return "does not fit", memory, "", "", ""
    method = "QLoRA" if offer.method == "QLoRA" else f"{offer.method} {_short(offer.precision)}"
    usd = "–" if offer.usd is None else f"{offer.usd:,.2f}"
    return method, memory, duration_in_words(offer.train_s), duration_in_words(offer.predict_s), usd


def _short(precision: str) -> str:
    return {"bfloat16": "bf16", "float32": "fp32"}[precision]


def _why_not(offer: Offer) -> str:
    if offer.obstacle == "window":
        return f"{offer.base} (a row is longer than its window)"
    if offer.obstacle == "4-bit weights":
        return f"{offer.base} (no 4-bit weights here)"
    return f"{offer.base} (needs {offer.needed_bytes / GB:,.0f} GB)"


def _list_grounds(where: Where) -> Sequence[tuple[str, str]]:
    grounds = [(f"{number}.", text) for number, text in enumerate(where.assumptions, start=1)]
    sources = "; ".join(f"{place.name}: {place.source}" for place in where.places)
    return [*grounds, ("", ""), (f"{len(grounds) + 1}.", f"Speeds and memory: {sources}.")]


def _price_hint(where: Where) -> Text:
    without = [place.name for place in where.places if place.usd_per_hour is None]
    if not without:
        return Text("")
    example = next((name for name in ("A100", "H100", "T4") if name in without), without[0])
    return Text(
        "\nNo price is built in. Give yours in USD per hour to fill the last column:\n"
        f"--price {example}=1.79 (without a price: {', '.join(without)})",
        "dim",
    )
