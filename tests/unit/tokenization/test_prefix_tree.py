from hypothesis import given
from hypothesis import strategies as st

from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.prefix_tree import CALL_PAIRS, MIN_RUN, Run, build_prefix_tree, cut_runs, group_runs


def _row(ids, num_trained=1):
    return EncodedRow(tuple(ids), (False,) * (len(ids) - num_trained) + (True,) * num_trained)


ROWS = st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=9), min_size=1, max_size=8)


def test_worked_example():
    # 1 2 3|9  and  1 2 4|8: the prefix 1 2 is laid out once; last tokens predict nothing.
    tree = build_prefix_tree([_row([1, 2, 3, 9]), _row([1, 2, 4, 8])])
    assert tree.token_ids == [1, 2, 3, 4]
    assert tree.positions == [0, 1, 2, 2]
    assert tree.runs == [Run((0, 1, 2), 0), Run((0, 1, 3), 2)]
    assert (tree.query_nodes, tree.targets, tree.query_rows) == ([2, 3], [9, 8], [0, 1])


def test_equal_rows_are_computed_once_and_counted_twice():
    tree = build_prefix_tree([_row([1, 2, 3]), _row([1, 2, 3])])
    assert tree.token_ids == [1, 2]
    assert tree.query_rows == [0, 1]


def _path_of(node, runs):
    """Return what a node sees: the path of its only run, up to itself."""
    (run,) = [run for run in runs if node in run.path[run.num_shared :]]
    return list(run.path[: run.path.index(node) + 1])


@given(ROWS)
def test_each_query_sees_exactly_its_row(rows):
    tree = build_prefix_tree([_row(ids, num_trained=len(ids) - 1) for ids in rows])
    for node, target, index in zip(tree.query_nodes, tree.targets, tree.query_rows, strict=True):
        seen = _path_of(node, tree.runs)
        depth = tree.positions[node] + 1
        assert [tree.token_ids[j] for j in seen] == rows[index][:depth]
        assert [tree.positions[j] for j in seen] == list(range(depth))
        assert target == rows[index][depth]


@given(ROWS)
def test_no_trained_token_is_lost_and_no_node_is_computed_twice(rows):
    tree = build_prefix_tree([_row(ids, num_trained=len(ids) - 1) for ids in rows])
    assert len(tree.targets) == sum(len(ids) - 1 for ids in rows)
    assert len(tree.token_ids) == len({tuple(ids[: n + 1]) for ids in rows for n in range(len(ids) - 1)})


@given(st.lists(st.integers(2, 60), min_size=1, max_size=8))
def test_cut_runs_hold_the_same_nodes_and_paths(lengths):
    rows = [_row([index, *([7] * length)]) for index, length in enumerate(lengths)]
    tree = build_prefix_tree(rows)
    cut = cut_runs(tree.runs)
    assert sorted(node for run in cut for node in run.path[run.num_shared :]) == list(
        range(len(tree.token_ids))
    )
    assert all(_path_of(node, cut) == _path_of(node, tree.runs) for node in range(len(tree.token_ids)))


def test_one_long_run_is_cut_to_the_size_of_the_others():
    rows = [_row([*range(100), value, *([200] * 20)]) for value in range(101, 121)]
    cut = cut_runs(build_prefix_tree(rows).runs)
    assert max(len(run.path) - run.num_shared for run in cut) <= max(MIN_RUN, 21)


@given(st.lists(st.integers(2, 60), min_size=1, max_size=8))
def test_groups_hold_every_run_once(lengths):
    runs = build_prefix_tree([_row([i, *([7] * length)]) for i, length in enumerate(lengths)]).runs
    groups = group_runs(runs)
    assert sorted((run for group in groups for run in group), key=runs.index) == runs


def test_runs_of_one_size_are_one_group_and_a_far_longer_one_is_apart():
    rows = [_row([*range(100), value, *([200] * 20)]) for value in range(101, 121)]
    groups = group_runs(build_prefix_tree(rows).runs)
    assert [len(group) for group in groups] == [19, 1]
    assert groups[1][0].num_own == 120


def test_filling_up_never_costs_more_than_a_call():
    rows = [_row([*range(100), value, *([200] * (value - 100))]) for value in range(101, 140)]
    for group in group_runs(build_prefix_tree(rows).runs):
        needed = sum(run.num_own * len(run.path) for run in group)
        filled = len(group) * max(run.num_own for run in group) * max(len(run.path) for run in group)
        assert filled - needed <= len(group) * CALL_PAIRS
