import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.data.near_duplicates import MAX_PIVOT_PAIRS, find_near_duplicates
from aliquot.data.shingles import list_shingles

WORDS = ["".join(random.Random(i).choices("abcdefghijklmnopqrstuvwxyz", k=3 + i % 7)) for i in range(3000)]


def sentence(rng, num_words=30):
    return " ".join(rng.choices(WORDS, k=num_words))


def members(texts, **settings):
    return [cluster.members for cluster in find_near_duplicates(texts, **settings).clusters]


def jaccard(first, second):
    one, other = ({text[i : i + 5] for i in range(len(text) - 4)} for text in (first, second))
    return len(one & other) / len(one | other)


def test_planted_edits_are_found_and_nothing_else():
    rng = random.Random(1)
    texts = [sentence(rng) for _ in range(300)]
    planted = [text.replace(text.split()[10], "zz", 1) for text in texts[:40]]
    found = members(texts + planted)
    assert sorted(found) == [(i, 300 + i) for i in range(40)]


def test_unrelated_texts_are_not_near():
    rng = random.Random(2)
    found = find_near_duplicates([sentence(rng) for _ in range(500)])
    assert (found.clusters, found.num_texts, found.num_unfinished) == ((), 500, 0)


def test_one_template_with_other_entities_is_judged_by_the_threshold_exactly():
    # 60 characters: 56 5-grams. A replaced block of k differing letters in the middle changes k + 4 of them.
    frame = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWX"
    near = frame[:30] + "#" * 1 + frame[31:]  # 51 shared of 61: 0.836
    far = frame[:30] + "#@" + frame[32:]  # 50 shared of 62: 0.806
    beyond = frame[:30] + "#@!" + frame[33:]  # 49 shared of 63: 0.778
    assert [round(jaccard(frame, other), 3) for other in (near, far, beyond)] == [0.836, 0.806, 0.778]
    assert members([frame, near]) == members([frame, far]) == [(0, 1)]
    assert members([frame, beyond]) == []
    assert members([frame, near], threshold=0.84) == []


def test_equal_texts_are_one_text_and_not_near():
    text = "The solubility of ethanol in water at 25 degrees."
    assert members([text, text, text.replace("The", "the"), "  " + text]) == []


def test_copies_of_a_member_are_members_but_no_further_text():
    text = "the solubility of ethanol in water was measured at 25 degrees and at 1 bar"
    found = find_near_duplicates([text, text + "s", text])
    assert found.clusters[0].members == (0, 1, 2)
    assert (found.clusters[0].num_texts, found.clusters[0].representative, found.num_texts) == (2, 0, 2)


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("benzoic acid", "benzoic acids", True),
        ("benzoic acid", "benzoyc acid", True),
        ("benzoic acid", "benzylic acid", False),  # two edits of 13
        ("sodium chloride 1 mM", "sodium chlorid 1 mM", True),  # 20 and 19 characters
        ("ethanol", "ethanal", False),  # one edit of 7
        ("at 25 degrees C", "at 26 degrees C", False),  # another number
        ("ENSG00000139618", "ENSG00000139619", False),
        ("c1ccccc1CCCCO", "C1CCCCC1CCCCO", False),
        ("CCOCCNCCSCCF", "ccoccnccsccf", False),
    ],
)
def test_short_texts_are_compared_by_edits(one, other, is_near):
    assert members([one, other]) == ([(0, 1)] if is_near else [])


def test_molecules_that_differ_in_case_are_not_near():
    assert members(["c1ccc2c(c1)cccc2CCNC(C)C", "C1CCC2C(C1)CCCC2CCNC(C)C"]) == []


def test_near_texts_form_one_cluster_through_the_middle_one():
    start = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWX"
    middle = start[:20] + "#" + start[21:]
    end = middle[:40] + "#" + middle[41:]
    assert jaccard(start, end) < 0.8
    assert members([start, middle, end]) == [(0, 1, 2)]


def test_many_rows_of_one_template_make_one_cluster():
    frame = sentence(random.Random(3), 20)
    found = find_near_duplicates([f"{frame} at {number} K" for number in range(1000)])
    assert len(found.clusters[0].members) == 1000
    assert found.num_unfinished == 0


def test_a_search_that_was_bounded_says_so():
    # All share long halves (so they meet in buckets), yet no two reach 0.8.
    rng = random.Random(4)
    start = sentence(rng, 20)
    texts = [f"{start} {sentence(rng, 8)}" for _ in range(int(2 * MAX_PIVOT_PAIRS**0.5))]
    assert max(jaccard(*pair) for pair in combinations(texts[:60], 2)) < 0.8
    assert find_near_duplicates(texts).num_unfinished > 0


def test_the_same_seed_gives_the_same_clusters():
    rng = random.Random(5)
    texts = [sentence(rng, 12) for _ in range(200)]
    texts += [text + " x" for text in texts]
    assert find_near_duplicates(texts, seed=7) == find_near_duplicates(texts, seed=7)


@given(st.lists(st.text(alphabet="ab1 ", min_size=8, max_size=16), max_size=12))
@settings(max_examples=60)
def test_any_two_short_texts_one_edit_apart_are_found(texts):
    from rapidfuzz.distance import Levenshtein

    from aliquot.data.keys import normalise

    clusters = members(texts)
    for (i, one), (j, other) in combinations(enumerate(map(normalise, texts)), 2):
        near = (
            one != other
            and Levenshtein.normalized_similarity(one, other) >= 0.9
            and [c for c in one if c.isdigit()] == [c for c in other if c.isdigit()]
        )
        if near:
            assert any(i in cluster and j in cluster for cluster in clusters)


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_texts_are_accepted_and_each_is_in_at_most_one_cluster(texts):
    found = find_near_duplicates(texts)
    rows = [row for cluster in found.clusters for row in cluster.members]
    assert len(rows) == len(set(rows))
    assert all(cluster.num_texts >= 2 for cluster in found.clusters)


def test_recall_equals_that_of_comparing_all_pairs():
    rng = random.Random(6)
    texts = [sentence(rng, 25) for _ in range(150)]
    for text in texts[:100]:
        words = text.split()
        for _ in range(rng.randint(1, 3)):
            words[rng.randrange(len(words))] = rng.choice(WORDS)
        texts.append(" ".join(words))
    near = {(i, j) for (i, a), (j, b) in combinations(enumerate(texts), 2) if jaccard(a, b) >= 0.8}
    assert len(near) > 30
    assert set(members(texts)) == near


def test_the_words_of_a_template_are_not_compared_where_asked():
    rng = random.Random(8)
    molecules = [sentence(rng, 5)[:26] for _ in range(60)]
    frame = "a solution of {} in water was measured at the temperature of the laboratory and then filtered "
    frame += "through paper while the operator counted the drops and wrote each of them in a bound notebook "
    frame += (
        "before she closed all valves, switched off both pumps, went home by bicycle, and slept very well"
    )
    texts = [frame.format(molecule) for molecule in molecules] + [frame.format(molecules[0] + " ii")]
    assert len(find_near_duplicates(texts).clusters[0].members) > 20  # the frame is most of each text
    assert members(texts, max_word_share=0.5) == [(0, 60)]


def test_texts_that_differ_in_common_words_alone_are_near():
    texts = [
        f"the {color} compound number {i} was weighed" for i in range(50) for color in ("red", "red hot")
    ]
    found = find_near_duplicates([*texts, "the red compound", "the compound was"], max_word_share=0.4)
    assert [cluster.members for cluster in found.clusters] == [(2 * i, 2 * i + 1) for i in range(50)]


def test_few_texts_have_no_common_words():
    text = "the solubility of ethanol in water was measured at 25 degrees and at 1 bar"
    assert members([text, text + "s"], max_word_share=0.5) == [(0, 1)]


def test_very_long_texts_are_compared_in_parts():
    long = sentence(random.Random(9), 100_000)  # 700,000 characters
    assert members(
        [long, sentence(random.Random(10), 100_000), long + " end", "short text of some words"]
    ) == [(0, 2)]


def test_shingles_are_a_set_of_all_windows():
    assert len(list_shingles("abcde")) == 1
    assert len(list_shingles("aaaaaaaa")) == 1
    assert len(list_shingles("abcdefgh")) == 4
    assert len(list_shingles("abcd")) == 0
    assert len(list_shingles("水水水水🧪🧪")) == 2
