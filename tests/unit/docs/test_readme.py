import pytest

from docs.readme import BLOCK, README, Block, find_fault, is_same


@pytest.mark.parametrize(
    ("expected", "found", "is_true"),
    [
        ("accuracy 0.90 [0.87, 0.93]", "accuracy 0.89 [0.86, 0.92]", True),
        ("accuracy 0.90", "accuracy 0.75", False),
        ("25 points [20, 30]", "28 points [23, 33]", True),
        ("tuned beats base", "base beats tuned", False),
        ("run 20261124-041654-film-reviews-21a1", "run 20270101-000000-film-reviews-ffff", True),
        ("training about 3 min", "training about 11 min", True),
        ("1,600 train", "1,200 train", False),
        ("a  b", "a b", True),
    ],
)
def test_what_counts_as_the_same(expected, found, is_true):
    assert is_same(expected, found) is is_true


def test_a_false_block_is_found_and_a_true_one_is_not():
    assert find_fault(Block("printf 'one\\ntwo\\nthree\\n'", "one\n…\nthree\n")) is None
    assert "but this is printed" in find_fault(Block("printf 'one\\ntwo\\n'", "one\nthree\n"))
    assert find_fault(Block("false", "anything\n"))


def test_the_readme_has_blocks_to_compare():
    commands = [match["command"] for match in BLOCK.finditer(README.read_text(encoding="utf-8"))]
    assert len([command for command in commands if "aliquot " in command]) >= 4
