"""Batched decoding with a shared prefix, and scoring on a tree, equal plain one-by-one computation."""

import pytest
import torch

from aliquot.inference.engines.transformers import TransformersEngine, shared_prefix
from aliquot.modeling.load import load_base
from aliquot.tokenization.encoder import Encoder
from tests.fixtures.families import VOCAB_SIZE, tiny_model
from tests.fixtures.training import LABELS, conversation


@pytest.fixture(scope="module")
def parts(prepared_dir):
    encoder = Encoder.load(prepared_dir)
    model = load_base(prepared_dir, precision="float32", device="cpu")
    return encoder, model, TransformersEngine(model, encoder.model.stop_token_ids)


def _prompts(encoder, count):
    return [encoder.encode_prompt(conversation(index)[:-1]) for index in range(count)]


def _plain_greedy(model, prompt, limit, stops):
    ids = list(prompt)
    for _ in range(limit):
        with torch.no_grad():
            token = int(model(torch.tensor([ids])).logits[0, -1].argmax())
        if token in stops:
            return tuple(ids[len(prompt) :]), "stop"
        ids.append(token)
    return tuple(ids[len(prompt) :]), "length"


def test_batched_answers_equal_plain_decoding(parts):
    encoder, model, engine = parts
    prompts = _prompts(encoder, 7)
    answers = engine.generate(prompts, 6)
    expected = [_plain_greedy(model, prompt, 6, encoder.model.stop_token_ids) for prompt in prompts]
    assert [(answer.token_ids, answer.finish_reason) for answer in answers] == expected


@pytest.mark.parametrize("family", ["gemma2", "gemma3_text", "mistral", "phi3", "gpt_neox"])
@pytest.mark.parametrize("lengths", [(3, 3), (1, 4, 2)])
def test_windows_and_caps_hold_with_a_shared_prefix(family, lengths):
    model = tiny_model(family)
    prompts = [[*range(8), *range(20, 20 + length)] for length in lengths]
    answers = TransformersEngine(model, [VOCAB_SIZE - 1]).generate(prompts, 6)
    model.get_base_model().set_attn_implementation("eager")
    expected = [_plain_greedy(model, prompt, 6, (VOCAB_SIZE - 1,)) for prompt in prompts]
    assert [(answer.token_ids, answer.finish_reason) for answer in answers] == expected


def test_stops_at_a_stop_token(parts, prepared_dir):
    encoder, model, _ = parts
    prompts = _prompts(encoder, 4)
    tokens = _plain_greedy(model, prompts[0], 6, ())[0]
    engine = TransformersEngine(model, [tokens[2]])
    expected = [_plain_greedy(model, prompt, 6, (tokens[2],)) for prompt in prompts]
    assert [(a.token_ids, a.finish_reason) for a in engine.generate(prompts, 6)] == expected
    assert tuple(engine.stream(prompts[0], 6)) == expected[0][0]


def test_scores_equal_plain_log_probabilities(parts):
    encoder, model, engine = parts
    prompts = _prompts(encoder, 5)
    answers = [encoder.encode_answers(conversation(i)[:-1], LABELS) for i in range(5)]
    scores = engine.score(prompts, answers)
    for prompt, candidates, found in zip(prompts, answers, scores, strict=True):
        for answer, score in zip(candidates, found, strict=True):
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *answer]])).logits[0].log_softmax(-1)
            places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
            expected = sum(logits[p, t].item() for p, t in zip(places, answer, strict=True))
            assert score.log_probability == pytest.approx(expected, abs=1e-3)


def test_a_greedy_score_is_the_generated_answer(parts):
    encoder, _, engine = parts
    prompts = _prompts(encoder, 3)
    stop = encoder.model.stop_token_ids[0]
    greedy = [[*answer.token_ids, stop] for answer in engine.generate(prompts, 3)]
    scores = engine.score(prompts, [[ids, [5, stop]] for ids in greedy])
    ended = [engine.generate([p], 4)[0].finish_reason == "stop" for p in prompts]
    assert [found[0].is_greedy for found in scores] == ended
    assert not any(found[1].is_greedy for found in scores)


def _with_prefix(family, kept):
    """Return the answers and scores of prompts of different lengths that share 20 ids."""
    model = tiny_model(family)
    engine = TransformersEngine(model, [VOCAB_SIZE - 1])
    engine.keep_prefix(range(kept))
    prompts = [[*range(20), *range(25, 25 + length)] for length in (1, 7, 3, 5)]
    answers = [[[30, 31, VOCAB_SIZE - 1], [32, VOCAB_SIZE - 1]] for _ in prompts]
    return model, prompts, answers, engine.generate(prompts, 8), engine.score(prompts, answers)


@pytest.mark.parametrize("family", ["llama", "qwen3", "gpt_neox", "granite", "olmo2", "gemma2"])
@pytest.mark.parametrize("kept", [0, 16, 18, 20])
def test_a_kept_prefix_changes_no_answer_and_no_score(family, kept):
    model, prompts, answers, found, scores = _with_prefix(family, kept)
    model.get_base_model().set_attn_implementation("eager")
    expected = [_plain_greedy(model, prompt, 8, (VOCAB_SIZE - 1,)) for prompt in prompts]
    assert [(answer.token_ids, answer.finish_reason) for answer in found] == expected
    for prompt, candidates, row in zip(prompts, answers, scores, strict=True):
        for answer, score in zip(candidates, row, strict=True):
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *answer]])).logits[0].log_softmax(-1)
            places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
            plain = sum(logits[p, t].item() for p, t in zip(places, answer, strict=True))
            assert score.log_probability == pytest.approx(plain, abs=1e-4)


def test_rows_that_stop_early_leave_the_others_as_they_are():
    model = tiny_model("llama")
    prompts = [[*range(20), *range(25, 25 + length)] for length in (1, 7, 3, 5)]
    stops = {_plain_greedy(model, prompt, 6, ())[0][1] for prompt in prompts[:2]}
    found = TransformersEngine(model, sorted(stops)).generate(prompts, 8)
    expected = [_plain_greedy(model, prompt, 8, stops) for prompt in prompts]
    assert [(answer.token_ids, answer.finish_reason) for answer in found] == expected


def test_a_prefix_that_is_not_the_prompts_own_is_not_used():
    model = tiny_model("llama")
    prompts = [[*range(20), 25], [*range(20), 26, 27]]
    engine = TransformersEngine(model, [VOCAB_SIZE - 1])
    engine.keep_prefix([*range(1, 19)])
    expected = [_plain_greedy(model, prompt, 6, (VOCAB_SIZE - 1,)) for prompt in prompts]
    assert [(a.token_ids, a.finish_reason) for a in engine.generate(prompts, 6)] == expected


def test_shared_prefix_leaves_each_prompt_a_token():
    assert shared_prefix([[1, 2, 3], [1, 2, 4]]) == (1, 2)
    assert shared_prefix([[1, 2], [1, 2]]) == (1,)
    assert shared_prefix([[1], [1]]) == ()
    assert shared_prefix([[1, 2], [3, 2]]) == ()
