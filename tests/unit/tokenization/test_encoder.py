import pytest

from aliquot.core.conversation import Message, ToolCall
from aliquot.errors import InputError, ModelError
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.template import ChatTemplate
from tests.fixtures.tool_template import TOOL_TEMPLATE

SYSTEM, ASK, YES = Message("system", "Be brief."), Message("user", "High?"), Message("assistant", "high")


@pytest.fixture(scope="module")
def encoder(prepared_dir):
    return Encoder.load(prepared_dir)


def _with_template(encoder, source):
    template = ChatTemplate(source, {}, "test")
    return Encoder(encoder.folder, encoder.model, encoder._tokenizer, template)


def _trained_text(encoder, row):
    trained = [i for i, flag in zip(row.token_ids, row.is_trained, strict=True) if flag]
    return encoder._tokenizer.decode(trained, skip_special_tokens=False)


def test_trains_the_answer_and_the_end_of_its_turn_only(encoder):
    row = encoder.encode((SYSTEM, ASK, YES))
    assert _trained_text(encoder, row) == "high<|im_end|>"
    assert row.is_trained.index(True) == len(encoder.encode_prompt((SYSTEM, ASK)))


def test_the_prompt_in_training_is_the_prompt_in_serving(encoder):
    prompt = encoder.encode_prompt((SYSTEM, ASK))
    assert list(encoder.encode((SYSTEM, ASK, YES)).token_ids[: len(prompt)]) == prompt


def test_ids_equal_those_of_transformers(encoder):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(encoder.folder)
    turns = [{"role": m.role, "content": m.content} for m in (SYSTEM, ASK)]
    expected = theirs.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
    assert encoder.encode_prompt((SYSTEM, ASK)) == expected


def test_every_assistant_turn_is_trained_unless_its_weight_is_zero(encoder):
    both = encoder.encode((ASK, YES, ASK, Message("assistant", "low")))
    assert _trained_text(encoder, both) == "high<|im_end|>low<|im_end|>"
    second = encoder.encode((ASK, Message("assistant", "high", weight=0), ASK, Message("assistant", "low")))
    assert _trained_text(encoder, second) == "low<|im_end|>"
    assert both.token_ids == second.token_ids


def test_a_rewritten_past_turn_becomes_another_branch(encoder):
    # Like templates that strip the reasoning of earlier turns: only the last answer is printed whole.
    source = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n"
        "{{ m.content if loop.last or m.role != 'assistant' else '...' }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    rewriting = _with_template(encoder, source)
    row = rewriting.encode((ASK, YES, ASK, Message("assistant", "low")))
    assert [_trained_text(encoder, branch) for branch in row.branches] == ["high<|im_end|>", "low<|im_end|>"]
    assert row.num_trained_tokens == sum(sum(branch.is_trained) for branch in row.branches)


def test_a_row_without_trained_turn_is_refused(encoder):
    with pytest.raises(InputError) as caught:
        encoder.encode((ASK, Message("assistant", "high", weight=0)))
    assert caught.value.code == "nothing_to_train"


def test_a_template_that_never_ends_a_turn_is_refused(encoder):
    endless = _with_template(encoder, "{% for m in messages %}{{ m.content }}\n{% endfor %}")
    with pytest.raises(ModelError) as caught:
        endless.encode((ASK, YES))
    assert caught.value.code == "template_without_stop"


def test_a_template_that_trains_otherwise_than_it_serves_is_refused(encoder):
    source = (
        "{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}?{% endif %}"
    )
    with pytest.raises(ModelError) as caught:
        _with_template(encoder, source).encode((ASK, YES))
    assert caught.value.code == "template_mismatch"


def test_answers_are_the_trained_ids_of_the_row(encoder):
    row = encoder.encode((SYSTEM, ASK, YES))
    trained = [i for i, flag in zip(row.token_ids, row.is_trained, strict=True) if flag]
    assert encoder.encode_answers((SYSTEM, ASK), ["high", "low"])[0] == trained
    assert encoder.decode(trained) == "high"


def test_many_rows_are_encoded_like_one_by_one(encoder):
    rows = [(SYSTEM, ASK, YES), (ASK, YES, ASK, YES), (ASK, YES)]
    assert encoder.encode_many(rows) == [encoder.encode(row) for row in rows]
    assert all(isinstance(row, EncodedRow) for row in encoder.encode_many(rows))


def test_a_tool_call_is_trained_as_the_template_prints_it(encoder):
    with_tools = _with_template(encoder, TOOL_TEMPLATE)
    call = Message("assistant", "", tool_calls=(ToolCall("mass", '{"x":1}'),))
    tools = '[{"type":"function","function":{"name":"mass"}}]'
    row = with_tools.encode((ASK, call, Message("tool", "36"), YES), tools=tools)
    assert _trained_text(encoder, row) == (
        '<tool_call>{"name": "mass", "arguments": {"x": 1}}</tool_call><|im_end|>high<|im_end|>'
    )
    prompt = with_tools.encode_prompt((ASK,), tools=tools)
    assert list(row.token_ids[: len(prompt)]) == prompt
    assert "<tools>" in encoder._tokenizer.decode(prompt)
