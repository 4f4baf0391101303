"""The files of rows in a run directory, as data cards describe them."""

from __future__ import annotations

from aliquot.core.dataset import SPLITS
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.export.croissant import DataFile


def list_row_files(run_dir: RunDir, spec: Spec) -> tuple[DataFile, ...]:
    """Return ``rows/<split>.jsonl`` with the hashes of the specification; a file that is gone is left out."""
    paths = {split: run_dir.rows_path(split) for split in SPLITS if split in spec.rows_sha256}
    return tuple(
        DataFile(
            path=path.relative_to(run_dir.path).as_posix(),
            sha256=spec.rows_sha256[split],
            num_bytes=path.stat().st_size,
            split=split,
        )
        for split, path in paths.items()
        if path.is_file()
    )
