"""News of a run on a terminal: finished stages stay as lines, the stage at work is one line that moves.

Without a terminal (a pipe, a batch job) a line is printed when a stage ends and now and then between.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.status import Status
from rich.table import Table
from rich.text import Text

from aliquot.cli.tables import as_brief
from aliquot.core.run import RunState
from aliquot.export.progress import Stage
from aliquot.export.wording import rough_duration
from aliquot.workflows.progress import RunProgress
from aliquot.workflows.surroundings import Doing

QUIET_S = 30.0
"""Seconds between two lines of a stage where nothing can move."""
BAR_WIDTH, MIN_BAR_WIDTH = 20, 6


class LiveNews:
    """Prints what a workflow tells."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._status: Status | None = None
        self._run_id = ""
        self._told: set[str] = set()
        self._warned = 0
        self._next_line_at = 0.0

    def tell(self, news: Any) -> None:
        """Print one piece of news: a line, a record or a progress."""
        self._end_status()
        if isinstance(news, RunProgress):
            self._tell_progress(news)
            return
        if isinstance(news, Doing):
            self._begin_status(news)
            return
        for part in as_brief(news):
            self._console.print(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_status()
        if self._live:
            self._live.stop()

    def _begin_status(self, news: Doing) -> None:
        if not self._console.is_terminal:
            self._console.print(Text(f"{news.what} …"), soft_wrap=True)
            return
        self._status = self._console.status(Text(f"{news.what} …"), spinner="dots")
        self._status.start()

    def _end_status(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def _tell_progress(self, progress: RunProgress) -> None:
        if progress.run_id != self._run_id:  # the next of several runs
            self._run_id, self._told, self._warned = progress.run_id, set(), 0
        for stage in progress.stages:
            if stage.state == "done" and stage.key not in self._told:
                self._told.add(stage.key)
                self._console.print(done_line(stage, progress))
        for warning in progress.warnings[self._warned :]:
            self._console.print(Text.assemble(("! ", "yellow"), warning))
        self._warned = len(progress.warnings)
        if self._console.is_terminal:
            self._move(progress)
        else:
            self._print_now_and_then(progress)

    def _move(self, progress: RunProgress) -> None:
        if self._live is None:
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()
        is_over = progress.state not in (RunState.PLANNED, RunState.RUNNING)
        self._live.update(Group() if is_over else moving_line(progress, self._console.width), refresh=True)

    def _print_now_and_then(self, progress: RunProgress) -> None:
        if progress.now and time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + QUIET_S
            self._console.print(Text(plain_line(progress)), soft_wrap=True)


def done_line(stage: Stage, progress: RunProgress) -> Text:
    """Return the line that stays when a stage has ended."""
    detail = stage.detail
    if stage.key == "train":
        losses = [
            _loss("mean loss of the last steps", progress.loss),
            _loss("validation loss", progress.validation_loss),
        ]
        detail = " · ".join([f"{progress.step:,} steps", *filter(None, losses)])
    return Text.assemble(("✓ ", "green"), stage.title, (f"  {detail}" if detail else "", "dim"))


def moving_line(progress: RunProgress, width: int) -> RenderableType:
    """Return the line of the stage at work: title, bar and facts, as much of them as fits."""
    stage = progress.now
    title = Text.assemble(("› ", "cyan"), stage.title if stage else "Loading the model")
    room = width - title.cell_len - 1
    words = facts(progress, room)
    bar_width = min(BAR_WIDTH, room - len(words) - 1)
    cells: list[RenderableType] = [title, Text(words, "dim", no_wrap=True, overflow="ellipsis")]
    if bar_width >= MIN_BAR_WIDTH:
        cells.insert(1, ProgressBar(total=1.0, completed=stage.share if stage else 0.0, width=bar_width))
    grid = Table.grid(padding=(0, 1))
    for _ in cells:
        grid.add_column(no_wrap=True)
    grid.add_row(*cells)
    return grid


def plain_line(progress: RunProgress) -> str:
    """Return the stage at work as a line without movement."""
    stage = progress.now
    assert stage is not None, "called only while a stage is at work"
    return f"› {stage.title}: {facts(progress)}"


def facts(progress: RunProgress, room: int = sys.maxsize) -> str:
    """Return count, loss, speed and time left of the stage at work; where room lacks, count and time stay."""
    stage = progress.now
    if stage is None:
        return as_left(progress.seconds_left)
    parts = [stage.detail.removeprefix("step ").removeprefix("row ")]
    if stage.key == "train" and progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
        if progress.tokens_per_s:
            parts.append(f"{progress.tokens_per_s:,.0f} tokens/s")
    parts = [part for part in (*parts, as_left(progress.seconds_left)) if part]
    while len(" · ".join(parts)) > room and len(parts) > 1:
        del parts[-2 if len(parts) > 2 else 0]
    return " · ".join(parts)


def as_left(seconds: float | None) -> str:
    """Return the time left in words, no more exact than it is."""
    return "" if seconds is None else f"{rough_duration(seconds)} left"


def _loss(name: str, value: float | None) -> str:
    return "" if value is None else f"{name} {value:.3f}"
