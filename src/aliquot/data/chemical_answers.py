"""Answers that are chemistry: formulas of compositions, and molecules as SMILES.

Called by the task's inference with each different answer and how often it occurs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aliquot.core.formula import read_formula
from aliquot.core.molecule import has_rdkit, read_molecule

MIN_DIFFERENT = 10
"""Fewer different answers than that are too few to tell chemistry from abbreviations."""
TYPICAL_SHARE = 0.8
"""Share of the answers that must show what only formulas, or only SMILES, have."""
SCORED_AS_TEXT = (
    "They are compared as texts, because RDKit is not installed; to compare molecules: "
    "pip install 'aliquot[molecules]'."
)

_AMOUNT = re.compile(r"[A-Z][a-z]?[0-9₀-₉]|\)[0-9₀-₉]")
_CHAIN = re.compile(r"([A-Z][a-z]?)\1(?![a-z])")
"""One element twice in a row: usual in SMILES, unknown in formulas."""
_SMILES = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$%/\\.:*~]+")
_BONDS = re.compile(r"[=#\[(]|[A-Za-z\]][0-9]|CC")


def find_compositions(counts: Mapping[str, int]) -> str | None:
    """Return the evidence that answers are formulas of compositions, or None when they are not.

    Args:
        counts: How often each different answer occurs.
    """
    if not _are_typical(counts, _AMOUNT) or any(_CHAIN.search(text) for text in counts):
        return None
    forms = {read_formula(text) for text in counts}
    if None in forms:
        return None
    return (
        f"All {sum(counts.values()):,} references are chemical formulas: {len(counts):,} different ones of "
        f"{len(forms):,} compositions, such as {min(counts)!r}."
    )


def find_molecules(counts: Mapping[str, int]) -> str | None:
    """Return the evidence that answers are molecules, or None when they are not.

    Without RDKit it goes by their looks alone and says that they are compared as texts.

    Args:
        counts: How often each different answer occurs.
    """
    if not _are_typical(counts, _BONDS) or not all(_SMILES.fullmatch(text.strip()) for text in counts):
        return None
    total = sum(counts.values())
    if not has_rdkit():
        return f"All {total:,} references look like SMILES. {SCORED_AS_TEXT}"
    molecules = set()
    for text in counts:
        molecule = read_molecule(text)
        if molecule is None:
            return None
        molecules.add(molecule)
    return (
        f"All {total:,} references are SMILES that RDKit reads: {len(counts):,} different texts, "
        f"{len(molecules):,} different molecules."
    )


def _are_typical(counts: Mapping[str, int], pattern: re.Pattern[str]) -> bool:
    typical = sum(count for text, count in counts.items() if pattern.search(text))
    return len(counts) >= MIN_DIFFERENT and typical >= TYPICAL_SHARE * sum(counts.values())
