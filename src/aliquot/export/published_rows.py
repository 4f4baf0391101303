"""The files of rows in a run directory, as data cards describe them."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.dataset import SPLITS
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import ScoringSpec
from aliquot.export.croissant import DataFile


def list_row_files(run_dir: RunDir, spec: ScoringSpec) -> tuple[DataFile, ...]:
    """Return ``rows/<split>.jsonl`` with the hashes of the specification; a file that is gone is left out."""
    paths = {split: run_dir.rows_path(split) for split in SPLITS if split in spec.rows_sha256}
    return tuple(
        DataFile(
            path=path.relative_to(run_dir.path).as_posix(),
            sha256=spec.rows_sha256[split],
            num_bytes=path.stat().st_size,
            split=split,
            has_metadata=_has_metadata(path),
        )
        for split, path in paths.items()
        if path.is_file()
    )


def _has_metadata(path: Path) -> bool:
    """Return whether a stored row has metadata; within texts the quotes of JSON are escaped."""
    with path.open("rb") as file:
        return any(b'"metadata":{"' in line for line in file)
