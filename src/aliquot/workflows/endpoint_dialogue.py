"""A worker that asks an endpoint, followed until its end; Ctrl-C waits for what is paid for already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from aliquot.config.places import cache_dir
from aliquot.core.endpoint import EndpointNews
from aliquot.errors import Interrupted
from aliquot.workflows.endpoint_address import is_clear_text
from aliquot.workflows.surroundings import Doing, Surroundings

HINT = "The same command goes on from there and pays for nothing twice."

ReadLine = Callable[[str], EndpointNews | None]
"""Line of the worker → its news, or None when the line holds something else."""
InWords = Callable[[EndpointNews], str | Doing]


def warn_of_clear_text(url: str, what: str, within: Surroundings) -> None:
    """Tell that what is sent to an address can be read on its way, where it can."""
    if is_clear_text(url):
        within.tell(f"! {url} is not encrypted: {what} travel in clear text.")


def ask_through_worker(
    program: str,
    arguments: Sequence[str],
    request: str,
    *,
    read: ReadLine,
    in_words: InWords,
    noun: str,
    within: Surroundings,
) -> EndpointNews:
    """Let a worker ask an endpoint, tell its news, and return the last of them.

    The first Ctrl-C sends no more requests and waits for the answers that are under way; a second drops them.

    Args:
        program: The worker, such as ``predict_endpoint``.
        arguments: Of the worker, beside the folder of its cache.
        request: What it is asked.
        read: Takes each line of its reply.
        in_words: News → what is told of it.
        noun: What is waited for: ``answer`` or ``reply``; its plural is ``answers`` or ``replies``.
        within: The surroundings.

    Raises:
        Interrupted: Ctrl-C; what had come is kept.
        RunError: The endpoint refuses, or the cap on cost is reached.
    """
    plural = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"

    def follow(lines: Iterator[str]) -> EndpointNews:
        news = EndpointNews(kind="estimate", num_done=0, num_total=0)
        for line in lines:
            found = read(line)
            if found is None:
                continue
            news = found
            within.tell(in_words(news))
            if news.kind in ("done", "stopped"):
                break
        if news.kind == "stopped":
            raise _interrupted(f"Stopped after {news.num_done} of {news.num_total} {plural}; they are kept.")
        return news

    arguments = [*arguments, "--cache-dir", str(cache_dir() / "endpoint_answers")]
    with closing(within.target.open(program, arguments)) as dialogue:
        try:
            return follow(dialogue.ask(request))
        except KeyboardInterrupt:
            within.tell(
                f"Stopping after the {plural} under way; they are paid for. Ctrl-C again ends at once."
            )
        try:
            return follow(dialogue.ask("stop"))
        except KeyboardInterrupt:
            raise _interrupted(f"Stopped; every {noun} that had come is kept.") from None


def _interrupted(message: str) -> Interrupted:
    return Interrupted(message, code="stopped", hint=HINT)
