"""The worker program that answers new rows: the same answers as to the same rows of the run."""

from aliquot.core.conversation import Message
from aliquot.core.prompt import Prompt, Questions
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.answer import answer_all
from aliquot.worker.answering import Answerer
from aliquot.workflows.load import load
from aliquot.workflows.surroundings import Surroundings
from tests.fixtures.tiny_run import make_tiny_run


class Speechless:
    """An engine that must not be asked."""

    def keep_prefix(self, prefix):
        raise AssertionError

    generate = score = keep_prefix


def _ask(text):
    return Prompt((Message("user", text),))


def test_a_prompt_that_is_too_long_or_refused_is_answered_with_the_reason(prepared_dir):
    answerer = Answerer(Encoder.load(prepared_dir), Speechless(), labels=(), max_new_tokens=4)
    answers = answer_all(Questions(prompts=(_ask("a long prompt"),), expected=()), answerer, 3)
    assert [(one.status, one.text) for one in answers] == [("error", "")]
    assert "leaves room for 3" in answers[0].error


def test_rows_of_the_run_asked_as_new_ones_get_the_same_answers(tmp_path, prepared_dir, monkeypatch):
    from aliquot.worker import run as program
    from aliquot.worker.journal import RunJournal

    monkeypatch.setattr(RunJournal, "listen_for_signals", lambda self: None)
    monkeypatch.setattr("aliquot.workflows.load.get_model_dir", lambda run_dir: prepared_dir)
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, num_steps=3)
    program.main([str(run_dir.path), "--model-dir", str(prepared_dir), "--stages", "train,predict:tuned"])
    rows = run_dir.read_rows("test")
    asked = [[{"role": turn.role, "content": turn.content} for turn in row.prompt] for row in rows]
    with load(run_dir.path, within=Surroundings()) as model:
        answers = model.answer(asked)
        again = model.answer([turns[-1]["content"] for turns in asked])
    known = run_dir.read_predictions("tuned", "test")
    assert [one.text for one in answers] == [one.output for one in known]
    assert [one.label_probabilities for one in answers] == [one.label_probabilities for one in known]
    assert again == answers, "texts alone get the system message of the training rows"
