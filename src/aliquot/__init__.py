"""Aliquot: fine-tune open-weight language models on any machine, and publish exactly what you did.

    import aliquot

    result = aliquot.run("reviews.jsonl", num_epochs=2)
    result.evaluation.headline

The verbs of the command line, with the same words and the same records; settings are keywords. Each is
imported when it is first used, so that ``import aliquot`` costs nothing. ``load`` keeps a model, as no
command line can; there it is ``predict --prompts``.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from aliquot.version import __version__

if TYPE_CHECKING:
    from aliquot.workflows.bench import bench
    from aliquot.workflows.cancel import cancel
    from aliquot.workflows.chat import chat
    from aliquot.workflows.check import check
    from aliquot.workflows.checkpoint import checkpoint
    from aliquot.workflows.compare import compare
    from aliquot.workflows.crossval import crossval
    from aliquot.workflows.curve import curve
    from aliquot.workflows.doctor import doctor
    from aliquot.workflows.evaluate import evaluate
    from aliquot.workflows.load import load
    from aliquot.workflows.pipeline import run
    from aliquot.workflows.plan import plan
    from aliquot.workflows.predict import predict
    from aliquot.workflows.report import report
    from aliquot.workflows.resume import resume
    from aliquot.workflows.sweep import sweep
    from aliquot.workflows.train import train

    data: Any
    models: Any
    runs: Any

_VERBS: dict[str, str] = {
    "bench": "bench:bench",
    "cancel": "cancel:cancel",
    "chat": "chat:chat",
    "check": "check:check",
    "checkpoint": "checkpoint:checkpoint",
    "compare": "compare:compare",
    "crossval": "crossval:crossval",
    "curve": "curve:curve",
    "doctor": "doctor:doctor",
    "evaluate": "evaluate:evaluate",
    "load": "load:load",
    "plan": "plan:plan",
    "predict": "predict:predict",
    "report": "report:report",
    "resume": "resume:resume",
    "run": "pipeline:run",
    "sweep": "sweep:sweep",
    "train": "train:train",
}
_GROUPS: dict[str, dict[str, str]] = {
    "data": {
        "convert": "convert:convert",
        "prompts": "prompts:write_prompts",
        "show": "show_data:show_data",
    },
    "models": {"list": "models:list_models", "fetch": "models:fetch_model", "show": "models:show_model"},
    "runs": {
        "list": "runs:list_runs",
        "show": "runs:show_run",
        "delete": "runs:delete_run",
    },
}

__all__ = [
    "__version__",
    "bench",
    "cancel",
    "chat",
    "check",
    "checkpoint",
    "compare",
    "crossval",
    "curve",
    "data",
    "doctor",
    "evaluate",
    "load",
    "models",
    "plan",
    "predict",
    "report",
    "resume",
    "run",
    "runs",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        return _load(_VERBS[name])
    if name in _GROUPS:
        return SimpleNamespace(**{verb: _load(place) for verb, place in _GROUPS[name].items()})
    raise AttributeError(
        f"module 'aliquot' has no attribute {name!r}; its verbs are {', '.join(__all__[1:])}"
    )


def __dir__() -> list[str]:
    return __all__


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"aliquot.workflows.{module}"), name)


class _CallableModule(ModuleType):
    """A module that is also the verb of the same name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        *_, parent, name = self.__name__.split(".")
        return _load(_GROUPS.get(parent, _VERBS)[name])(*args, **kwargs)


class _Group(ModuleType):
    """A package (``data``) that also has the verbs of the group of the same name."""

    def __getattr__(self, name: str) -> Any:
        verbs = _GROUPS[self.__name__.rpartition(".")[2]]
        if name in verbs:
            return _load(verbs[name])
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _GROUPS[self.__name__.rpartition(".")[2]] and isinstance(value, ModuleType):
            value.__class__ = _CallableModule
        super().__setattr__(name, value)


class _Api(ModuleType):
    """This package: importing a package called like a verb (``plan``) or a group must not hide it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in (*_VERBS, *_GROUPS):
            value.__class__ = _CallableModule if name in _VERBS else _Group
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Api
