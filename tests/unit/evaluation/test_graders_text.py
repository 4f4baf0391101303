import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.evaluation.graders.text_similarity import find_measure
from tests.fixtures.graders import grade_items, make_items

TEXTS = {"input": "{{ sample.output_text }}", "reference": "{{ item.reference }}"}
WORDS = st.lists(st.sampled_from(["iron", "is", "a", "metal", "Fe2O3", "melts"]), max_size=9).map(" ".join)


def _check(operation, reference, output, status="ok"):
    definition = {"type": "string_check", "operation": operation, **TEXTS}
    return grade_items(definition, make_items([(reference, output)], status=status))[0].value


@pytest.mark.parametrize(
    ("operation", "output", "value"),
    [
        ("eq", "Fe", 1), ("eq", "fe", 0), ("eq", "Fe ", 0),
        ("ne", "Fe", 0), ("ne", "fe", 1),
        ("like", "It is Fe.", 1), ("like", "It is fe.", 0),
        ("ilike", "It is fe.", 1), ("ilike", "It is iron.", 0),
    ],
)  # fmt: skip
def test_operations_are_those_of_the_api(operation, output, value):
    assert _check(operation, "Fe", output) == value


@given(st.sampled_from(["eq", "ne", "like", "ilike"]), st.text(max_size=8), st.text(max_size=8))
def test_string_checks_equal_their_definitions(operation, reference, output):
    expected = {
        "eq": output == reference,
        "ne": output != reference,
        "like": reference in output,
        "ilike": reference.lower() in output.lower(),
    }[operation]
    assert _check(operation, reference, output) == expected


@pytest.mark.parametrize("status", ["truncated", "error", "refused"])
@pytest.mark.parametrize("operation", ["eq", "ne", "like", "ilike"])
def test_an_answer_that_did_not_end_by_itself_passes_no_check(operation, status):
    reference = "Fe" if operation != "ne" else "other"
    assert _check(operation, reference, "Fe") == 1
    assert _check(operation, reference, "Fe", status) == 0


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_fuzzy_match_is_twice_the_common_subsequence_over_both_lengths(text, reference):
    table = [[0] * (len(reference) + 1) for _ in range(len(text) + 1)]
    for i, one in enumerate(text, start=1):
        for j, other in enumerate(reference, start=1):
            table[i][j] = table[i - 1][j - 1] + 1 if one == other else max(table[i - 1][j], table[i][j - 1])
    total = len(text) + len(reference)
    expected = 2 * table[-1][-1] / total if total else 1.0
    assert find_measure("fuzzy_match")(text, reference) == pytest.approx(expected)


@settings(deadline=None)
@given(
    WORDS, WORDS.filter(bool), st.sampled_from(["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rougeL"])
)
def test_rouge_is_that_of_the_package_rouge_score(text, reference, name):
    from rouge_score.rouge_scorer import RougeScorer

    expected = RougeScorer([name]).score(reference, text)[name].fmeasure
    ours = find_measure(f"rouge_{name[-1].lower()}")
    assert ours(text, reference) == pytest.approx(expected)


@settings(deadline=None)
@given(WORDS.filter(bool), WORDS.filter(bool))
def test_gleu_is_that_of_nltk(text, reference):
    from nltk.translate.gleu_score import sentence_gleu

    assert find_measure("gleu")(text, reference) == pytest.approx(
        sentence_gleu([reference.split()], text.split())
    )


@settings(deadline=None)
@given(WORDS, WORDS.filter(bool))
def test_bleu_is_that_of_sacrebleu_for_sentences(text, reference):
    import sacrebleu

    expected = sacrebleu.sentence_bleu(text, [reference]).score / 100
    assert find_measure("bleu")(text, reference) == pytest.approx(expected)


def test_rouge_of_a_reference_without_its_words_is_an_error_and_no_zero():
    definition = {"type": "text_similarity", "evaluation_metric": "rouge_l", **TEXTS}
    (grade,) = grade_items(definition, make_items([("железо", "железо")]))
    assert (grade.error, grade.value) == ("other_error", 0.0)
    assert "a-z" in grade.detail
