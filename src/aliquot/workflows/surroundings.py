"""What a verb needs from outside: a place to compute, someone to tell, a clock. Tests pass their own."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aliquot.compute.target import Target, get_target


@dataclass(frozen=True, slots=True)
class Doing:
    """News: something that takes a while has begun."""

    what: str


Tell = Callable[[Any], None]
"""Receives what a verb has to say while it works: a record (a data report, a plan, a progress) or a line."""

_log = logging.getLogger("aliquot")


def log(news: Any) -> None:
    """Tell by logging: lines at level info, records by the name of their kind."""
    _log.info("%s", news if isinstance(news, str) else type(news).__name__)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The world around a verb.

    Attributes:
        target: Where workers run.
        tell: Who hears what is going on.
        now: The clock, in UTC.
        sleep: Waits for seconds.
        token: Draws the four hexadecimal digits that end a run's name.
    """

    target: Target = field(default_factory=get_target)
    tell: Tell = log
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    token: Callable[[], str] = lambda: secrets.token_hex(2)
