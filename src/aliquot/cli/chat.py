"""``aliquot chat``: talk to a model."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, RunsDir
from aliquot.errors import InputError
from aliquot.workflows.chat import MAX_NEW_TOKENS, Chat
from aliquot.workflows.chat import chat as chat_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def chat(
    model: Annotated[
        str,
        typer.Argument(
            help="A run (its tuned model answers) or a base model.", metavar="RUN|BASE", show_default=False
        ),
    ],
    *,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="Say this and end after the answer.", metavar="TEXT")
    ] = None,
    system: Annotated[
        str,
        typer.Option("--system", help="System message; that of the run's rows by default.", metavar="TEXT"),
    ] = "",
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", help="Longest answer.", min=1, metavar="N")
    ] = MAX_NEW_TOKENS,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Talk to a tuned model or a base model; an empty line or Ctrl-D ends it."""
    if as_json and message is None:
        raise InputError(
            "--json needs --message.", code="usage", location="aliquot chat", hint="Add -m TEXT."
        )
    with render.news(as_json=as_json) as tell:
        conversation = chat_workflow(model, system=system, runs_dir=runs_dir, within=Surroundings(tell=tell))
    with conversation:
        if message is not None:
            _answer_once(conversation, message, max_new_tokens, as_json=as_json)
            return
        render.line(f"Talking to {conversation.title}. An empty line ends it.")
        _converse(conversation, max_new_tokens)


def _answer_once(conversation: Chat, message: str, max_new_tokens: int, *, as_json: bool) -> None:
    pieces = conversation.say(message, max_new_tokens=max_new_tokens)
    if as_json:
        render.show(
            {"model": conversation.title, "message": message, "answer": "".join(pieces)}, as_json=True
        )
    else:
        render.stream(pieces)


def _converse(conversation: Chat, max_new_tokens: int) -> None:
    while text := render.ask("you › " if sys.stdin.isatty() else "").strip():
        render.stream(conversation.say(text, max_new_tokens=max_new_tokens))
