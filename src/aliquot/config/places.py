"""Where Aliquot keeps things: the cache of prepared models, and runs.

``ALIQUOT_HOME`` moves the cache, ``ALIQUOT_RUNS`` the runs; both may start with ``~``.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Return the absolute folder for what can be made again; it may not exist yet."""
    given = os.environ.get("ALIQUOT_HOME")
    return _absolute(given) if given else platformdirs.user_cache_path("aliquot")


def models_dir() -> Path:
    """Return the folder of prepared models, one folder each."""
    return cache_dir() / "models"


def default_runs_dir() -> Path:
    """Return the absolute folder of runs: ``ALIQUOT_RUNS``, else ``runs`` in the working folder."""
    return _absolute(os.environ.get("ALIQUOT_RUNS") or "runs")


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(Path(text).expanduser()))
