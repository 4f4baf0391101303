"""Similarity of molecules by their Morgan fingerprints, by RDKit."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from aliquot.core.molecule import parse_molecule
from aliquot.evaluation.answers import Answers, Floats

RADIUS = 2
NUM_BITS = 2048


def similarity_per_item(answers: Answers) -> Floats:
    """Return the Tanimoto similarity of each of N answers to the accepted molecule most like it."""
    pairs = zip(answers.parsed, answers.accepted, strict=True)
    return np.array([_similarity(answer, accepted) for answer, accepted in pairs])


def rdkit_version() -> str:
    """Return the version of RDKit, on which canonical forms and fingerprints depend."""
    import rdkit

    return rdkit.__version__


def _similarity(answer: str | None, accepted: tuple[str, ...]) -> float:
    if answer is None:
        return 0.0
    from rdkit.DataStructs import TanimotoSimilarity  # an extra package, and slow to load

    return max(TanimotoSimilarity(_fingerprint(answer), _fingerprint(right)) for right in accepted)


@lru_cache(maxsize=1 << 16)
def _fingerprint(smiles: str) -> Any:
    return _generator().GetFingerprint(parse_molecule(smiles))


@cache
def _generator() -> Any:
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    return GetMorganGenerator(radius=RADIUS, fpSize=NUM_BITS)
