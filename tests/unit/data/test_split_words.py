import pytest

from aliquot.data.split_words import SPLIT_WORDS, find_misspelt, find_split


@pytest.mark.parametrize("word", SPLIT_WORDS)
def test_case_and_spaces_do_not_matter(word):
    assert find_split(f" {word.upper()} ") == SPLIT_WORDS[word]
    assert find_misspelt(f" {word.upper()} ") is None, "it is right already"


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("trian", "train"),
        ("Tran ", "train"),
        ("trainn", "train"),
        ("trainig", "train"),
        ("tets", "test"),
        ("tesst", "test"),
        ("tests", "test"),
        ("validaton", "validation"),
        ("vaild", "validation"),
        ("vla", "validation"),
        ("devv", "validation"),
    ],
)
def test_one_slip_is_understood(word, split):
    assert find_misspelt(word) == split


NO_SLIPS = (
    "text rest pretrain untrain value eval evaluation best tent terrain strain tester vals de va trains "
    "rtain test1 1 t holdout validations"
)


@pytest.mark.parametrize("word", [*NO_SLIPS.split(), "", "tst e", None, 3, []])
def test_another_word_is_never_taken_for_a_slip(word):
    assert find_misspelt(word) is None


def test_no_slip_of_one_split_is_a_slip_of_another():
    letters = "abcdefghijklmnopqrstuvwxyz"
    slips = {
        word[:n] + letter + word[n:] for word in SPLIT_WORDS for n in range(len(word)) for letter in letters
    }
    for slip in slips - set(SPLIT_WORDS):
        meant = find_misspelt(slip)
        assert meant is None or any(
            SPLIT_WORDS[name] == meant and set(name) == set(slip) for name in SPLIT_WORDS
        )
