"""Overlap of texts: worked examples, and the libraries that define the same scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import corpus_bleu, corpus_chrf

from aliquot.evaluation.metric import get_metric
from tests.fixtures.answers import make_answers

TEXTS = st.lists(st.text("ab cD.1", min_size=1).filter(str.strip), min_size=3, max_size=3)
LONG = "the solid was heated to 450 degrees"


def _value(name, references, outputs, **more):
    return get_metric(name).compute(make_answers("text", references, outputs, **more))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # words: red solid / red, heated, solid: 2 shared of 2 and of 3; articles do not count
        ("token_f1", (2 * 2 / 5 + 0) / 2),
        # a red solid / the red heated solid: the subsequence red, solid; 3 and 4 words
        ("rouge_l", (2 * 2 / 7 + 0) / 2),
    ],
)
def test_the_worked_example(name, value):
    assert _value(name, ["The red, heated solid.", "x"], ["a red solid", "y"]) == pytest.approx(value)


@pytest.mark.parametrize("name", ["token_f1", "rouge_l", "chrf", "bleu"])
@pytest.mark.parametrize(
    "output", ["", LONG[:12], "the solid was cooled to 450 degrees", "nothing of the kind"]
)
def test_bad_answers_lose(name, output):
    best = get_metric(name).range[1]
    assert _value(name, [LONG], [LONG]) == pytest.approx(best)
    assert _value(name, [LONG], [output]) < 0.95 * best


@pytest.mark.parametrize("name", ["token_f1", "rouge_l", "chrf", "bleu", "edit_similarity"])
def test_any_accepted_text_may_be_met(name):
    other = "we warmed it up a little bit"
    assert _value(name, [LONG], [other]) < 0.5 * get_metric(name).range[1]
    assert _value(name, [LONG], [other], also_accepted=[(other,)]) == pytest.approx(get_metric(name).range[1])


@settings(max_examples=60)
@given(TEXTS, TEXTS)
def test_rouge_score_finds_the_same(references, outputs):
    scorer = RougeScorer(["rougeL"])
    pairs = list(zip(references, outputs, strict=True))
    expected = [scorer.score(*pair)["rougeL"].fmeasure for pair in pairs]
    for (reference, output), value in zip(pairs, expected, strict=True):
        found = _value("rouge_l", [reference], [output])
        assert found == pytest.approx(value) if found is not None else value == 0


@settings(max_examples=60)
@given(TEXTS, TEXTS, st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_sacrebleu_finds_the_same_on_every_resample(references, outputs, items):
    drawn = [references[item] for item in items], [outputs[item] for item in items]
    counts = np.bincount(items, minlength=3)[None, :].astype(float)
    answers = make_answers("text", references, outputs)
    found = {name: get_metric(name).bind(answers)(counts)[0] for name in ("chrf", "bleu")}
    assert found["chrf"] == pytest.approx(corpus_chrf(drawn[1], [drawn[0]]).score)
    if max(len(text.split()) for text in references) >= 4:
        assert found["bleu"] == pytest.approx(corpus_bleu(drawn[1], [drawn[0]], force=True).score)


def test_bleu_is_undefined_where_no_reference_has_four_words():
    assert _value("bleu", ["three short words"], ["three short words"]) is None


def test_the_signature_tells_variant_and_version():
    answers = make_answers("text", [LONG], [LONG])
    assert (
        get_metric("bleu")
        .signature(answers)
        .startswith("BLEU nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.")
    )
    assert "chrF" not in get_metric("chrf").signature(answers)[:4]
    assert "nc:6|nw:0" in get_metric("chrf").signature(answers)
