"""Further right answers of a row, besides its reference, from its metadata."""

from __future__ import annotations

import msgspec

ACCEPTED_ANSWERS = "accepted_answers"
"""The metadata field that lists what counts as right besides the reference: a JSON list."""


def read_accepted(metadata: dict[str, str]) -> tuple[str, ...] | None:
    """Return the further right answers that a row names, none when it names none; None when unreadable.

    ``accepted_answers`` holds a JSON list. Texts in it are answers as they stand; lists and objects are
    answers written as JSON: ``["CaO; TiO2"]`` or ``[["CaO", "TiO2"], ["CaCO3", "TiO2"]]``.
    """
    text = metadata.get(ACCEPTED_ANSWERS)
    if text is None:
        return ()
    try:
        answers = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    if not isinstance(answers, list) or not all(isinstance(answer, str | list | dict) for answer in answers):
        return None
    return tuple(a if isinstance(a, str) else msgspec.json.encode(a).decode() for a in answers)
