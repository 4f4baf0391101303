from aliquot.data.scaffold import find_scaffolds


def test_side_chains_do_not_count_and_rings_do():
    numbers, is_bad = find_scaffolds(["Cc1ccccc1", "OCCc1ccccc1", "C1CCCCC1", "c1ccncc1C"])
    assert not is_bad.any()
    assert numbers[0] == numbers[1]
    assert len(set(numbers.tolist())) == 3


def test_a_linker_between_rings_belongs_to_the_scaffold():
    numbers, _ = find_scaffolds(["c1ccccc1CCc1ccccc1", "c1ccccc1c1ccccc1"])
    assert numbers[0] != numbers[1]


def test_a_chain_stands_for_itself_however_it_is_written():
    numbers, is_bad = find_scaffolds(["CCO", "OCC", "CCCO"])
    assert not is_bad.any()
    assert numbers[0] == numbers[1] != numbers[2]


def test_what_cannot_be_read_is_marked_and_ties_to_nothing():
    numbers, is_bad = find_scaffolds(["CCO", "c1ccccc", None, ""])
    assert numbers[1:].tolist() == [-1, -1, -1]
    assert is_bad.tolist() == [False, True, True, True]
