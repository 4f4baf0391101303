"""Coverage-guided fuzzing of the readers with atheris, from the samples of all formats.

    python -m tests.nightly.fuzz_readers -max_total_time=600

Ends with a traceback and a file ``crash-…`` when a reader does anything but read or refuse. The first
byte of each input chooses the name of the file, so that all formats are reached.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["aliquot.data"]):
    from tests.fixtures.mutations import SAMPLES, read_anything

NAMES = ("rows.jsonl", "rows.csv", "rows.txt", "rows.json", "rows.xlsx", "rows.parquet")


def fuzz_one(folder: Path, data: bytes) -> None:
    """Read one input."""
    path = folder / NAMES[data[0] % len(NAMES)] if data else folder / NAMES[0]
    path.write_bytes(data[1:])
    read_anything(path)


def main() -> None:
    """Fuzz until the time of the command line is over."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for sample in SAMPLES.iterdir():
            (corpus / sample.name).write_bytes(b"\0" + sample.read_bytes())
        place = Path(folder)
        atheris.Setup([*sys.argv, str(corpus)], lambda data: fuzz_one(place, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
