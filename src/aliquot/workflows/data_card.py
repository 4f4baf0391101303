"""What leaves the house from a check: a page for people, and the cards that are published with the data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aliquot.core.dataset import DataReport
from aliquot.core.files import write_file
from aliquot.errors import InputError
from aliquot.export.croissant import build_croissant
from aliquot.export.data_card import build_data_card
from aliquot.export.page.check import GENERATOR, render_check

CROISSANT, CARD = "croissant.json", "data_card.md"
_HEAD_BYTES = 4096


def save_check_page(report: DataReport, path: Path | str) -> Path:
    """Write the page of a check: one file for a browser that asks the network for nothing.

    An earlier page of a check is replaced; any other file is left alone.

    Args:
        report: What ``check`` returned.
        path: Where to write it, for example ``check.html``.

    Raises:
        InputError: There is a file of that name that is no page of a check (``file_exists``).
        MachineError: The folder cannot be written to.
    """
    page = Path(path)
    if page.exists() and not _is_page(page):
        raise _refuse(page, "Give another name; only an earlier page of a check is replaced.")
    write_file(page, render_check(report))
    return page


def save_data_card(
    report: DataReport, folder: Path | str, *, now: datetime | None = None
) -> tuple[Path, ...]:
    """Write ``croissant.json`` and ``data_card.md`` for the data set that was checked; return their paths.

    Args:
        report: What ``check`` returned.
        folder: Where to write them; made if absent.
        now: The time to be written down; that of the clock when None.

    Raises:
        InputError: One of the two is there already (``file_exists``); cards are made to be edited.
        MachineError: The folder cannot be written to.
    """
    croissant, card = Path(folder) / CROISSANT, Path(folder) / CARD
    for path in (croissant, card):
        if path.exists():
            raise _refuse(path, "Name another folder, or remove the old cards; yours may have been edited.")
    described_at = (now or datetime.now(UTC)).isoformat(timespec="seconds").replace("+00:00", "Z")
    write_file(croissant, build_croissant(report, described_at=described_at))
    write_file(card, build_data_card(report))
    return croissant, card


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(_HEAD_BYTES)


def _refuse(path: Path, hint: str) -> InputError:
    return InputError(
        "There is a file of this name already; it was not touched.",
        code="file_exists",
        location=str(path),
        hint=hint,
    )
