import math
from collections import Counter
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from aliquot.tokenization.batches import (
    PASSES_PER_PACK,
    epoch_order,
    micro_batches,
    pack_limit,
    rows_of_step,
    steps_per_epoch,
)
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.prefix_tree import build_prefix_tree


def _row(*ids):
    return EncodedRow(ids, (False,) * (len(ids) - 1) + (True,))


def test_the_order_is_pinned():
    # A change here changes every adapter ever trained with the same seed.
    assert epoch_order(8, 0, 0) == (7, 0, 1, 5, 3, 4, 2, 6)


@given(st.integers(1, 60), st.integers(1, 17), st.integers(0, 5))
def test_an_epoch_shows_every_row_once(num_rows, batch_size, seed):
    steps = range(steps_per_epoch(num_rows, batch_size))
    seen = [
        row
        for step in steps
        for row in rows_of_step(step, num_rows=num_rows, batch_size=batch_size, seed=seed)
    ]
    assert sorted(seen) == list(range(num_rows))


def test_epochs_and_seeds_differ():
    orders = {epoch_order(50, seed, epoch) for seed in (0, 1) for epoch in (0, 1)}
    assert len(orders) == 4


NUM_ROWS, BATCH_SIZE, NUM_SEEDS = 24, 4, 400
PAIRS = list(combinations(range(NUM_ROWS), 2))


def _excess(composed):
    """Return by how many standard errors pairs of rows share steps other than chance says.

    Each of the 276 pairs should share a step with probability 3 / 23, as in a uniformly random subset without
    replacement. The sum of the squared standardised counts is then 276 on average, and varies by about the
    root of twice that; the pairs hang together too little to change it much.
    """
    meetings = Counter(pair for steps in composed for step in steps for pair in combinations(sorted(step), 2))
    chance = (BATCH_SIZE - 1) / (NUM_ROWS - 1)
    variance = NUM_SEEDS * chance * (1 - chance)
    total = sum((meetings[pair] - NUM_SEEDS * chance) ** 2 / variance for pair in PAIRS)
    return (total - len(PAIRS)) / math.sqrt(2 * len(PAIRS))


def _steps(seed, epoch):
    per_epoch = NUM_ROWS // BATCH_SIZE
    return [
        rows_of_step(epoch * per_epoch + step, num_rows=NUM_ROWS, batch_size=BATCH_SIZE, seed=seed)
        for step in range(per_epoch)
    ]


def test_every_pair_of_rows_is_equally_likely_to_share_a_step():
    assert abs(_excess([_steps(seed, 0) for seed in range(NUM_SEEDS)])) < 4
    assert abs(_excess([_steps(0, epoch) for epoch in range(NUM_SEEDS)])) < 4


def test_steps_composed_for_sharing_would_be_noticed():
    """A control: of 8 rows with a common prefix, two are put together more often than chance does."""
    nudged = []
    for seed in range(NUM_SEEDS):
        order = sorted(epoch_order(NUM_ROWS, seed, 0), key=lambda row: row < 8 and seed % 4 == 0)
        nudged.append([order[start : start + BATCH_SIZE] for start in range(0, NUM_ROWS, BATCH_SIZE)])
    assert _excess(nudged) > 10


def test_every_row_is_equally_likely_at_every_place():
    places = Counter(
        (row, place) for seed in range(NUM_SEEDS) for place, row in enumerate(epoch_order(NUM_ROWS, seed, 0))
    )
    expected = NUM_SEEDS / NUM_ROWS
    total = sum(
        (places[row, place] - expected) ** 2 / expected
        for row in range(NUM_ROWS)
        for place in range(NUM_ROWS)
    )
    freedom = (NUM_ROWS - 1) ** 2
    assert abs(total - freedom) < 4 * math.sqrt(2 * freedom)


def test_who_met_in_one_epoch_says_nothing_about_the_next():
    again = 0
    for seed in range(NUM_SEEDS):
        first, second = (
            {pair for step in _steps(seed, epoch) for pair in combinations(sorted(step), 2)}
            for epoch in (0, 1)
        )
        again += len(first & second)
    met = NUM_SEEDS * NUM_ROWS * (BATCH_SIZE - 1) / 2
    chance = (BATCH_SIZE - 1) / (NUM_ROWS - 1)
    assert abs(again - met * chance) < 4 * math.sqrt(met * chance)


@given(
    st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=6), min_size=1, max_size=12), st.integers(1, 5)
)
def test_micro_batches_keep_every_row_and_the_limit(rows, size):
    batches = micro_batches([_row(*ids) for ids in rows], size, 1536, "prefix_tree")
    assert sorted(row.token_ids for batch in batches for row in batch) == sorted(map(tuple, rows))
    assert all(1 <= len(batch) <= size for batch in batches)


def test_a_pack_stays_within_its_tokens_and_a_long_row_stands_alone():
    half = 1536 // 2 + 2  # the last token is only predicted
    rows = [_row(*([value] * half)) for value in (1, 2)] + [_row(*([3] * (1536 + 5)))]
    assert [len(batch) for batch in micro_batches(rows, 8, 1536, "prefix_tree")] == [1, 1, 1]
    shared = [_row(*([1] * half), value, value) for value in range(20)]
    assert [len(batch) for batch in micro_batches(shared, 32, 1536, "prefix_tree")] == [20]


def _computed(batches):
    return sum(len(build_prefix_tree(batch).token_ids) for batch in batches)


ROWS = st.lists(
    st.lists(st.integers(0, 2), min_size=2, max_size=9).map(lambda ids: _row(*ids)), min_size=1, max_size=9
)


@given(ROWS)
def test_a_step_that_fits_one_pass_is_computed_once(rows):
    whole = len(build_prefix_tree(rows).token_ids)
    assert _computed(micro_batches(rows, len(rows), whole, "prefix_tree")) == whole


@given(ROWS, st.randoms())
def test_the_cut_does_not_depend_on_the_order_of_the_rows(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert micro_batches(rows, 3, 12, "prefix_tree") == micro_batches(shuffled, 3, 12, "prefix_tree")


@given(ROWS, st.integers(1, 4), st.integers(4, 20))
def test_no_other_cut_of_neighbours_costs_less(rows, size, limit):
    batches = micro_batches(rows, size, limit, "prefix_tree")
    ordered = [row for batch in batches for row in batch]
    costs = []
    for ends in (ends for n in range(len(rows)) for ends in combinations(range(1, len(rows)), n)):
        cut = [ordered[start:end] for start, end in pairwise([0, *ends, len(rows)])]
        if all(len(batch) == 1 or (len(batch) <= size and _computed([batch]) <= limit) for batch in cut):
            costs.append(_computed(cut) + len(cut) * limit / PASSES_PER_PACK)
    assert math.isclose(_computed(batches) + len(batches) * limit / PASSES_PER_PACK, min(costs))


def test_long_prefixes_are_not_cut_apart():
    # Three prompts of 400 tokens with 4 rows each; two of them fit a pass of 1,000.
    rows = [_row(*([prompt] * 400), *range(10, 30), row) for row in range(4) for prompt in (1, 2, 3)]
    batches = micro_batches(rows, 12, 1000, "prefix_tree")
    assert sorted(len(batch) for batch in batches) == [4, 8]
    assert _computed(batches) == len(build_prefix_tree(rows).token_ids)


def test_rows_longer_than_a_pass_still_share_their_prefix():
    rows = [_row(*([1] * 2000), row, row) for row in range(8)]
    assert len(micro_batches(rows, 8, pack_limit("cpu", 2002), "prefix_tree")) == 1
    assert pack_limit("cpu", 100) == 1536


def test_without_shared_prefixes_nothing_is_computed_for_padding_and_lengths_go_together():
    rows = [_row(*([index] * (2 + index * 7 % 40))) for index in range(40)]
    batches = micro_batches(rows, 8, 200, "prefix_tree")
    assert _computed(batches) == sum(len(row.token_ids) - 1 for row in rows)
    lengths = [[len(row.token_ids) for row in batch] for batch in batches]
    assert all(max(before) <= min(after) for before, after in pairwise(lengths))


def test_rows_below_one_prefix_are_in_order_of_length():
    rows = [_row(1, 1, 1, *([index] * length)) for index, length in enumerate((9, 2, 30, 4, 17))]
    (batch,) = micro_batches(rows, 8, 200, "prefix_tree")
    assert [len(row.token_ids) - 3 for row in batch] == [2, 4, 9, 17, 30]


def test_branches_of_a_row_count_what_they_share_once():
    whole = _row(*range(100))
    rows = [EncodedRow(whole.token_ids, whole.is_trained, (_row(*range(90), last, 1),)) for last in (7, 8, 9)]
    assert len(micro_batches(rows, 8, 110, "prefix_tree")) == 1


def test_padded_rows_go_together_by_length_within_the_limit():
    rows = [_row(*([index] * length)) for index, length in enumerate((30, 3, 29, 4, 31, 5))]
    batches = micro_batches(rows, 3, 93, "padded")
    assert [[len(row.token_ids) for row in batch] for batch in batches] == [[3, 4, 5], [29, 30, 31]]
    assert [len(batch) for batch in micro_batches(rows, 3, 62, "padded")] == [3, 2, 1]
