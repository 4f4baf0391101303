import json

import pytest

from aliquot.core.conversation import Message, ToolCall
from aliquot.errors import ModelError
from aliquot.tokenization.template import ChatTemplate
from tests.fixtures.tool_template import TOOL_TEMPLATE

TURNS = (Message("system", "Be brief."), Message("user", "Hi\u2028there"), Message("assistant", "Yes."))

TEMPLATES = [
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] | trim }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}",
    "{{ bos_token }}{%- for m in messages -%}\n  {%- if m.role == 'assistant' -%}\n"
    "  {% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}\n"
    "  {%- else -%}[{{ m.role }}]{{ m.content | tojson }}{%- endif -%}\n{%- endfor -%}"
    "{% if add_generation_prompt %}[assistant]{% endif %}",
    "{% for m in messages %}{% if loop.index > 99 %}{% break %}{% endif %}{{ m.content }};{% endfor %}",
]


def _template(source):
    return ChatTemplate(source, {"bos_token": "<s>", "eos_token": "</s>"}, "template")


@pytest.mark.parametrize("source", TEMPLATES)
@pytest.mark.parametrize("add_generation_prompt", [True, False])
def test_renders_what_transformers_renders(source, add_generation_prompt):
    from transformers.utils.chat_template_utils import render_jinja_template

    conversation = [{"role": m.role, "content": m.content} for m in TURNS]
    expected, _ = render_jinja_template(
        conversations=[conversation],
        chat_template=source,
        add_generation_prompt=add_generation_prompt,
        bos_token="<s>",
        eos_token="</s>",
    )
    assert _template(source).render(TURNS, add_generation_prompt=add_generation_prompt) == expected[0]


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__class__.__init__.__globals__ }}",
        "{{ self.__init__.__globals__['os'].system('true') }}",
        "{% set _ = messages.append(1) %}",
        "{{ range(10**9) | list }}",
        "{% include '/etc/passwd' %}",
        "{{ raise_exception('no system role') }}",
    ],
)
def test_refuses_a_template_that_reaches_out(attack):
    with pytest.raises(ModelError, match="refused the conversation"):
        _template(attack).render(TURNS, add_generation_prompt=True)


def test_says_which_roles_a_template_refused():
    with pytest.raises(ModelError) as caught:
        _template("{{ raise_exception('alternate!') }}").render(TURNS, add_generation_prompt=True)
    assert "alternate!" in caught.value.message
    assert "system user assistant" in caught.value.hint


def test_a_template_sees_no_clock():
    guarded = "{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}none{% endif %}"
    assert _template(guarded).render(TURNS, add_generation_prompt=False) == "none"
    assert _template("{{ strftime_now('%d') }}").render(TURNS, add_generation_prompt=False) == "01 Jan 2025"


def test_a_folder_without_template_is_refused(tmp_path):
    with pytest.raises(ModelError) as caught:
        ChatTemplate.load(tmp_path)
    assert caught.value.code == "template_missing"


TOOLS = [{"type": "function", "function": {"name": "mass", "description": "é", "parameters": {"x": 1.5}}}]
CALLING = (
    Message("system", "Be brief."),
    Message("user", "HCl?"),
    Message("assistant", "Well.", tool_calls=(ToolCall("mass", '{"of":"HCl","n":[1,null]}', "c1"),)),
    Message("tool", "36.46", tool_call_id="c1", name="mass"),
    Message("assistant", "36.46 g/mol"),
)


@pytest.mark.parametrize("num_messages", [2, 3, 4, 5])
@pytest.mark.parametrize("tools", [TOOLS, None])
def test_tools_and_calls_are_rendered_as_transformers_renders_them(num_messages, tools):
    from transformers.utils.chat_template_utils import render_jinja_template

    call = {"name": "mass", "arguments": {"of": "HCl", "n": [1, None]}}
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "HCl?"},
        {
            "role": "assistant",
            "content": "Well.",
            "tool_calls": [{"id": "c1", "type": "function", "function": call}],
        },
        {"role": "tool", "content": "36.46", "tool_call_id": "c1", "name": "mass"},
        {"role": "assistant", "content": "36.46 g/mol"},
    ]
    expected, _ = render_jinja_template(
        conversations=[conversation[:num_messages]],
        tools=tools,
        chat_template=TOOL_TEMPLATE,
        add_generation_prompt=True,
    )
    rendered = _template(TOOL_TEMPLATE).render(
        CALLING[:num_messages], add_generation_prompt=True, tools=json.dumps(tools) if tools else ""
    )
    assert rendered == expected[0]


@pytest.mark.parametrize(
    ("source", "prints"),
    [
        (TOOL_TEMPLATE, True),
        (TOOL_TEMPLATE.replace("{%- if tools %}", "{%- if false %}"), False),
        (TOOL_TEMPLATE.replace("message.role == 'tool'", "false"), False),
        (TOOL_TEMPLATE.replace("for call in message.tool_calls", "for call in []"), False),
        ("{{ raise_exception('no tools') }}", False),
        (TEMPLATES[0], False),
    ],
)
def test_a_template_prints_tools_when_definition_call_and_answer_are_seen(source, prints):
    assert _template(source).prints_tools is prints


@pytest.mark.parametrize(
    ("messages", "tools"), [(TURNS, json.dumps(TOOLS)), (CALLING[:3], ""), (CALLING, "")]
)
def test_tools_are_not_left_out_in_silence(messages, tools):
    with pytest.raises(ModelError) as caught:
        _template(TEMPLATES[0]).render(messages, add_generation_prompt=False, tools=tools)
    assert caught.value.code == "tools_not_in_template"
