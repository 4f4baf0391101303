"""A plan becomes a run directory: whole, or not there at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aliquot.config.places import default_runs_dir
from aliquot.core.dataset import SPLITS, Split
from aliquot.core.files import new_folder, write_file
from aliquot.core.records import sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION, Spec
from aliquot.core.token_view import shorten
from aliquot.data.table import ExampleTable
from aliquot.errors import MachineError
from aliquot.tokenization.encoder import Encoder
from aliquot.version import __version__
from aliquot.workflows.plan import Planned
from aliquot.workflows.setting_names import command_line
from aliquot.workflows.show_data import view_example
from aliquot.workflows.surroundings import Surroundings

MAX_SLUG_CHARS = 32
MAX_KEPT_TOKENS = 400
MAX_KEPT_SEQUENCES = 4


def open_run(planned: Planned, runs_dir: Path | None, within: Surroundings) -> RunDir:
    """Create the directory of a new run, and tell the plan and where its report will be."""
    within.tell(planned.resolved.plan)
    run_dir = create_run(planned, runs_dir, within)
    within.tell(f"run   {run_dir.run_id}, report {run_dir.report_path}")
    return run_dir


def create_run(
    planned: Planned,
    runs_dir: Path | None,
    within: Surroundings,
    *,
    name: str = "",
    splits: Sequence[Split] = SPLITS,
) -> RunDir:
    """Create the directory of a new run: ``spec.json`` and ``rows/``.

    Args:
        planned: What to create.
        runs_dir: Where.
        within: The surroundings.
        name: Of the run; made from the time and the file when not given.
        splits: Splits whose rows the run gets. A run without test rows cannot look at them.

    Raises:
        MachineError: The folder cannot be written to, or the disk is too small or full; nothing is left
            behind.
    """
    now = within.now()
    name = name or run_id(now, planned.checked.report.file, within.token())
    folder = (runs_dir or default_runs_dir()) / name
    require_disk(folder.parent, planned.resolved.plan.estimate.disk_bytes)
    with new_folder(folder) as temporary:
        half_made = RunDir(temporary)
        hashes = write_rows(half_made, planned.checked.table, splits)
        _write_token_view(half_made, planned)
        if planned.start:
            half_made.start_path.parent.mkdir()
            shutil.copyfile(planned.start.weights, half_made.start_path)
        half_made.save_spec(build_spec(planned, run_id=name, now=now, rows_sha256=hashes))
    return RunDir(folder)


def require_writable(runs_dir: Path | None) -> None:
    """Refuse a folder that runs cannot be made in, before anything costly is done.

    Raises:
        MachineError: It cannot be written to (``not_writable``).
    """
    folder = runs_dir or default_runs_dir()
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return
    raise MachineError(
        "Runs cannot be made in this folder: it is not writable."
        if nearest.is_dir()
        else f"Runs cannot be made in this folder: {nearest} is a file.",
        code="not_writable",
        location=str(folder),
        hint="Choose another folder with --runs-dir, or set ALIQUOT_RUNS.",
    )


def require_disk(folder: Path, needed_bytes: int) -> None:
    """Refuse a run whose checkpoints would not fit the disk, before training finds out.

    Raises:
        MachineError: There is too little space (``disk_too_small``).
    """
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    if needed_bytes > free:
        raise MachineError(
            f"Checkpoints and weights need up to {needed_bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free.",
            code="disk_too_small",
            location=str(folder),
            hint="Make room, choose another disk with --runs-dir, or lower train.num_checkpoints_kept; "
            "train.method: lora needs far less.",
        )


def run_id(now: datetime, data_file: str, token: str) -> str:
    """Return a run's name: when, what, and four digits against coincidence; names sort by time."""
    slug = re.sub(r"[^a-z0-9]+", "-", Path(data_file).stem.lower()).strip("-")[:MAX_SLUG_CHARS].strip("-")
    return f"{now:%Y%m%d-%H%M%S}-{slug or 'run'}-{token}"


def build_spec(planned: Planned, *, run_id: str, now: datetime, rows_sha256: dict[str, str]) -> Spec:
    """Return everything that determines the run."""
    report, resolved = planned.checked.report, planned.resolved
    return Spec(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        created_at=now.isoformat(timespec="seconds"),
        aliquot_version=__version__,
        command=_command(planned),
        settings=planned.given.settings.model_dump(exclude_none=True, exclude_defaults=True),
        settings_by_study=tuple(name for name, origin in planned.given.origins.items() if origin == "study"),
        data=report,
        rows_sha256=rows_sha256,
        task=report.task,
        model=planned.base.model,
        plan=resolved.plan,
        training=resolved.training,
        prediction=resolved.prediction,
        evaluation=resolved.evaluation,
        start=planned.start.point if planned.start else None,
    )


def _command(planned: Planned) -> str:
    given = planned.given
    settings = {name: given.find(name) for name in given.origins}
    return command_line("run", [planned.checked.report.file], settings)


def write_rows(run_dir: RunDir, table: ExampleTable, splits: Sequence[Split]) -> dict[str, str]:
    """Write the examples of each split; return the hash of each file."""
    hashes: dict[str, str] = {}
    for split in splits:
        path = run_dir.rows_path(split)
        write_file(path, table.stored_lines(split))
        hashes[split] = sha256_file(path)
    return hashes


def _write_token_view(run_dir: RunDir, planned: Planned) -> None:
    """Keep the first training row as the model sees it: the report shows it when the model is long gone."""
    rows = planned.checked.examples.get("train", ())
    if rows:
        encoder = Encoder.load(planned.base.folder)
        window = planned.resolved.training.max_seq_len
        view = view_example(rows[0], encoder, base=planned.base.name, max_seq_len=window)
        kept = shorten(view, max_tokens=MAX_KEPT_TOKENS, max_sequences=MAX_KEPT_SEQUENCES)
        run_dir.save_token_view(kept)
