from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.units import Unit, build_units, choose_units
from tests.unit.data.rows import example

ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("xy"), st.none() | st.sampled_from("GH")),
    max_size=40,
)


def lines_together(examples, units):
    return {tuple(sorted(examples[index].line for index in unit.members)) for unit in units}


def test_the_same_prompt_but_for_case_and_space_is_one_unit():
    examples = [
        example("Red  acid", "1", line=1),
        example("red Acid", "2", line=2),
        example("c", "1", line=3),
    ]
    assert lines_together(examples, build_units(examples, is_stratified=False)) == {(1, 2), (3,)}


def test_groups_and_prompts_tie_rows_together_across_each_other():
    examples = [
        example("a", "1", line=1, group="G"),
        example("b", "1", line=2, group="G"),
        example("b", "2", line=3, group="H"),
        example("c", "1", line=4),
    ]
    assert lines_together(examples, build_units(examples, is_stratified=False)) == {(1, 2, 3), (4,)}


def test_a_prompt_that_stands_in_every_row_ties_only_equal_contents():
    examples = [example("Write a colour.", f"colour {i % 8}", line=i) for i in range(16)]
    assert lines_together(examples, build_units(examples, is_stratified=False)) == {
        (i, i + 8) for i in range(8)
    }


def test_the_stratum_is_the_most_frequent_answer():
    examples = [example("a", "x"), example("a", "y"), example("a", "y"), example("b", "x")]
    assert sorted(unit.stratum for unit in build_units(examples, is_stratified=True)) == ["x", "y"]


@given(ROWS)
def test_units_are_a_partition_and_part_neither_prompt_nor_group(rows):
    examples = [example(*row[:2], group=row[2], line=i) for i, row in enumerate(rows)]
    units = build_units(examples, is_stratified=True)
    members = [index for unit in units for index in unit.members]
    assert sorted(members) == list(range(len(examples)))
    for key in (lambda item: item.group, lambda item: item.content_hash):
        where = {}
        for number, unit in enumerate(units):
            for index in unit.members:
                value = key(examples[index])
                assert value is None or where.setdefault(value, number) == number


def unit(key, size=1, stratum=""):
    return Unit(tuple(range(size)), key, stratum)


def test_each_stratum_gives_its_share():
    units = [
        unit(f"{label}{i}", stratum=label)
        for label, count in (("a", 60), ("b", 30), ("c", 10))
        for i in range(count)
    ]
    chosen = choose_units(units, 20, "s")
    counts = {label: sum(item.stratum == label for item in chosen) for label in "abc"}
    assert counts == {"a": 12, "b": 6, "c": 2}


def test_the_only_row_of_a_label_is_never_taken():
    units = [unit(f"a{i}", stratum="a") for i in range(19)] + [unit("b", stratum="b")]
    for seed in range(20):
        assert "b" not in [item.key for item in choose_units(units, 10, str(seed))]


def test_no_more_rows_are_taken_than_wanted_and_small_units_fill_the_rest():
    units = [unit("big", 30), *[unit(f"u{i}", 3) for i in range(10)]]
    assert sum(item.size for item in choose_units(units, 10, "s")) == 9


def test_when_every_unit_is_too_large_the_smallest_is_taken_if_half_the_rows_remain():
    assert [item.key for item in choose_units([unit("a", 30), unit("b", 20)], 5, "s")] == ["b"]
    assert choose_units([unit("a", 30)], 5, "s") == []
    assert choose_units([], 5, "s") == []


def test_the_salt_changes_the_choice_and_the_order_of_units_does_not():
    units = [unit(f"u{i}") for i in range(100)]
    keys = {item.key for item in choose_units(units, 20, "0")}
    assert keys == {item.key for item in choose_units(units[::-1], 20, "0")}
    assert keys != {item.key for item in choose_units(units, 20, "1")}
