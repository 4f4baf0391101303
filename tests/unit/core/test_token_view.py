from aliquot.core.records import decode, encode
from aliquot.core.token_view import Token, TokenSequence, TokenView, shorten


def sequence(length):
    tokens = tuple(Token(id=n, text=str(n), is_trained=n == length - 1) for n in range(length))
    return TokenSequence(tokens=tokens, num_tokens=length, num_trained_tokens=1)


def view(*lengths):
    return TokenView(
        example_id="a.0",
        line=1,
        split="train",
        base="tiny",
        sequences=tuple(map(sequence, lengths)),
        num_sequences=len(lengths),
    )


def test_a_short_row_is_kept_whole():
    assert shorten(view(10), max_tokens=10, max_sequences=1) == view(10)


def test_of_a_long_row_the_middle_is_left_out_and_counted():
    (kept,) = shorten(view(100), max_tokens=10, max_sequences=1).sequences
    assert [token.id for token in kept.tokens] == [0, 1, 2, 3, 94, 95, 96, 97, 98, 99]
    assert (kept.num_left_out, kept.gap_at) == (90, 4)
    assert (kept.num_tokens, kept.num_trained_tokens) == (100, 1)


def test_sequences_share_the_room_and_those_left_out_are_counted():
    kept = shorten(view(100, 3, 100), max_tokens=20, max_sequences=2)
    assert [len(one.tokens) for one in kept.sequences] == [10, 3]
    assert kept.num_sequences == 3


def test_counts_are_over_the_sequences():
    assert (view(5, 7).num_tokens, view(5, 7).num_trained_tokens) == (12, 2)


def test_a_view_is_stored_and_read_again():
    assert decode(encode(view(3)), TokenView, "here") == view(3)
