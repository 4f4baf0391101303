"""The verb ``data show``: rows of a file as the model will see them, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aliquot.core.conversation import is_plain_text
from aliquot.core.dataset import DataReport, Example
from aliquot.core.files import write_file
from aliquot.core.text_window import choose_window
from aliquot.core.token_view import TokenView
from aliquot.data.check import CheckedData
from aliquot.data.table import Examples
from aliquot.errors import InputError, ModelError
from aliquot.export.page.tokens import render_token_page
from aliquot.tokenization.encoder import Encoder
from aliquot.tokenization.token_view import view_conversation, view_text
from aliquot.workflows.check import check_rows, find_likely_base, read_settings
from aliquot.workflows.surroundings import Surroundings


def show_data(
    data: Path | str,
    *,
    line: int | None = None,
    example_id: str | None = None,
    num_rows: int = 1,
    html: Path | str | None = None,
    config: Path | str | None = None,
    **settings: Any,
) -> tuple[TokenView, ...]:
    """Return rows as the model will see them: every token, and which of them are trained.

    Nothing is fetched. Without ``line`` and ``example_id`` the first rows of the file are taken.

    Args:
        data: The file.
        line: Line of the row.
        example_id: Name of the row, or the beginning of one.
        num_rows: How many rows, where none is named.
        html: Where to write a page of them; a file of that name is replaced.
        config: A settings file.
        settings: Settings by name; ``base`` chooses the model.

    Raises:
        InputError: There is no such row, it cannot be used, or a setting is wrong.
        ModelError: The base model is not prepared, or its template refuses the row.
    """
    given = read_settings(config, settings)
    checked = check_rows(data, given, Surroundings())
    rows = _find_rows(checked, line=line, example_id=example_id, num_rows=num_rows)
    base = find_likely_base(given, checked.report)
    if base is None:
        raise _no_base(given.settings.base)
    encoder = Encoder.load(base.folder)
    window = given.settings.train.max_seq_len
    views = tuple(view_example(row, encoder, base=base.name, max_seq_len=window) for row in rows)
    if html is not None:
        write_file(Path(html), render_token_page(views, file=checked.report.file))
    return views


def view_example(
    example: Example, encoder: Encoder, *, base: str, max_seq_len: int | None = None
) -> TokenView:
    """Return one row in tokens; a plain text in windows of ``max_seq_len``, or of the usual length.

    Raises:
        InputError: None of its turns is trained.
        ModelError: The template refuses it.
    """
    if is_plain_text(example.messages):
        window = choose_window(max_seq_len, encoder.model.architecture.context_window)
        sequences = view_text(example.messages[0].content, encoder, window)
    else:
        sequences = view_conversation(example.messages, encoder, tools=example.tools)
    return TokenView(
        example_id=example.example_id,
        line=example.line,
        split=example.split or "",
        base=base,
        sequences=sequences,
        num_sequences=len(sequences),
    )


def _find_rows(
    checked: CheckedData, *, line: int | None, example_id: str | None, num_rows: int
) -> Sequence[Example]:
    """Return the rows asked for; one that stands in several splits has one name and is returned for each."""
    table = checked.table
    if line is not None:
        places = np.flatnonzero(table.line_N == line)
    elif example_id is not None:
        names = table.example_ids(np.arange(len(table)))
        places = np.array([place for place, name in enumerate(names) if name.startswith(example_id)], int)
        _require_one_name([names[place] for place in places], example_id)
    else:
        places = np.arange(min(num_rows, len(table)))
    if not len(places):
        raise _no_row(checked.report, line, example_id)
    return Examples(table, places)


def _require_one_name(found: Sequence[str], example_id: str) -> None:
    names = list(dict.fromkeys(found))
    if len(names) > 1:
        raise InputError(
            f"{len(names):,} rows have a name that begins with {example_id!r}: {', '.join(names[:3])} …",
            code="row_ambiguous",
            location="--id",
            hint="Give more of the name.",
        )


def _no_row(report: DataReport, line: int | None, example_id: str | None) -> InputError:
    wanted = f"row in line {line:,}" if line else f"row called {example_id}" if example_id else "row"
    because = next((one for one in report.findings if one.severity == "error" and line in one.lines), None)
    reason = f": {because.message}" if because else "."
    return InputError(
        f"Found no usable {wanted} among {report.num_examples:,} examples{reason}",
        code="row_not_found",
        location=f"{report.file}:{line}" if line else report.file,
        hint=(because.remedy if because else "")
        or f"`aliquot check {report.file}` says which rows can be used.",
    )


def _no_base(name: str | None) -> ModelError:
    return ModelError(
        f"The base model {name} is not here yet."
        if name
        else "No base model is here, or it is not clear which.",
        code="model_not_prepared",
        location="--base",
        hint=f"Run `aliquot models fetch {name or 'smollm2-135m-instruct'}`"
        + ("." if name else ", or name one of `aliquot models list` with --base."),
    )
