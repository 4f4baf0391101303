import random

from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.dataset import Lengths
from aliquot.data import lengths as module
from aliquot.data.lengths import describe_lengths, profile_tokens
from aliquot.data.tokens import RowTokens, _measure_row, pack
from aliquot.tokenization.encoder import EncodedRow

IDS = st.lists(st.integers(0, 3) | st.sampled_from([2**16, 2**31 - 1, 2**32 - 1]), max_size=6)


def row(ids, mask) -> EncodedRow:
    return EncodedRow(tuple(ids), tuple(bool(bit) for bit in mask))


def rows_of(*sequences):
    return [RowTokens((pack(ids),), 1, 1) for ids in sequences]


def test_a_profile_by_hand():
    # Two trained turns; the last has two tokens. All rows begin with 1, 2.
    encoded = [
        row([1, 2, 3, 9, 4, 5, 9], [0, 0, 1, 1, 0, 1, 1]),
        row([1, 2, 9], [0, 0, 1]),
        row([1, 2, 3, 9], [0, 0, 1, 1]),
    ]
    measured = [_measure_row(one, frozenset({9}), num_system=1) for one in encoded]
    profile = profile_tokens([4, 5, 6], measured, seed=0)
    assert (profile.num_tokens, profile.num_trained_tokens) == (14, 7)
    assert (profile.median, profile.p95, profile.longest, profile.longest_line) == (4, 7, 7, 4)
    assert (profile.longest_reference, profile.shared_prefix) == (2, 2)
    # Tree: 1, 2, then 9 | 3, 9, 4, 5, 9; the third row lies wholly on the first.
    assert profile.prefix_tree_tokens == {1: 14, 8: 8, 32: 8, 128: 8}
    assert profile.prefix_sharing == {"1": 1, "8": 14 / 8, "32": 14 / 8, "128": 14 / 8, "all": 14 / 8}
    assert profile.rows == Lengths(p5=3, p25=3, p50=4, p75=7, p95=7, p99=7, longest=7)
    assert profile.prompts == Lengths(p5=2, p25=2, p50=2, p75=5, p95=5, p99=5, longest=5)
    assert profile.answers == Lengths(p5=1, p25=1, p50=2, p75=2, p95=2, p99=2, longest=2)
    assert profile.system_share == 3 / 14


def test_percentiles_are_lengths_that_occur():
    assert describe_lengths(range(1, 101)) == Lengths(
        p5=5, p25=25, p50=50, p75=75, p95=95, p99=99, longest=100
    )
    assert describe_lengths([7]) == Lengths(p5=7, p25=7, p50=7, p75=7, p95=7, p99=7, longest=7)


@given(IDS, IDS)
def test_shared_tokens_are_those_before_the_first_that_differs(first, second):
    pairs = list(zip(first, second, strict=False))
    expected = next((index for index, (a, b) in enumerate(pairs) if a != b), len(pairs))
    assert module._shared_tokens(pack(first), pack(second)) == expected


@given(st.lists(IDS, max_size=8))
def test_distinct_tokens_are_the_different_beginnings(sequences):
    beginnings = {tuple(ids[: n + 1]) for ids in sequences for n in range(len(ids))}
    assert module._count_distinct(sorted(map(pack, sequences))) == len(beginnings)


@given(st.lists(IDS.filter(bool), min_size=1, max_size=40))
def test_a_larger_batch_never_shares_less_than_one_row_nor_more_than_the_whole(sequences):
    sharing = profile_tokens(list(range(len(sequences))), rows_of(*sequences), seed=0).prefix_sharing
    assert sharing["1"] == 1
    assert all(1 <= sharing[size] <= sharing["all"] for size in ("8", "32", "128"))


def test_rows_without_a_common_beginning_share_nothing():
    sharing = profile_tokens(list(range(50)), rows_of(*([n, 7, 7] for n in range(50))), seed=0).prefix_sharing
    assert set(sharing.values()) == {1.0}


def test_branches_of_one_row_share_their_beginning_even_alone():
    branched = RowTokens((pack([1, 2, 3]), pack([1, 2, 4])), 1, 1)
    assert profile_tokens([1], [branched], seed=0).prefix_sharing["1"] == 6 / 4


def test_the_prefix_tree_is_measured_in_the_seeded_order():
    sequences = [[i % 5, i, 9] for i in range(64)]
    profile = profile_tokens(list(range(64)), rows_of(*sequences), seed=3)
    assert profile.num_tokens == 192
    assert 64 * 2 < profile.prefix_tree_tokens[32] < profile.prefix_tree_tokens[8] < 192
    assert profile.prefix_tree_tokens[128] == 64 * 2 + 5
    assert profile == profile_tokens(list(range(64)), rows_of(*sequences), seed=3)


def test_many_rows_are_sampled_and_scaled(monkeypatch):
    monkeypatch.setattr(module, "SAMPLED_ROWS", 32)
    sequences = [[1, 2, 3, 100 + i] for i in range(320)]
    random.Random(0).shuffle(sequences)
    # A micro-batch of 8 has 3 + 8 distinct tokens of 32, one of 32 has 3 + 32 of 128.
    profile = profile_tokens(list(range(320)), rows_of(*sequences), seed=0)
    assert profile.prefix_tree_tokens == {1: 1280, 8: 440, 32: 350, 128: 350}
    assert profile.prefix_sharing["all"] == 1280 / 323, "the whole is counted, not scaled"
