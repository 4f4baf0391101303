"""Molecules as answers: ``molecule-1``, which reads a SMILES as its canonical form, by RDKit.

RDKit is an extra package (``aliquot[molecules]``) and is imported only when a molecule is read.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

from aliquot.errors import MachineError


def has_rdkit() -> bool:
    """Return whether molecules can be read here; RDKit is looked for, not loaded."""
    return importlib.util.find_spec("rdkit") is not None


def read_molecule(text: str) -> str | None:
    """Return the canonical SMILES of a SMILES, or None when RDKit reads no molecule in it.

    Stereochemistry, charges, isotopes and salts count; the order of atoms, aromatic or Kekulé form and
    outer white space do not. A name or a second word after the SMILES is refused.

    Raises:
        MachineError: RDKit is not installed.
    """
    molecule = parse_molecule(text)
    return None if molecule is None else load_rdkit().MolToSmiles(molecule)


def parse_molecule(text: str) -> Any | None:
    """Return RDKit's molecule of a SMILES, or None when there is none, or no atom in it."""
    chem, smiles = load_rdkit(), text.strip()
    if not smiles or len(smiles.split()) > 1:
        return None
    from rdkit import rdBase

    with rdBase.BlockLogs():  # what cannot be read is told by our own findings
        molecule = chem.MolFromSmiles(smiles)
    return molecule if molecule is not None and molecule.GetNumAtoms() else None


@cache
def load_rdkit() -> Any:
    """Return ``rdkit.Chem``.

    Raises:
        MachineError: RDKit is not installed.
    """
    try:
        from rdkit import Chem
    except ImportError as error:
        raise MachineError(
            "Molecules are read by RDKit, which is not installed.",
            code="package_missing",
            hint="pip install 'aliquot[molecules]', or set evaluate.task_type: text.",
        ) from error
    return Chem
