"""Bemis-Murcko scaffolds of molecules: ring systems and linkers without side chains.

Bemis and Murcko 1996, doi 10.1021/jm9602928, as RDKit computes them. Molecules of one scaffold in train and
test let a model look better than it is on new chemistry.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aliquot.errors import MachineError


def find_scaffolds(smiles: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return a number for the scaffold of each of M molecules, and whether each could not be read.

    A molecule without rings has no scaffold: it stands for itself, by its canonical SMILES. One that cannot
    be read gets -1, which ties it to nothing.

    Raises:
        MachineError: RDKit is not installed (``package_missing``).
    """
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol
    except ImportError as error:
        raise MachineError(
            "Splits by scaffold need RDKit, which is not installed.",
            code="package_missing",
            hint="pip install 'aliquot[molecules]'",
        ) from error
    names: dict[str, int] = {}
    scaffold_M = np.full(len(smiles), -1, np.int64)
    is_bad_M = np.zeros(len(smiles), bool)
    with rdBase.BlockLogs():  # what cannot be read becomes a finding
        for row, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text) if text else None
            if molecule is None or not molecule.GetNumAtoms():
                is_bad_M[row] = True
            else:
                name = Chem.MolToSmiles(GetScaffoldForMol(molecule)) or Chem.MolToSmiles(molecule)
                scaffold_M[row] = names.setdefault(name, len(names))
    return scaffold_M, is_bad_M
