"""Definitions and calls of tools in a row, in today's and in the older spelling; used by ``validate.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from aliquot.core.conversation import Message, ToolCall, read_json
from aliquot.data.column_text import suggest
from aliquot.data.format import Severity
from aliquot.data.json_lines import as_json, name_json_type


class Report(Protocol):
    """Takes one problem of the row at hand."""

    def __call__(
        self,
        code: str,
        message: str,
        *,
        field: str = "",
        remedy: str = "",
        severity: Severity = "error",
        kind: str = "",
    ) -> None:
        """Take the problem."""


def read_tools(value: Mapping[str, Any], report: Report) -> str:
    """Return the definitions of a row's tools as JSON text, empty when it has none."""
    key = "tools" if value.get("tools") else "functions"
    given = value.get(key)
    if not given:
        return ""
    tools = read_json(given) if isinstance(given, str) else given
    if not isinstance(tools, list):
        _report_definition(
            report, key, f'"{key}" is {name_json_type(tools)}; expected a list of definitions.'
        )
        return ""
    if key == "functions":
        _note_legacy(report, key)
    return as_json([_read_definition(tool, f"{key}[{index}]", report) for index, tool in enumerate(tools)])


def _read_definition(tool: object, path: str, report: Report) -> object:
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        found = name_json_type(tool) if function is None else "an object without a name"
        _report_definition(report, path, f"{path} is {found}; expected the definition of a function.")
        return None
    return tool if function is not tool else {"type": "function", "function": function}


def _report_definition(report: Report, path: str, message: str) -> None:
    remedy = 'Write {"type": "function", "function": {"name": …, "parameters": {…}}}.'
    report("invalid_tools", message, field=path, remedy=remedy)


def read_calls(item: Mapping[str, Any], role: str, path: str, report: Report) -> tuple[ToolCall, ...]:
    """Return the tools that a message calls."""
    given, key = item.get("tool_calls"), "tool_calls"
    if not given and item.get("function_call"):
        given, key = [item["function_call"]], "function_call"
        _note_legacy(report, key)
    if not given:
        return ()
    if role != "assistant":
        message = f"A message of the role {role} calls tools; only the assistant does."
        report("invalid_tool_call", message, field=f"{path}.{key}")
        return ()
    given = read_json(given) if isinstance(given, str) else given
    if not isinstance(given, list):
        message = f'"{key}" is {name_json_type(given)}; expected a list of calls.'
        report("invalid_tool_call", message, field=f"{path}.{key}")
        return ()
    calls = [_read_call(call, f"{path}.{key}[{index}]", report) for index, call in enumerate(given)]
    return tuple(call for call in calls if call is not None)


def _read_call(call: object, path: str, report: Report) -> ToolCall | None:
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict) or not _is_name(function.get("name")):
        message = f"{path} is {name_json_type(call)} without the name of a function."
        remedy = 'Write {"id": …, "type": "function", "function": {"name": …, "arguments": "{…}"}}.'
        report("invalid_tool_call", message, field=path, remedy=remedy)
        return None
    arguments = function.get("arguments") or {}
    if not isinstance(arguments, str):
        arguments = as_json(arguments)
    if not isinstance(read_json(arguments), dict):
        message = f"The arguments of the call of {function['name']!r} are no JSON object: {arguments[:60]!r}."
        report(
            "invalid_tool_call", message, field=f"{path}.arguments", remedy='Write them as "{\\"x\\": 1}".'
        )
        return None
    identifier = call.get("id")
    return ToolCall(function["name"], arguments, identifier if isinstance(identifier, str) else "")


def check_tools(messages: Sequence[Message], tools: str, report: Report) -> None:
    """Report calls of tools that are not defined, and answers of tools that nobody called."""
    defined = [tool["function"]["name"] for tool in msgspec.json.decode(tools) if tool] if tools else []
    called: set[str] = set()
    has_call = False
    for index, message in enumerate(messages):
        for call in message.tool_calls:
            has_call = True
            called.add(call.id)
            if call.name not in defined:
                _report_undefined(report, call.name, defined, f"messages[{index}].tool_calls")
        is_answer_to_call = has_call and (not message.tool_call_id or message.tool_call_id in called)
        if message.role == "tool" and not is_answer_to_call:
            report(
                "tool_answer_without_call",
                f"A tool answers, but no call before it has the id {message.tool_call_id!r}.",
                field=f"messages[{index}].tool_call_id",
                severity="warning",
                remedy="Give the call and its answer the same id.",
            )


def _report_undefined(report: Report, name: str, defined: Sequence[str], path: str) -> None:
    known = ", ".join(defined) or "none"
    message = f"The assistant calls {name!r}; tools defined in the row: {known}."
    report(
        "undefined_tool",
        message,
        field=path,
        severity="warning",
        remedy=suggest(name, defined)
        or 'Define it in "tools": the model cannot know a tool that it is not shown.',
        kind=name,
    )


def _note_legacy(report: Report, key: str) -> None:
    now = {"functions": "tools", "function_call": "tool_calls"}.get(key, "role tool")
    report(
        "legacy_functions",
        f'"{key}" is an older spelling; it is read as {now}.',
        field=key,
        severity="note",
        kind=key,
    )


def note_function_role(report: Report, path: str) -> None:
    """Note that a message of the older role ``function`` is read as one of the role ``tool``."""
    message = "The role function is an older spelling; it is read as tool."
    report("legacy_functions", message, field=path, severity="note", kind="role")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
