"""The program ``aliquot``: finds the verb, runs it, and turns every failure into one clear message.

A verb's module is imported only when the verb is called, so ``aliquot --help`` answers at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, MutableMapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from aliquot.errors import AliquotError, InputError, Interrupted

VERBS = {
    "run": "Tune a model on a file of rows, score it, write the report: everything below in one go.",
    "check": "Say what is in a data file and what is wrong with it.",
    "data": "Convert a data file, write its test prompts, look at rows token by token as the model will.",
    "plan": "Show every setting with its value, who set it and why, and what the run will take.",
    "sweep": "Try settings in short runs, judged on validation rows; say which to take.",
    "crossval": "Tune once per fold, so that each row is test exactly once; score all answers together.",
    "curve": "Tune on fewer and fewer rows; say what more rows would bring.",
    "bench": "Tune several bases on one or more files with several seeds; compare them on the same rows.",
    "train": "Tune only; predict, evaluate and report can follow.",
    "predict": "Let the models of a run answer its held-out rows.",
    "evaluate": "Score the answers of a run again.",
    "compare": "Compare models of any runs and folders that have answered the same items.",
    "report": "Write the report and the files for a paper again.",
    "chat": "Talk to a tuned model or a base model.",
    "runs": "List, show and delete runs.",
    "models": "List, fetch and show base models.",
    "resume": "Go on with a run that was interrupted, or follow one that is at work.",
    "checkpoint": "Save a run that is training now; it goes on.",
    "cancel": "End a run for good, or stop it to be resumed.",
    "doctor": "Is this machine fit? With the remedy for each fault.",
    "version": "Show the version.",
}


class _Commands(MutableMapping[str, Any]):
    """The verbs by name; each is imported when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        if name not in VERBS:
            raise KeyError(name)
        command = typer.main.get_command(importlib.import_module(f"aliquot.cli.{name}").app)
        command.name = name
        return command

    def __setitem__(self, name: str, command: Any) -> None:
        raise NotImplementedError("verbs are the files of this folder")

    def __delitem__(self, name: str) -> None:
        raise NotImplementedError("verbs are the files of this folder")

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


class _Verbs(TyperGroup):
    """The group of all verbs, whose help needs none of them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    subcommand_metavar="VERB …",
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="`aliquot VERB --help` tells more. Every verb takes --json (one document on stdout) and --debug.",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        raise typer.Exit(call(["version"]))


@app.callback()
def aliquot(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Fine-tune open-weight language models, and publish exactly what you did.

    One file in, one command, one result: `aliquot run data.jsonl`
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit with 0, or with the exit code of the error's class."""
    words = sys.argv[1:] if arguments is None else arguments
    sys.exit(call(words or ["--help"]))


def call(words: list[str]) -> int:
    """Run the program and return its exit code."""
    options = words[: words.index("--")] if "--" in words else words
    try:
        code = typer.main.get_command(app)(args=words, prog_name="aliquot", standalone_mode=False)
        if code == Interrupted.exit_code:  # the library catches Ctrl-C itself
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except AliquotError as error:
        return _fail(error, options)
    except typer.TyperException as error:
        return _fail(_as_input_error(error), options)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(Interrupted("Stopped; nothing half-written is left.", code="interrupted"), options)
    except BrokenPipeError:  # the reader of a pipe, `head` for example, has seen enough
        sys.stdout = None  # type: ignore[assignment]
        return 0
    except Exception as error:  # noqa: BLE001 - the edge of the process: what gets here is our own fault
        return _fail(_as_bug(error), options)


def _fail(error: AliquotError, options: list[str]) -> int:
    from aliquot.cli import render

    render.fail(error, as_json="--json" in options, is_debug="--debug" in options)
    return error.exit_code


def _as_input_error(error: typer.TyperException) -> InputError:
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else "aliquot"
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return InputError(message, code="usage", location=verb, hint=f"See `{verb} --help`.")


def _as_bug(error: Exception) -> AliquotError:
    from aliquot.cli.crash import save_traceback

    fault = AliquotError(
        f"This is a bug in Aliquot, not a fault of yours: {type(error).__name__}: {error}",
        code="bug",
        location=save_traceback(error),
        hint="Please report it with that file; --debug shows it here.",
    )
    fault.__cause__ = error
    return fault
