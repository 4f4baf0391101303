import pytest

from aliquot.core.conversation import Message
from aliquot.errors import ModelError
from aliquot.tokenization.template import ChatTemplate

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
