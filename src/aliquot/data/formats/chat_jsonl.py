"""Chat lines as OpenAI and OpenPipe write them: ``{"messages": [{"role", "content"}, …], "split"}``."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.data.format import Detection, Format, Problem, Row
from aliquot.data.json_lines import list_objects, read_objects
from aliquot.data.source import Sample, Source


def detect(sample: Sample) -> Detection | None:
    """Recognise lines that are objects with the key ``messages``."""
    objects = list_objects(sample)
    num_chat = sum("messages" in value for value in objects)
    if num_chat:
        return Detection(f'{num_chat} of the first {len(sample.lines)} lines are objects with "messages".')
    if not objects and any(line.startswith(b"{") and b'"messages"' in line for line in sample.lines):
        return Detection('The first lines begin with "{" and name "messages", but none is valid JSON.')
    return None


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows as they are: this is the shape that validation expects."""
    for item in read_objects(source):
        yield item if isinstance(item, Problem) else Row(*item)


FORMAT = Format(name="chat_jsonl", title="chat messages, JSON Lines", detect=detect, read=read)
