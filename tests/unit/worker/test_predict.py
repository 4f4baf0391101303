import math
from dataclasses import replace

import msgspec
import pytest

from aliquot.core.conversation import Message
from aliquot.evaluation.neighbours import find_nearest
from aliquot.inference.engine import Answer, AnswerScore
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.answering import LabelScore, normalise_labels
from aliquot.worker.predict import Predictor
from aliquot.worker.shots import as_turns, build_shots, choose_shots
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
    shots = as_turns(choose_shots(train, spec))
    assert [message.role for message in shots] == ["user", "assistant"] * spec.prediction.num_shots
    assert len({message.content for message in shots if message.role == "assistant"}) == 2
    asked = {message.content for message in shots if message.role == "user"}
    assert asked <= {example.messages[1].content for example in train}
    assert shots == as_turns(choose_shots(train, spec))


def _nearest(parts, train=None, num_shots=2):
    run_dir, spec, encoder = parts
    spec = replace(spec, prediction=replace(spec.prediction, num_shots=num_shots))
    train = run_dir.read_rows("train") if train is None else train
    items = run_dir.read_rows("test")
    return build_shots("base_nearest", train, items, spec), items, encoder


def test_each_item_is_shown_its_own_nearest_rows_the_nearest_last(parts):
    run_dir, _, _ = parts
    shots, items, encoder = _nearest(parts)
    nearest = find_nearest(run_dir.read_rows("train"), items, 2)
    for item, found in zip(items, nearest, strict=True):
        asked = shots.ask(item, encoder, longest=10_000).messages
        assert asked[0] == item.prompt[0] and asked[-1] == item.prompt[-1]
        assert asked[1:-1] == as_turns(found[::-1])


def test_the_item_s_own_answer_can_not_be_a_shot(parts):
    run_dir, _, _ = parts
    # All test rows stand in train as well, with an answer that occurs nowhere else.
    own = [
        msgspec.structs.replace(row, messages=(*row.prompt, Message("assistant", f"leak {row.line}")))
        for row in run_dir.read_rows("test")
    ]
    shots, items, encoder = _nearest(parts, train=[*own, *run_dir.read_rows("train")], num_shots=100)
    for item in items:
        said = [message.content for message in shots.ask(item, encoder, longest=10_000).messages]
        assert f"leak {item.line}" not in said
        assert sum(text.startswith("leak") for text in said) == len(items) - 1, "others' copies are fair"


def test_shots_that_do_not_fit_the_window_are_left_out_farthest_first(parts):
    shots, items, encoder = _nearest(parts)
    whole = shots.ask(items[0], encoder, longest=10_000)
    room = len(encoder.encode_prompt(whole.messages)) - 1
    asked = shots.ask(items[0], encoder, longest=room)
    assert asked.messages == (whole.messages[0], *whole.messages[3:])
    assert shots.ask(items[0], encoder, longest=0).messages == items[0].prompt


def test_the_source_of_the_answers_names_the_shots(parts):
    shots, _, _ = _nearest(parts, num_shots=3)
    assert shots.settings["num_shots"] == "3"
    assert "none with the row's own prompt" in shots.settings["shots"]
