import pytest

from aliquot.core.conversation import Message
from aliquot.errors import AliquotError, InputError
from aliquot.workflows.chat import chat


def test_a_base_model_answers_piece_by_piece_and_remembers(surround):
    with chat("smollm2-135m-instruct", system="Be brief.", within=surround()) as talk:
        assert list(talk.say("one two")) == ["one ", "two "]
        assert talk.messages[0] == Message("system", "Be brief.")
        assert [turn.role for turn in talk.messages] == ["system", "user", "assistant"]
    assert talk._dialogue.is_closed


def test_a_run_s_tuned_model_hears_the_system_message_it_was_tuned_with(
    fixture_run, surround, tmp_path, monkeypatch
):
    monkeypatch.setattr("aliquot.workflows.chat.get_model_dir", lambda run_dir: tmp_path)
    fixture_run.adapter_dir.mkdir()
    within = surround()
    with chat(fixture_run.run_id, within=within) as talk:
        assert talk.messages == [Message("system", "Say whether the review is positive or negative.")]
    assert within.target.started == [
        ["--model-dir", str(tmp_path), "--weights-dir", str(fixture_run.adapter_dir)]
    ]


def test_a_run_without_an_adapter_cannot_talk(fixture_run, surround):
    with pytest.raises(InputError) as caught:
        chat(fixture_run.run_id, within=surround())
    assert caught.value.code == "not_trained"


def test_a_name_of_nothing_is_refused(surround):
    with pytest.raises(AliquotError, match="No base model is called"):
        chat("nothing", within=surround())
