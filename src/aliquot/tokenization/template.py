"""The chat template of a model, rendered in a sandbox; the one place where a template is run.

Templates come from strangers. They see messages and special tokens, nothing else: no attribute of a
Python object, no clock. The result equals that of transformers (a test compares them).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, LoopControlExtension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from aliquot.core.conversation import Message, ToolCall, as_template_input, read_json
from aliquot.errors import ModelError

_FROZEN_DATE = "01 Jan 2025"
_PROBES = ("aliquot_probe_call", "aliquot_probe_answer")
_PROBE_ID = "aliquot00"  # nine letters and digits: some templates refuse any other
_PROBE_TOOLS = json.dumps(
    [
        {
            "type": "function",
            "function": {
                "name": _PROBES[0],
                "description": "x",
                "parameters": {
                    "type": "object",
                    "properties": {"x": {"type": "integer", "description": "x"}},
                },
            },
        }
    ]
)


class ChatTemplate:
    """A compiled chat template with the special tokens it may print.

    Args:
        source: Jinja source.
        special_tokens: Names such as ``bos_token`` to their texts.
        location: File named in errors.
    """

    def __init__(self, source: str, special_tokens: dict[str, str], location: str) -> None:
        self.source = source
        self._special_tokens = special_tokens
        self._location = location

    @classmethod
    def load(cls, folder: Path) -> ChatTemplate:
        """Read ``chat_template.jinja`` and the special tokens of ``tokenizer_config.json``.

        Raises:
            ModelError: The folder has no chat template (``template_missing``).
        """
        path = folder / "chat_template.jinja"
        if not path.is_file():
            raise ModelError(
                "The model has no chat template, so a conversation cannot be turned into tokens.",
                code="template_missing",
                location=str(folder),
                hint="Choose an instruction-tuned base model (its name usually ends in -Instruct or -it).",
            )
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        special = {name: _token_text(config.get(name)) for name in config if name.endswith("_token")}
        return cls(path.read_text(encoding="utf-8"), {k: v for k, v in special.items() if v}, str(path))

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool, tools: str = "") -> str:
        """Return the text that the model sees.

        Args:
            messages: The conversation so far.
            add_generation_prompt: Whether the assistant is to speak next.
            tools: Definitions of tools as JSON text; empty when there are none.

        Raises:
            ModelError: The template refuses the conversation or fails (``template_failed``), or would leave
                out tools and their calls (``tools_not_in_template``).
        """
        uses_tools = bool(tools) or any(message.tool_calls or message.role == "tool" for message in messages)
        if uses_tools and not self.prints_tools:
            raise ModelError(
                "The chat template prints no tools, so the model would never see them or learn to call them.",
                code="tools_not_in_template",
                location=self._location,
                hint="Choose a base model whose template knows tools, such as Qwen2.5 or Llama 3.1 Instruct.",
            )
        return self._render(messages, add_generation_prompt=add_generation_prompt, tools=tools)

    @cached_property
    def prints_tools(self) -> bool:
        """Whether a definition, a call and an answer of a tool are all seen by the model."""
        call = Message("assistant", "", tool_calls=(ToolCall(_PROBES[0], '{"x": 1}', _PROBE_ID),))
        answer = Message("tool", _PROBES[1], tool_call_id=_PROBE_ID, name=_PROBES[0])
        messages = (Message("user", "x"), call, answer)
        try:
            with_tools = self._render(messages[:1], add_generation_prompt=True, tools=_PROBE_TOOLS)
            with_calls = self._render(messages, add_generation_prompt=True, tools=_PROBE_TOOLS)
        except ModelError:
            return False
        return _PROBES[0] in with_tools and all(
            with_calls.count(name) > with_tools.count(name) for name in _PROBES
        )

    def _render(self, messages: Sequence[Message], *, add_generation_prompt: bool, tools: str) -> str:
        try:
            return self._compiled.render(
                messages=as_template_input(tuple(messages)),
                add_generation_prompt=add_generation_prompt,
                tools=read_json(tools) if tools else None,
                enable_thinking=False,  # answers are trained and scored without a chain of thought
                documents=None,
                **self._special_tokens,
            )
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, RecursionError) as error:
            raise ModelError(
                f"The chat template refused the conversation: {error}",
                code="template_failed",
                location=self._location,
                hint="Check the order of roles: " + " ".join(message.role for message in messages) + ".",
            ) from error

    @cached_property
    def _compiled(self) -> jinja2.Template:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, LoopControlExtension]
        )
        environment.filters["tojson"] = _to_json
        functions: dict[str, Any] = {"raise_exception": _raise_exception}
        # A date in the prompt would make two runs differ. Templates that can do without get none.
        if "strftime_now is defined" not in self.source:
            functions["strftime_now"] = lambda _format: _FROZEN_DATE
        environment.globals.update(functions)
        try:
            return environment.from_string(self.source)
        except jinja2.TemplateError as error:
            raise ModelError(
                f"The chat template cannot be compiled: {error}",
                code="template_failed",
                location=self._location,
            ) from error


class _GenerationTag(Extension):
    """``{% generation %}`` marks assistant text for other trainers; here it prints its body."""

    tags = {"generation"}  # noqa: RUF012 - the attribute's type is Jinja's

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def _token_text(value: Any) -> str:
    return value.get("content", "") if isinstance(value, dict) else (value or "")
