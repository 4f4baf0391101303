import math

import pytest

from aliquot.inference.engine import Answer, AnswerScore
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.predict import LabelScore, Predictor, choose_shots, normalise_labels
from tests.fixtures.tiny_run import make_tiny_run


class ScriptedEngine:
    """Says what it is told to: scores by label, and one generated answer for the rest."""

    def __init__(self, greedy, encoder):
        self.greedy = greedy
        self.generated_for = []
        self._encoder = encoder

    def keep_prefix(self, prefix):
        self.prefix = prefix

    def score(self, prompts, answers):
        labels = [self._encoder.decode(ids) for ids in answers[0]]
        return [[AnswerScore(-1.0, label == self.greedy) for label in labels] for _ in prompts]

    def generate(self, prompts, max_new_tokens):
        self.generated_for += prompts
        return [Answer((1, 2), "length") for _ in prompts]


@pytest.fixture
def parts(tmp_path, prepared_dir):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    return run_dir, run_dir.read_spec(), Encoder.load(prepared_dir)


def _answers(parts, greedy):
    run_dir, spec, encoder = parts
    engine = ScriptedEngine(greedy, encoder)
    predictor = Predictor(run_dir, spec, encoder, model="base", engine=engine)
    return predictor.answer(run_dir.read_rows("test")[:3], "test"), engine


def test_a_label_that_is_the_greedy_answer_needs_no_decoding(parts):
    predictions, engine = _answers(parts, "medium")
    assert [(p.output, p.status) for p in predictions] == [("medium", "ok")] * 3
    assert engine.generated_for == []


def test_an_answer_outside_the_labels_is_generated(parts):
    predictions, engine = _answers(parts, "none of them")
    assert {p.status for p in predictions} == {"truncated"}
    assert len(engine.generated_for) == 3


def test_label_probabilities_by_hand():
    scores = [
        LabelScore("a", [1], AnswerScore(math.log(0.2), False)),
        LabelScore("b", [2], AnswerScore(math.log(0.6), True)),
    ]
    probabilities, mass = normalise_labels(scores)
    assert probabilities == pytest.approx({"a": 0.25, "b": 0.75})
    assert mass == pytest.approx(0.8)


def test_shots_come_from_train_and_show_every_label(parts):
    run_dir, spec, _ = parts
    train = run_dir.read_rows("train")
    shots = choose_shots(train, spec)
    assert [message.role for message in shots] == ["user", "assistant"] * spec.prediction.num_shots
    assert len({message.content for message in shots if message.role == "assistant"}) == 2
    asked = {message.content for message in shots if message.role == "user"}
    assert asked <= {example.messages[1].content for example in train}
    assert shots == choose_shots(train, spec)
