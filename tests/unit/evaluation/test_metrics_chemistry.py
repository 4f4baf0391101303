"""Metrics of molecules and compositions: examples by hand and bad answers."""

import pytest

from aliquot.core.formula import read_formula
from aliquot.core.molecule import read_molecule
from aliquot.evaluation.metric import get_metric
from tests.fixtures.answers import make_answers


def _value(name, task, references, outputs, **more):
    return get_metric(name).compute(make_answers(task, references, outputs, **more))


def test_a_molecule_may_be_written_in_another_way():
    answers = make_answers("molecule", ["CCO", "c1ccccc1"], ["OCC", "C1=CC=CC=C1"])
    assert get_metric("exact_match").compute(answers) == 0
    assert get_metric("molecule_match").compute(answers) == 1
    assert get_metric("tanimoto").compute(answers) == 1
    assert "RDKit 20" in get_metric("molecule_match").signature(answers)


@pytest.mark.parametrize(
    "output",
    ["", "CC", "CCN", "C1CC", "CCO ethanol", "[CH3][CH2][O-]", "ethanol"],
    ids=["empty", "truncated", "wrong but plausible", "unparsable", "words", "charged", "a name"],
)
def test_bad_molecules_lose_both_scores(output):
    assert _value("molecule_match", "molecule", ["CCO"], [output]) == 0
    assert _value("tanimoto", "molecule", ["CCO"], [output]) < 1


def test_stereochemistry_counts():
    assert read_molecule("C[C@H](N)O") != read_molecule("C[C@@H](N)O")


def test_tanimoto_is_shared_bits_by_all_bits():
    from rdkit import Chem
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    generator = GetMorganGenerator(radius=2, fpSize=2048)
    bits = [set(generator.GetFingerprint(Chem.MolFromSmiles(text)).GetOnBits()) for text in ("CCO", "CO")]
    expected = len(bits[0] & bits[1]) / len(bits[0] | bits[1])
    assert 0 < expected < 1
    assert _value("tanimoto", "molecule", ["CCO"], ["CO"]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fe2O3", "O3Fe2"),
        ("Fe2O3", "Fe4O6"),
        ("La0.5Sr0.5MnO3", "LaSrMn2O6"),
        ("Ca(OH)2", "CaO2H2"),
        ("CuSO4·5H2O", "CuSO4 · 5H2O"),
        ("Fe₂O₃", "Fe2O3"),
        ("K4[Fe(CN)6]", "K4FeC6N6"),
    ],
)
def test_compositions_are_equal_in_their_ratio(one, other):
    assert read_formula(one) == read_formula(other) is not None
    assert _value("composition_match", "composition", [one], [other]) == 1


@pytest.mark.parametrize(
    "output",
    ["", "Fe2O", "Fe3O4", "FE2O3", "iron oxide", "Fe2O3 powder", "FexOy", "Fe2(O3", "Fe3+", "Xx2O3", "Fe0"],
)
def test_bad_compositions_are_no_match(output):
    assert _value("composition_match", "composition", ["Fe2O3"], [output]) == 0


def test_any_accepted_composition_may_be_met():
    assert _value("composition_match", "composition", ["FeO"], ["Fe2O3"], also_accepted=[("Fe4O6",)]) == 1
