"""Extensions by folder: a module in an extension folder is an extension, named by its file.

A data format, a metric, an export writer, a compute target or an inference engine is one file with
one upper-case attribute. Third parties add theirs through entry points of the group
``aliquot.<folder>``. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from aliquot.errors import InputError


def list_extensions(package: str) -> tuple[str, ...]:
    """Return the sorted names of the extensions of a folder, ``package`` being its dotted name."""
    folder = importlib.import_module(package)
    own = {module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_")}
    return tuple(sorted(own | {point.name for point in _third_party(package)}))


def get_extension(package: str, name: str, attribute: str) -> Any:
    """Return the object ``attribute`` of the extension ``name``.

    Raises:
        InputError: No such extension; the message lists the known names.
    """
    known = list_extensions(package)
    if name not in known:
        kind = package.rpartition(".")[2].rstrip("s")
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
        raise InputError(f"No {kind} is called {name!r}.", code=f"unknown_{kind}", hint=hint)
    for point in _third_party(package):
        if point.name == name:
            return getattr(point.load(), attribute)
    return getattr(importlib.import_module(f"{package}.{name}"), attribute)


@cache
def _third_party(package: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of others; looked up once, because every installed package is asked."""
    return tuple(entry_points(group=f"aliquot.{package.rpartition('.')[2]}"))
