"""Short ways to write rows and examples in tests."""

import json
from pathlib import Path

from aliquot.core.conversation import Message
from aliquot.core.dataset import Example
from aliquot.core.records import sha256_of
from aliquot.data.table import ExampleTable, TableBuilder


def example(
    prompt: str, answer: str, *, line: int = 1, split=None, group=None, system=None, metadata=None
) -> Example:
    messages = (Message("user", prompt), Message("assistant", answer))
    if system is not None:
        messages = (Message("system", system), *messages)
    content_hash = sha256_of(messages)
    return Example(
        messages=messages,
        line=line,
        content_hash=content_hash,
        split=split,
        group=group,
        metadata=metadata or {},
    )


def table_of(examples) -> ExampleTable:
    builder = TableBuilder()
    for item in examples:
        builder.add(item)
    return builder.finish()


def list_rows(table: ExampleTable) -> list[Example]:
    return [table.get(place) for place in range(len(table))]


def chat_line(prompt: str, answer: str, **rest) -> str:
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages, **rest})


def write_lines(path: Path, lines) -> Path:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path
