"""The verb ``check``: read a file, split it, and say everything a person should know about it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, load_given
from aliquot.config.settings import AboutSettings
from aliquot.core.dataset import About, DataReport
from aliquot.data.check import CheckedData, add_tokens, check_data
from aliquot.data.remedies import REPAIR_ROWS
from aliquot.errors import InputError
from aliquot.export.verdict import group_findings
from aliquot.export.wording import count, size
from aliquot.plan.bases import choose_base
from aliquot.tokenization.encoder import Encoder
from aliquot.workflows.device import find_device
from aliquot.workflows.prepare import Base, find_ready, list_ready_names
from aliquot.workflows.setting_names import full_names
from aliquot.workflows.surroundings import Doing, Surroundings

LARGE_BYTES = 16_000_000
MANY_ROWS = 5_000
"""From these sizes on, one is told what takes a second or more."""


def check(
    data: Path | str,
    *,
    config: Path | str | None = None,
    html: Path | str | None = None,
    card: Path | str | None = None,
    fix: Path | str | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> DataReport:
    """Check a data set; it is never changed. No model is fetched; a data set of the Hub is.

    Lengths in tokens are told when the base model is prepared already.

    Args:
        data: A file, a folder, or a data set of the Hub (``hub:owner/name@revision``).
        config: A settings file.
        html: Where to write the check as a page for a browser; an earlier such page is replaced.
        card: Folder for ``croissant.json`` and ``data_card.md``, which are published with the data.
        fix: Where to write a corrected copy, with a list of the changes beside it: rows are mended whose
            meaning is plain, and the remedies of ``data.remedies`` are applied.
        within: The surroundings; they hear what takes a while.
        settings: Settings by name, for example ``test_fraction=0.2`` or ``licence="CC-BY-4.0"``.

    Raises:
        InputError: The file cannot be read as rows at all, a setting is wrong, or what should be written
            is there already.
        MachineError: A folder cannot be written to.
    """
    within = within or Surroundings()
    given = read_settings(config, settings)
    checked = check_rows(data, given, within, mends=fix is not None)
    base = find_likely_base(given, checked.report)
    report = (count_tokens(checked, base, given, within) if base else checked).report
    if html is not None or card is not None:
        _save(report, html, card)
    if fix is not None:
        from aliquot.workflows.fix import save_fixed  # a check alone loads no writers

        save_fixed(checked, fix)
    return report


def read_settings(config: Path | str | None, settings: dict[str, Any]) -> GivenSettings:
    """Return the settings of a file and of keywords; names may be short or full."""
    return load_given(Path(config) if config else None, full_names(settings))


def check_rows(
    data: Path | str,
    given: GivenSettings,
    within: Surroundings,
    *,
    mends: bool = False,
    is_trained: bool = True,
) -> CheckedData:
    """Read, validate and split, without counting tokens; ``mends`` adds the remedy ``repair_rows``."""
    settings = given.settings.data
    path = Path(data)
    if path.is_file() and (num_bytes := path.stat().st_size) >= LARGE_BYTES:
        within.tell(Doing(f"Reading and checking {path.name}, {size(num_bytes)}"))
    if mends:
        remedies = [*(settings.remedies or []), REPAIR_ROWS]
        settings = settings.model_copy(update={"remedies": remedies})
    checked = check_data(data, settings, task_type=given.settings.evaluate.task_type, is_trained=is_trained)
    return replace(checked, report=replace(checked.report, about=_as_about(given.settings.about)))


def count_tokens(checked: CheckedData, base: Base, given: GivenSettings, within: Surroundings) -> CheckedData:
    """Add lengths under the base model's template."""
    if len(checked.table) >= MANY_ROWS:
        within.tell(Doing(f"Counting the tokens of {count(len(checked.table), 'row')} under {base.name}"))
    encoder = Encoder.load(base.folder)
    train = given.settings.train
    as_pairs = train.objective not in ("supervised", "text")
    return add_tokens(checked, encoder, base=base.name, max_seq_len=train.max_seq_len, as_pairs=as_pairs)


def require_usable(report: DataReport) -> None:
    """Raise when a finding forbids training.

    Raises:
        InputError: With the first such finding, and how many there are.
    """
    errors = [finding for finding in report.findings if finding.severity == "error"]
    if not errors:
        return
    # The first line that is wrong explains the rest: no usable row, for example, is only its consequence.
    first = min(errors, key=lambda finding: finding.lines[:1] or (sys.maxsize,))
    line = f":{first.lines[0]}" if first.lines else ""
    more = len(group_findings(errors)["error"]) - 1
    raise InputError(
        first.message + (f" ({count(more, 'more kind')} of errors.)" if more else ""),
        code=first.code,
        location=f"{first.file or report.file}{line}" + (f": {first.field}" if first.field else ""),
        hint=first.remedy or f"`aliquot check {report.file}` lists every finding.",
    )


def require_conversations(checked: CheckedData) -> None:
    """Refuse plain texts, to which nobody has answered anything.

    Raises:
        InputError: The rows have no prompt and answer (``plain_text_not_answered``).
    """
    if checked.table.has_plain_texts:
        raise InputError(
            "The rows are plain texts; answers are scored on conversations, with prompt and answer in each.",
            code="plain_text_not_answered",
            location=checked.report.file,
            hint='Give every row "messages", or a prompt and an answer.',
        )


def _save(report: DataReport, html: Path | str | None, card: Path | str | None) -> None:
    from aliquot.workflows.data_card import save_check_page, save_data_card  # a check alone loads no Jinja

    if html is not None:
        save_check_page(report, html)
    if card is not None:
        save_data_card(report, card)


def _as_about(given: AboutSettings) -> About:
    said = given.model_dump(exclude_none=True)
    return About(**said | {"creators": tuple(said.get("creators", ()))})


def find_likely_base(given: GivenSettings, report: DataReport) -> Base | None:
    """Return the base model that a run would take, if that is known and prepared already."""
    if given.settings.base:
        return find_ready(given.settings.base)
    device, ready = find_device(), list_ready_names()
    if device and not report.has_errors:
        return find_ready(choose_base(given, report, device, ready).value)
    return find_ready(min(ready)) if len(ready) == 1 else None
