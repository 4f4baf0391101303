"""The help text of every verb, as the command line prints it on a terminal of 80 columns."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Iterator
from unittest import mock

import typer.main

from aliquot.cli.app import VERBS, call


def list_helps() -> Iterator[tuple[str, str]]:
    """Yield the words of each verb, those of its own verbs after it, with the help text."""
    for verb in VERBS:
        yield verb, read_help(verb)
        command = typer.main.get_command(importlib.import_module(f"aliquot.cli.{verb}").app)
        for name in getattr(command, "commands", {}):
            yield f"{verb} {name}", read_help(verb, name)


def read_help(*words: str) -> str:
    """Return what ``aliquot WORDS --help`` prints.

    Raises:
        RuntimeError: It fails.
    """
    printed = io.StringIO()
    with mock.patch.dict(os.environ, {"COLUMNS": "80"}), contextlib.redirect_stdout(printed):
        if call([*words, "--help"]) != 0:
            raise RuntimeError(f"`aliquot {' '.join(words)} --help` failed")
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())
