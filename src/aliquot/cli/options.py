"""Arguments and flags that verbs share; the flags of settings follow from the settings schema."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.config.schema import SettingRecord, list_settings
from aliquot.errors import InputError
from aliquot.workflows.setting_names import flag_name, full_name, short_name

Data = Annotated[Path, typer.Argument(help="File of rows.", metavar="FILE", show_default=False)]
Run = Annotated[
    str,
    typer.Argument(
        help="A run: its name, the beginning of one, its folder, or `last`.",
        metavar="RUN",
        show_default=False,
    ),
]
RunsDir = Annotated[
    Path | None,
    typer.Option("--runs-dir", help="Folder of runs (else ALIQUOT_RUNS, else ./runs).", metavar="FOLDER"),
]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file in YAML; flags win over it.", metavar="FILE")
]
Bases = Annotated[
    list[str] | None,
    typer.Option(
        "--base",
        help="Base model: a name of `aliquot models list`, a Hub id (owner/name@revision), a folder or a "
        "GGUF file. Give it again to tune and compare several on the same rows. Chosen by a rule by default.",
        metavar="NAME",
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        help="Base model: a name of `aliquot models list`, a Hub id (owner/name@revision), a folder or a "
        "GGUF file. Chosen by a rule by default.",
        metavar="NAME",
    ),
]
Split = Annotated[
    str,
    typer.Option("--split", help="Rows of the run: train, validation or test.", metavar="SPLIT"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Stop after planning; nothing is created.")]
CreateOnly = Annotated[
    bool,
    typer.Option(
        "--create-only", help="Create all runs and start none: each is a job for `aliquot resume RUN`."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_METAVARS = {"a whole number": "N", "a number": "X"}
_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def takes_settings(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb a flag for each basic setting, and ``--set`` for all others.

    The verb receives those given in its parameter ``settings``, by full name.
    """
    return _with_flags(verb, [one for one in list_settings() if one.name != "base"])


def takes_data_settings(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the flags of those basic settings that say how data are read."""
    return _with_flags(verb, [one for one in list_settings() if one.name.startswith("data.")])


def takes_scoring_settings(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the flags of those basic settings that say how answers are scored."""
    return _with_flags(verb, [one for one in list_settings() if one.name.startswith("evaluate.")])


def _with_flags(verb: Callable[..., Any], known: Sequence[SettingRecord]) -> Callable[..., Any]:
    basic = {short_name(one.name): one for one in known if one.level == "basic"}

    @functools.wraps(verb)
    def wrapper(**given: Any) -> Any:
        texts = {name: given.pop(name) for name in basic}
        settings = {
            basic[name].name: as_value(basic[name], text) for name, text in texts.items() if text is not None
        }
        settings |= read_assignments(given.pop("assignments") or ())
        return verb(**given, settings=settings)

    own = [
        one for one in inspect.signature(verb, eval_str=True).parameters.values() if one.name != "settings"
    ]
    parameters = [*own[:-2], *map(_flag, basic.values()), _SET, *own[-2:]]  # --json and --debug stay last
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapper


def read_assignments(texts: Sequence[str]) -> dict[str, Any]:
    """Return the settings of ``--set name=value``, by full name.

    Raises:
        InputError: There is no ``=``, or the base is among them.
    """
    known = {one.name: one for one in list_settings()}
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(
                f"Found {text!r}, expected a name, an equals sign and a value.",
                code="setting_invalid",
                location="--set",
                hint="For example --set train.lora_alpha=64",
            )
        full = full_name(name.strip())
        if full == "base":
            raise InputError(
                "Found base among --set; it has an option of its own.",
                code="setting_invalid",
                location="--set",
                hint=f"For example --base {value.strip() or 'smollm2-135m-instruct'}",
            )
        settings[full] = as_value(known[full], value) if full in known else value
    return settings


def as_value(setting: SettingRecord, text: str) -> Any:
    """Return what a text means for a setting; one that means nothing is returned as it is, to be refused."""
    text = text.strip()
    try:
        return as_seconds(text) if setting.unit == "s" else _reader(setting.type)(text)
    except ValueError:
        return text


def as_seconds(text: str) -> float:
    """Return a duration in seconds: ``90``, ``90s``, ``5m``, ``1h30m``.

    Raises:
        ValueError: It is none.
    """
    parts = _DURATION.findall(text.lower())
    if not parts or "".join(number + unit for number, unit in parts) != re.sub(r"\s+", "", text.lower()):
        raise ValueError(text)
    try:
        return sum(float(number) * _UNITS_S[unit or "s"] for number, unit in parts)
    except KeyError:
        raise ValueError(text) from None


def as_seeds(text: str | None) -> int | list[int] | None:
    """Return how many seeds (``3``) or which (``0,7,42``) a text means.

    Raises:
        InputError: It holds something else than whole numbers.
    """
    if text is None:
        return None
    try:
        listed = [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"Found {text!r} for seeds, expected a number or numbers with commas between.",
            code="seeds_invalid",
            location="--seeds",
            hint="Give how many (--seeds 3) or which (--seeds 0,7,42).",
        ) from None
    return listed if "," in text else listed[0]


def _as_bool(text: str) -> bool:
    try:
        return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _as_list(text: str) -> list[str]:
    return [item.strip() for item in text.strip("[]").split(",") if item.strip()]


def _reader(kind: str) -> Callable[[str], Any]:
    """Return what reads a text as a kind of value, in the words of the settings schema."""
    if kind.startswith("a list"):
        return _as_list
    return {"a whole number": int, "a number": float, "true or false": _as_bool}.get(kind, str)


def _flag(setting: SettingRecord) -> inspect.Parameter:
    words = setting.type.removeprefix("one of ")
    choices = f" ({words})" if words != setting.type else ""
    option = typer.Option(
        flag_name(setting.name),
        help=f"{setting.help.removesuffix('.')}{choices}.",
        metavar="TIME" if setting.unit == "s" else _METAVARS.get(setting.type, "WORD"),
        show_default=False,
    )
    return inspect.Parameter(
        short_name(setting.name),
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, option],
    )


_SET = inspect.Parameter(
    "assignments",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Any other setting, for example train.lora_alpha=64.", metavar="NAME=VALUE"
        ),
    ],
)
