"""Chat lines as OpenAI and OpenPipe write them: ``{"messages": [{"role", "content"}, …], "split"}``."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.data.format import Detection, Format, Problem, Row
from aliquot.data.json_lines import decode_object, list_objects, read_objects
from aliquot.data.source import Line, Sample, Source


def detect(sample: Sample) -> Detection | None:
    """Recognise lines most of which are objects with the key ``messages``, or would be if they were whole."""
    num_chat = sum("messages" in value for value in list_objects(sample))
    num_broken = sum(
        line.startswith(b"{") and b'"messages"' in line and isinstance(decode_object(Line(0, line)), Problem)
        for line in sample.lines
    )
    if 2 * (num_chat + num_broken) <= len(sample.lines):
        return None
    return Detection(f'{num_chat} of the first {len(sample.lines)} lines are objects with "messages".')


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows as they are: this is the shape that validation expects."""
    for item in read_objects(source):
        yield item if isinstance(item, Problem) else Row(*item)


FORMAT = Format(name="chat_jsonl", title="chat messages, JSON Lines", detect=detect, read=read)
