"""One row to one example, or to problems that name line, field, value, what was expected and a remedy."""

from __future__ import annotations

import itertools
import sys
from functools import lru_cache
from typing import Any

from aliquot.core.conversation import ROLES, TEXT_ROLE, Message
from aliquot.core.dataset import Example, Split, hash_content
from aliquot.data.chat_keys import MEDIA_KEYS, describe_kept
from aliquot.data.column_text import suggest
from aliquot.data.findings import Findings
from aliquot.data.format import CONVERSATION_KEYS, Problem, Row, Severity
from aliquot.data.json_lines import as_json, as_text, name_json_type
from aliquot.data.plain_rows import PLAIN_SPLITS, read_plain, read_plain_turns
from aliquot.data.split_words import SPLIT_WORDS, find_split
from aliquot.data.tools import check_tools, note_function_role, read_calls, read_tools

_USED_KEYS = CONVERSATION_KEYS | {"split", "metadata"}
MESSAGE_KEYS = (
    "role", "content", "weight", "tool_calls", "tool_call_id", "name", "function_call",
)  # fmt: skip


class RowValidator:
    """Turns rows into examples; all it finds goes to ``findings``.

    Args:
        findings: Collects the problems.
        group_key: The field whose equal values belong together, or None.
    """

    def __init__(self, findings: Findings, group_key: str | None = None) -> None:
        self._findings = findings
        self._group_key = group_key

    def validate(self, row: Row) -> Example | None:
        """Return the example, or None when the row has an error."""
        messages = read_plain(row.value)
        if messages is not None:
            return Example(
                messages=messages,
                line=row.line,
                content_hash=hash_content(messages),
                split=PLAIN_SPLITS[row.value["split"]] if "split" in row.value else None,
            )
        return _RowCheck(row, self._findings).build(self._group_key)


class _RowCheck:
    """The examination of one row."""

    def __init__(self, row: Row, findings: Findings) -> None:
        self.row = row
        self._findings = findings
        self._has_error = False

    def build(self, group_key: str | None) -> Example | None:
        value = self.row.value
        self._refuse_media(value, "")
        plain = read_plain_turns(value.get("messages"))
        messages = plain or self._read_messages(value)
        tools = read_tools(value, self._report)
        rejected = self._read_rejected(value.get("rejected_message"))
        split = self._read_split(value.get("split"))
        metadata = self._read_metadata(value, group_key)
        is_settled = plain is not None and not tools and rejected is None
        if messages is not None and not is_settled and not self._has_error:
            self._check_conversation(messages, tools, rejected)
        if messages is None or self._has_error:
            return None
        return Example(
            messages=messages,
            line=self.row.line,
            content_hash=hash_content(messages, tools, rejected),
            split=split,
            group=None if group_key is None else metadata.get(group_key),
            metadata=metadata,
            tools=tools,
            rejected=rejected,
        )

    def _report(
        self,
        code: str,
        message: str,
        *,
        field: str = "",
        remedy: str = "",
        severity: Severity = "error",
        kind: str = "",
    ) -> None:
        self._has_error = self._has_error or severity == "error"
        problem = Problem(
            code=code,
            message=message,
            line=self.row.line,
            severity=severity,
            field=self.row.names.get(field, field),
            remedy=remedy,
            kind=kind,
        )
        self._findings.add(problem)

    # Messages.

    def _read_messages(self, value: dict[str, Any]) -> tuple[Message, ...] | None:
        if "messages" not in value:
            self._report_missing_messages(list(value))
            return None
        items = value["messages"]
        if not isinstance(items, list) or not items:
            found = "an empty list" if items == [] else name_json_type(items)
            message = f'"messages" is {found}; expected a list of at least one prompt and one answer.'
            self._report("invalid_messages", message, field="messages")
            return None
        messages = [self._read_message(item, f"messages[{index}]") for index, item in enumerate(items)]
        return tuple(message for message in messages if message is not None)

    def _report_missing_messages(self, keys: list[str]) -> None:
        found = ", ".join(keys[:10]) or "none"
        remedy = next((near for key in keys if (near := suggest(key, ["messages"]))), "")
        if not remedy and {"prompt", "completion", "input", "output", "instruction"} & set(keys):
            remedy = "Did you mean the prompt/completion format? Set data.format: prompt_completion."
        message = f'"messages" is missing. Found keys: {found}.'
        self._report("missing_messages", message, field="messages", remedy=remedy)

    def _read_message(self, item: object, path: str) -> Message | None:
        if not isinstance(item, dict):
            message = f"{path} is {name_json_type(item)}; expected an object with role and content."
            self._report("invalid_message", message, field=path)
            return None
        self._refuse_media(item, path)
        self._note_message_keys(item, path)
        role = self._read_role(item, path)
        calls = read_calls(item, role or "assistant", path, self._report)
        content = self._read_content(item, f"{path}.content", is_needed=not calls)
        if role is None or content is None:
            return None
        if role in ("system", "developer"):
            content = sys.intern(content)  # the same in most rows: kept once
        weight = self._read_weight(item, role, path)
        answered = self._read_word(item, "tool_call_id", path)
        return Message(role, content, weight, calls, answered, self._read_word(item, "name", path))

    def _read_word(self, item: dict[str, Any], key: str, path: str) -> str:
        word = item.get(key)
        if word is None or isinstance(word, str):
            return word or ""
        message = f'"{key}" is {name_json_type(word)}; expected text.'
        self._report("invalid_message", message, field=f"{path}.{key}")
        return ""

    def _read_rejected(self, item: object) -> Message | None:
        return None if item is None else self._read_message(item, "rejected_message")

    def _read_role(self, item: dict[str, Any], path: str) -> str | None:
        role = item.get("role")
        if isinstance(role, str) and role in ROLES:
            return sys.intern(role)
        if role == "function":
            note_function_role(self._report, f"{path}.role")
            return "tool"
        if role == TEXT_ROLE and len(self.row.value["messages"]) == 1:
            return TEXT_ROLE
        found = "missing" if "role" not in item else show(role)
        near = suggest(role, ROLES) if isinstance(role, str) else ""
        message = f"The role is {found}; expected one of {', '.join(ROLES)}."
        self._report("unknown_role", message, field=f"{path}.role", remedy=near, kind=found)
        return None

    def _read_content(self, item: dict[str, Any], path: str, *, is_needed: bool) -> str | None:
        content = item.get("content")
        if isinstance(content, str):
            return content
        if content is None and not is_needed:
            return ""
        if isinstance(content, list):
            return self._join_parts(content, path)
        found = "missing" if "content" not in item else name_json_type(content)
        name = self.row.names.get(path, path)
        self._report("invalid_content", f'"{name}" is {found}; expected text.', field=path, kind=found)
        return None

    def _join_parts(self, parts: list[Any], path: str) -> str | None:
        """Return the text of a list of text parts; any other part is refused by its type."""
        texts = []
        for part in parts:
            if not isinstance(part, dict):
                self._report_unsupported(path, f"content parts that are {name_json_type(part)}, no objects,")
                return None
            if part.get("type") != "text" or not isinstance(part.get("text"), str):
                self._report_unsupported(path, f"content parts of the type {show(part.get('type'))}")
                return None
            texts.append(part["text"])
        message = "Content given as a list of text parts was joined without a separator."
        self._report("text_parts_joined", message, field=path, severity="note")
        return "".join(texts)

    def _read_weight(self, item: dict[str, Any], role: str, path: str) -> int | None:
        weight = item.get("weight")
        if weight is None:
            return None
        if isinstance(weight, bool) or weight not in (0, 1):
            message = f"The weight is {show(weight)}; expected 0 (not trained) or 1."
            self._report("invalid_weight", message, field=f"{path}.weight")
        elif role != "assistant":
            message = f"A message of the role {role} has a weight; only the assistant's are trained."
            self._report("invalid_weight", message, field=f"{path}.weight", remedy="Remove it.")
        return weight if isinstance(weight, int) else None

    def _refuse_media(self, item: dict[str, Any], path: str) -> None:
        for key in sorted(MEDIA_KEYS & item.keys()):
            if item[key]:
                self._report_unsupported(f"{path}.{key}".lstrip("."), f'"{key}"')

    def _report_unsupported(self, path: str, what: str) -> None:
        message = f"Aliquot trains on text only; {what} cannot be read."
        remedy = "Write the content as text, or remove the row."
        self._report("unsupported_content", message, field=path, remedy=remedy, kind=what)

    def _note_message_keys(self, item: dict[str, Any], path: str) -> None:
        if len(item) <= 2 and "role" in item and "content" in item:
            return
        for key in item:
            if key not in MESSAGE_KEYS and key not in MEDIA_KEYS and item[key] is not None:
                message = f'The key "{key}" of a message is not used.'
                self._report(
                    "unknown_message_key",
                    message,
                    field=f"{path}.{key}",
                    severity="warning",
                    kind=key,
                    remedy=suggest(key, MESSAGE_KEYS),
                )

    # The conversation as a whole.

    def _check_conversation(
        self, messages: tuple[Message, ...], tools: str, rejected: Message | None
    ) -> None:
        if messages[0].role == TEXT_ROLE:
            self._check_plain(messages[0])
            return
        self._check_turns(messages)
        if tools or any(item.tool_calls or item.role == "tool" for item in messages):
            check_tools(messages, tools, self._report)
        if rejected is not None:
            self._check_rejected(messages[-1], rejected)

    def _check_plain(self, item: Message) -> None:
        if not item.content.strip():
            message = "The text is blank; nothing to learn."
            self._report("empty_answer", message, field="messages[0].content", remedy="Remove the row.")

    def _check_rejected(self, chosen: Message, rejected: Message) -> None:
        field = "rejected_message"
        if rejected.role != "assistant":
            message = f"The rejected answer is from {rejected.role}; expected one of the assistant."
            self._report("invalid_rejected", message, field=field)
        if not rejected.text.strip():
            self._report("invalid_rejected", "The rejected answer is blank.", field=field)
        if rejected.text == chosen.text:
            message = "The rejected answer is the same as the preferred one; the row shows no preference."
            self._report("equal_preference", message, field=field, severity="warning")
        message = (
            "The row has a preferred and a rejected answer: training learns to prefer the one to the other, "
            "or follows the preferred one alone (train.objective: supervised)."
        )
        self._report("preference_pair", message, field=field, severity="note")

    def _check_turns(self, messages: tuple[Message, ...]) -> None:
        last = len(messages) - 1
        if messages[last].role != "assistant":
            message = f"The last message is from {messages[last].role}; expected the assistant's answer."
            self._report(
                "no_final_answer", message, field=f"messages[{last}].role", remedy="Add the answer expected."
            )
            return
        if last == 0:
            message = "There is an answer and no prompt before it."
            self._report("no_prompt", message, field="messages", remedy="Add the user's message.")
        for index, item in enumerate(messages):
            self._check_text(item, f"messages[{index}].content", is_reference=index == last)
        if not any(item.is_trained for item in messages):
            message = "Every assistant message has the weight 0; nothing to learn."
            self._report("nothing_to_learn", message, field="messages", remedy="Give one of them weight 1.")
        self._check_order(messages)

    def _check_text(self, item: Message, path: str, *, is_reference: bool) -> None:
        if item.tool_calls or item.content.strip():
            return
        found = "empty" if not item.content else "blank"
        if item.is_trained or is_reference:
            message = f"The assistant message is {found}; nothing to learn."
            self._report("empty_answer", message, field=path, remedy="Add the answer, or remove the row.")
        elif item.role == "user":
            message = f"The user message is {found}."
            self._report("empty_prompt", message, field=path, severity="warning")

    def _check_order(self, messages: tuple[Message, ...]) -> None:
        roles = [item.role for item in messages]
        turns = [role for role in roles if role in ("user", "assistant", "tool")]
        is_alternating = all(one != other or one == "tool" for one, other in itertools.pairwise(turns))
        if turns[:1] != ["user"] or not is_alternating:
            message = (
                f"The roles are {', '.join(roles)}; some chat templates want user and assistant in turns."
            )
            self._report("roles_not_alternating", message, field="messages", severity="warning")
        if any(role in ("system", "developer") for role in roles[1:]):
            message = "A system message is not the first; some chat templates forbid that."
            self._report("system_not_first", message, field="messages", severity="warning")

    # Everything beside the messages.

    def _read_split(self, word: object) -> Split | None:
        if word is None or (isinstance(word, str) and not word.strip()):
            return None
        split = find_split(word)
        if split is not None:
            return split
        near = suggest(word.strip(), list(SPLIT_WORDS)) if isinstance(word, str) else ""
        if isinstance(word, str) and word.strip().lower().startswith("eval"):
            near = "It means validation to some and test to others: write the one you mean."
        message = f"The split is {show(word)}; expected one of {', '.join(SPLIT_WORDS)} (in any case)."
        self._report("unknown_split", message, field="split", remedy=near, kind=show(word))
        return None

    def _read_metadata(self, value: dict[str, Any], group_key: str | None) -> dict[str, str]:
        given = value.get("metadata")
        if given is not None and not isinstance(given, dict):
            message = f'"metadata" is {name_json_type(given)}; expected an object.'
            self._report("invalid_metadata", message, field="metadata")
            given = None
        if not given and len(value) <= 2 and "split" in value:
            return {}
        metadata = {key: _as_metadata(item) for key, item in (given or {}).items() if item is not None}
        for key, item in value.items():
            if key in _USED_KEYS or item is None or (key in MEDIA_KEYS and not item):
                continue
            if key not in ("id", group_key):
                self._note_key(key)
            metadata[key] = _as_metadata(item)
        return metadata

    def _note_key(self, key: str) -> None:
        near = _suggest_key(key)
        severity: Severity = "warning" if near else "note"
        self._report("unknown_key", describe_kept(key), field=key, severity=severity, kind=key, remedy=near)


@lru_cache(maxsize=1024)
def _suggest_key(key: str) -> str:
    return suggest(key, ("split", "metadata", "messages"))  # as often as there are rows


def _as_metadata(value: object) -> str:
    text = as_text(value)
    return text if isinstance(text, str) else as_json(value)


def show(value: object) -> str:
    """Return a value as JSON of at most 60 characters, for a message."""
    text = repr(value) if isinstance(value, str) else as_json(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
