"""Contenders of a benchmark: each a program of its own, in the environment of whoever is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from aliquot.config.places import cache_dir

MODEL = "smollm2-135m-instruct"


def find_model() -> Path:
    """Return the folder of the prepared model."""
    folders = sorted((cache_dir() / "models").glob(f"{MODEL}-*"))
    if not folders:
        raise SystemExit(f"{MODEL} is not here: run `aliquot models fetch {MODEL}` first.")
    return folders[0]


def run_contender(python: str, program: str, job: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a program of this folder printed for a job: its last line of JSON.

    One that fails is named and left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        threads = {"OMP_NUM_THREADS": str(job["num_threads"]), "MKL_NUM_THREADS": str(job["num_threads"])}
        done = subprocess.run(
            [python, Path(__file__).with_name(program), path],
            env=os.environ | threads,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(f"{program} {job['precision']} failed: {done.stderr.strip()[-1000:]}", file=sys.stderr)
        return None
    return json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])
