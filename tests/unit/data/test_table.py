import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.dataset import SPLITS, StoredExample
from aliquot.core.records import decode, encode
from aliquot.data.table import find_first
from tests.unit.data.rows import example, list_rows, table_of

EXAMPLES = st.lists(
    st.builds(
        example,
        st.sampled_from(["a", "A", "é", "long text " * 9]),
        st.sampled_from(["x", "y", " x"]),
        line=st.integers(1, 10**6),
        split=st.sampled_from(SPLITS),
        group=st.none() | st.sampled_from("GH"),
        system=st.none() | st.just("s"),
        metadata=st.dictionaries(st.sampled_from("kl"), st.text(max_size=3)),
    ),
    max_size=20,
)


@given(EXAMPLES)
def test_a_table_gives_back_the_examples_it_got_with_their_occurrence(examples):
    seen: dict[tuple, int] = {}
    for given_example, kept in zip(examples, list_rows(table_of(examples)), strict=True):
        key = (given_example.split, given_example.content_hash)
        assert kept.occurrence == seen.get(key, 0)
        seen[key] = kept.occurrence + 1
        for name in ("messages", "line", "content_hash", "split", "group", "metadata"):
            assert getattr(kept, name) == getattr(given_example, name)


@given(EXAMPLES)
def test_ids_without_texts_are_those_of_the_examples(examples):
    table = table_of(examples)
    everywhere = np.arange(len(table))
    assert table.example_ids(everywhere) == [item.example_id for item in list_rows(table)]
    assert table.content_hashes(everywhere) == [item.content_hash for item in examples]


@given(EXAMPLES)
def test_a_stored_line_is_the_record_of_a_stored_example(examples):
    table = table_of(examples)
    for split in SPLITS:
        lines = b"".join(table.stored_lines(split)).splitlines(keepends=True)
        for line, item in zip(lines, table.view(split), strict=True):
            stored = decode(line, StoredExample, "line")
            expected = StoredExample(
                example_id=item.example_id,
                line=item.line,
                messages=item.messages,
                group=item.group,
                metadata=item.metadata,
                tools=item.tools,
                rejected=item.rejected,
            )
            assert stored == expected
            assert line == encode(expected) + b"\n"


def test_stored_lines_are_whole_at_every_border_of_pieces():
    table = table_of([example(f"p{i}", "a" * (i % 7), line=i, split="train") for i in range(1100)])
    alone = [b"".join(table.take(np.array([place])).stored_lines("train")) for place in range(1100)]
    assert b"".join(table.stored_lines("train")) == b"".join(alone)


@given(st.lists(st.integers(0, 12) | st.sampled_from([-(2**63), 2**63 - 1]), max_size=40))
def test_the_first_place_of_each_value_is_that_of_a_plain_search(values):
    assert find_first(np.array(values, np.int64)).tolist() == [values.index(value) for value in values]


@given(EXAMPLES, st.data())
def test_some_examples_of_a_table_are_a_table_numbered_anew(examples, data):
    chosen = data.draw(st.lists(st.sampled_from(range(len(examples))), unique=True)) if examples else []
    taken = table_of(examples).take(np.array(sorted(chosen), int))
    assert list_rows(taken) == list_rows(table_of([examples[place] for place in sorted(chosen)]))


def test_a_view_is_a_sequence():
    table = table_of([example(f"p{i}", "a", line=i, split="test") for i in range(5)])
    view = table.view("test")
    assert [item.line for item in view[1:3]] == [1, 2]
    assert (len(view), view[-1].line, len(table.view("train"))) == (5, 4, 0)
    assert [item.line for item in view[::2]] == [0, 2, 4]


def test_answers_are_counted_where_asked():
    table = table_of([example("p", "a"), example("q", "b"), example("r", "a")])
    assert table.answers == ("a", "b")
    assert table.count_answers().tolist() == [2, 1]
    assert table.count_answers(np.array([0])).tolist() == [1, 0]
