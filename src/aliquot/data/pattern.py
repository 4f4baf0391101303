"""What a text pattern is: a regular expression with a cheap first look and, where there is one, a check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["control", "personal", "secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One kind of thing that should be known before a text is trained on.

    Attributes:
        name: Stable name, also the code's ending in findings.
        kind: ``control`` (read as a command by a model), ``personal`` or ``secret``.
        title: Words for it in a sentence, in the plural.
        remedy: What to do.
        regex: What it looks like.
        triggers: At least one of these stands in every match; a text with none is not searched.
        is_numeric: Every match holds a run of eight digits, or colons: other texts are not searched.
        is_valid: Decides about a match, by its check digits for example; None accepts all.
    """

    name: str
    kind: Kind
    title: str
    remedy: str
    regex: re.Pattern[str]
    triggers: tuple[str, ...]
    is_numeric: bool = False
    is_valid: Callable[[str], bool] | None = None
