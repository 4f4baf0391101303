import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.units import Units, assign_folds, build_units, choose_units, order_units
from tests.unit.data.rows import example, table_of

ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("xy"), st.none() | st.sampled_from("GH")),
    max_size=40,
)


def build(examples, *, is_stratified=False):
    table = table_of(examples)
    pool = np.arange(len(table))
    return table, build_units(table, pool, is_stratified=is_stratified, ties=[table.group_N])


def lines_together(examples):
    _, units = build(examples)
    sets: dict[int, tuple] = {}
    for item, unit in zip(examples, units.unit_M.tolist(), strict=True):
        sets[unit] = (*sets.get(unit, ()), item.line)
    return set(sets.values())


def made(*sizes_and_strata):
    """Units of these sizes and strata, in this order."""
    sizes, strata = np.array(sizes_and_strata).T
    return Units(np.repeat(np.arange(len(sizes)), sizes), sizes, np.zeros(len(sizes), int), strata)


def choose(units, num_rows, order=None):
    order = np.arange(len(units.size_U)) if order is None else order
    return np.flatnonzero(choose_units(units, order, num_rows)).tolist()


def test_the_same_prompt_but_for_case_and_space_is_one_unit():
    examples = [
        example("Red  acid", "1", line=1),
        example("red Acid", "2", line=2),
        example("c", "1", line=3),
    ]
    assert lines_together(examples) == {(1, 2), (3,)}


def test_groups_and_prompts_tie_rows_together_across_each_other():
    examples = [
        example("a", "1", line=1, group="G"),
        example("b", "1", line=2, group="G"),
        example("b", "2", line=3, group="H"),
        example("c", "1", line=4),
    ]
    assert lines_together(examples) == {(1, 2, 3), (4,)}


def test_a_prompt_that_stands_in_every_row_ties_only_equal_contents():
    examples = [example("Write a colour.", f"colour {i % 8}", line=i) for i in range(16)]
    assert lines_together(examples) == {(i, i + 8) for i in range(8)}


def test_the_stratum_is_the_most_frequent_answer_and_among_equals_the_first_in_the_alphabet():
    examples = [*[example("a", answer) for answer in "xyy"], example("b", "y"), example("b", "x")]
    _, units = build(examples, is_stratified=True)
    assert units.stratum_U.tolist() == [1, 0]  # y, x: places in the alphabet


@given(ROWS)
def test_units_are_a_partition_and_part_neither_prompt_nor_group(rows):
    examples = [example(*row[:2], group=row[2], line=i) for i, row in enumerate(rows)]
    _, units = build(examples, is_stratified=True)
    assert len(units.unit_M) == len(examples) == units.size_U.sum()
    for key in (lambda item: item.group, lambda item: item.content_hash):
        where = {}
        for item, unit in zip(examples, units.unit_M.tolist(), strict=True):
            assert key(item) is None or where.setdefault(key(item), unit) == unit


def test_each_stratum_gives_its_share():
    units = made(*[(1, stratum) for stratum, count in enumerate((60, 30, 10)) for _ in range(count)])
    assert np.bincount(units.stratum_U[choose(units, 20)]).tolist() == [12, 6, 2]


def test_the_only_row_of_a_label_is_never_taken():
    units = made((1, 1), *[(1, 0)] * 19)
    assert len(choose(units, 10)) == 10
    assert 0 not in choose(units, 10)


def test_no_more_rows_are_taken_than_wanted_and_small_units_fill_the_rest():
    units = made((30, 0), *[(3, 0)] * 10)
    assert units.size_U[choose(units, 10)].sum() == 9


def test_when_every_unit_is_too_large_the_smallest_is_taken_if_half_the_rows_remain():
    assert choose(made((30, 0), (20, 0)), 5) == [1]
    assert choose(made((30, 0)), 5) == []
    assert choose_units(made((1, 0)), np.array([], int), 5).tolist() == []


def test_the_salt_changes_the_order_and_the_order_of_rows_does_not():
    def ordered(examples, salt):
        table, units = build(examples)
        order = order_units(units, table, np.arange(len(table)), salt)
        return [examples[place].line for place in units.first_U[order]]

    examples = [example(f"p{i}", "a", line=i) for i in range(50)]
    assert ordered(examples, "0:test") == ordered(examples[::-1], "0:test") != ordered(examples, "1:test")


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(2, 7),
)
def test_folds_are_a_partition_of_like_sizes(sizes_and_strata, num_folds):
    units = made(*sizes_and_strata)
    fold_U = assign_folds(units, np.arange(len(units.size_U)), num_folds)
    rows_F = np.bincount(fold_U, weights=units.size_U, minlength=num_folds)
    assert rows_F.sum() == units.size_U.sum()
    for stratum in range(3):
        is_of = units.stratum_U == stratum
        rows = np.bincount(fold_U[is_of], weights=units.size_U[is_of], minlength=num_folds)
        assert rows.max() - rows.min() <= units.size_U[is_of].max(initial=0)


def test_ten_single_rows_of_two_labels_make_five_folds_of_one_each():
    units = made(*[(1, place % 2) for place in range(10)])
    fold_U = assign_folds(units, np.arange(10), 5)
    for fold in range(5):
        assert units.stratum_U[fold_U == fold].tolist() in ([0, 1], [1, 0])
