"""Objects with named fields, recognised by their fields: in JSON Lines, in a JSON array, in a table.

A format of objects gives ``find_shape``; here it is made into a format of JSON Lines, and looked up for
the formats that only hold objects, whatever these look like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.data.format import Detection, Format, Problem, Row, Shape, Writer
from aliquot.data.json_lines import decode_object, list_objects, read_objects
from aliquot.data.source import Line, Sample, Source
from aliquot.errors import InputError
from aliquot.plugins import get_extension, list_extensions

FORMATS = "aliquot.data.formats"
FindShape = Callable[[Sequence[Mapping[str, Any]], DataSettings], Shape | None]


def json_lines_format(
    name: str,
    title: str,
    find_shape: FindShape,
    *,
    expected: str,
    mark: bytes = b"",
    is_flat: bool = False,
    writer: Writer | None = None,
) -> Format:
    """Return the format of JSON Lines whose objects have a shape.

    Args:
        name: The format's name.
        title: What people call it.
        find_shape: Recognises the objects.
        expected: What the objects should have, for the error when they were said to be so and are not.
        mark: What stands in a line even when it is broken; empty when nothing tells.
        is_flat: Whether the objects hold only texts.
        writer: Writes examples.
    """

    def detect(sample: Sample) -> Detection | None:
        if sample.lines[:1] and sample.lines[0].lstrip().startswith(b"["):
            return None
        shape = find_shape(list_objects(sample), sample.settings)
        count = shape.count if shape else 0
        if 2 * (count + _count_broken(sample, mark)) <= len(sample.lines):
            return None
        fields = shape.fields if shape else mark.decode()
        return Detection(f"{count} of the first {len(sample.lines)} lines are objects with {fields}.")

    def read(source: Source) -> Iterator[Row | Problem]:
        shape = find_shape(list_objects(source.sample()), source.settings)
        yield from note_unused(shape, source.settings)
        for item in read_objects(source):
            if isinstance(item, Problem):
                yield item
            elif shape is None:
                raise _unlike(source, title, expected)
            else:
                yield from shape.read(*item)

    return Format(
        name=name,
        title=title,
        detect=detect,
        read=read,
        find_shape=find_shape,
        is_flat=is_flat,
        writer=writer,
    )


def find_any_shape(
    objects: Sequence[Mapping[str, Any]], settings: DataSettings, location: str, *, only_flat: bool = False
) -> Shape | None:
    """Return the one shape that most of some objects have, None when they have none that is known.

    Raises:
        InputError: They have more than one (``ambiguous_format``).
    """
    found = []
    for name in list_extensions(FORMATS):
        data_format: Format = get_extension(FORMATS, name, "FORMAT")
        if data_format.find_shape is None or (only_flat and not data_format.is_flat):
            continue
        shape = data_format.find_shape(objects, settings)
        if shape is not None and 2 * shape.count > len(objects):
            found.append(shape)
    if len(found) > 1:
        raise InputError(
            f"The rows could be those with {' or those with '.join(shape.fields for shape in found)}.",
            code="ambiguous_format",
            location=location,
            hint="Say which columns are meant with data.prompt and data.answer.",
        )
    return found[0] if found else None


def note_unused(shape: Shape | None, settings: DataSettings) -> Iterator[Problem]:
    """Warn of settings of columns that do not bear on rows of this shape."""
    if shape is not None and shape.has_columns:
        return
    for name in ("prompt", "answer", "system"):
        if getattr(settings, name) is not None:
            message = f"data.{name} was not used: the rows hold whole conversations or texts."
            yield Problem(
                code="setting_not_used",
                severity="warning",
                message=message,
                field=f"data.{name}",
                remedy="Leave it out, or write it into the rows.",
                kind=name,
            )


def list_keys(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys of some objects, all taken together, in the order they are met."""
    return list(dict.fromkeys(key for value in objects for key in value))


def _count_broken(sample: Sample, mark: bytes) -> int:
    """Count lines that would be objects if they were whole; one with a comma at its end is of an array."""
    return sum(
        bool(mark)
        and line.startswith(b"{")
        and mark in line
        and not line.rstrip().endswith(b",")
        and isinstance(decode_object(Line(0, line)), Problem)
        for line in sample.lines
    )


def _unlike(source: Source, title: str, expected: str) -> InputError:
    return InputError(
        f"The first lines are not read as {title}.",
        code="missing_columns",
        location=source.name,
        hint=expected,
    )
