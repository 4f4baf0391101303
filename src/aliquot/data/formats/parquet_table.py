"""A Parquet file, or an Arrow file of a saved Hugging Face data set; needs ``aliquot[parquet]``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from aliquot.core.dataset import Example
from aliquot.data.cells import as_json_value
from aliquot.data.format import Detection, Format, Problem, Row, Writer
from aliquot.data.source import Sample, Source
from aliquot.data.tables import Record, read_records
from aliquot.data.writing import as_chat, explain_chat
from aliquot.errors import InputError, MachineError

_BATCH_ROWS = 1_000


def detect(sample: Sample) -> Detection | None:
    """Recognise the file by its first bytes."""
    if sample.kind == "parquet":
        return Detection("It is a Parquet file, by its first bytes.")
    return Detection("It is an Arrow file, by its first bytes.") if sample.kind == "arrow" else None


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows, each with its place in the file, counted from 1.

    Raises:
        InputError: The file is damaged, or has no known columns.
        MachineError: pyarrow is not installed.
    """
    yield from read_records(read_cells(source), source)


def read_cells(source: Source) -> Iterator[Record | Problem]:
    """Yield each row's cells by column, with its place in the file; raises what ``read`` does."""
    arrow = _import_arrow(source.name)
    number = 0
    try:
        for batch in _open_batches(source, arrow):
            labels, binary = _read_labels(batch.schema), _list_binary(batch.schema, arrow)
            schema = _in_microseconds(batch.schema, arrow)
            if not number:
                yield from _note_columns(labels, binary)
                yield from _note_cut_times(batch.schema, schema)
            for record in batch.cast(schema, safe=False).drop_columns(binary).to_pylist():
                number += 1
                yield number, _as_record(record, labels)
    except (arrow.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise _damaged(source, error) from error
    except (ValueError, OverflowError) as error:  # a date beyond the year 9999, for one
        raise _unreadable(source, number, error) from error


def _damaged(source: Source, error: Exception) -> InputError:
    return InputError(
        f"The file is damaged: {str(error).splitlines()[0][:200]}.",
        code="damaged_file",
        location=source.name,
        hint="Copy or upload it again.",
    )


def _unreadable(source: Source, number: int, error: Exception) -> InputError:
    return InputError(
        f"A value after row {number:,} cannot be read: {str(error).splitlines()[0][:200]}.",
        code="value_unreadable",
        location=source.name,
        hint="Write the column that holds it as text, for example with pandas: df[column].astype(str).",
    )


def _import_arrow(location: str) -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MachineError(
            "Reading and writing Parquet and Arrow files needs the package pyarrow.",
            code="package_missing",
            location=location,
            hint="Run `pip install 'aliquot[parquet]'`.",
        ) from error
    return pyarrow


def _open_batches(source: Source, arrow: Any) -> Iterator[Any]:
    if source.kind == "parquet":
        from pyarrow import parquet

        with parquet.ParquetFile(source.path) as file:
            yield from file.iter_batches(_BATCH_ROWS)
    else:
        with source.path.open("rb") as file:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            reader = arrow.ipc.open_file(file) if is_file else arrow.ipc.open_stream(file)
            batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
            for batch in batches:
                yield from (batch.slice(start, _BATCH_ROWS) for start in range(0, len(batch), _BATCH_ROWS))


def _read_labels(schema: Any) -> dict[str, list[str]]:
    """Return the names of class numbers by column, as Hugging Face data sets store them."""
    try:
        about = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = about["info"]["features"]
        return {
            name: [str(label) for label in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _list_binary(schema: Any, arrow: Any) -> list[str]:
    types = arrow.types
    return [
        field.name
        for field in schema
        if types.is_binary(field.type) or types.is_large_binary(field.type) or _holds_bytes(field.type, types)
    ]


def _holds_bytes(kind: Any, types: Any) -> bool:
    """Whether a column holds files, as image and sound columns do."""
    return types.is_struct(kind) and any(
        types.is_binary(kind.field(index).type) for index in range(kind.num_fields)
    )


def _in_microseconds(schema: Any, arrow: Any) -> Any:
    """Return a schema without nanoseconds, which Python's dates and times do not have."""
    return arrow.schema(
        [field.with_type(_as_microseconds(field.type, arrow)) for field in schema], schema.metadata
    )


def _as_microseconds(kind: Any, arrow: Any) -> Any:
    types = arrow.types
    if getattr(kind, "unit", "") == "ns":
        if types.is_timestamp(kind):
            return arrow.timestamp("us", kind.tz)
        return arrow.time64("us") if types.is_time64(kind) else arrow.duration("us")
    if types.is_list(kind):
        return arrow.list_(kind.value_field.with_type(_as_microseconds(kind.value_type, arrow)))
    if types.is_struct(kind):
        return arrow.struct([field.with_type(_as_microseconds(field.type, arrow)) for field in kind])
    return kind


def _note_cut_times(schema: Any, read_as: Any) -> Iterator[Problem]:
    for field, cut in zip(schema, read_as, strict=True):
        if field.type != cut.type:
            message = f"The column {field.name} holds nanoseconds; times were read to the microsecond."
            yield Problem(
                code="times_cut", severity="note", message=message, field=field.name, kind=field.name
            )


def _note_columns(labels: dict[str, list[str]], binary: list[str]) -> Iterator[Problem]:
    for name, names in labels.items():
        message = f"The column {name} holds class numbers; their names were read: {', '.join(names[:10])}."
        yield Problem(code="class_names", severity="note", message=message, field=name, kind=name)
    for name in binary:
        message = f"The column {name} holds binary data and was not read; Aliquot trains on text only."
        yield Problem(code="binary_column", severity="warning", message=message, field=name, kind=name)


def _as_record(record: dict[str, Any], labels: dict[str, list[str]]) -> dict[str, Any]:
    value = {str(key): as_json_value(item) for key, item in record.items()}
    for name, names in labels.items():
        number = value.get(name)
        if isinstance(number, int) and 0 <= number < len(names):
            value[name] = names[number]
    return value


def write(examples: Sequence[Example], filename: str) -> Iterator[bytes]:
    """Yield a Parquet file of chat rows; definitions of tools are kept as JSON text."""
    arrow = _import_arrow(filename)
    from pyarrow import parquet

    rows = [as_chat(example) | ({"tools": example.tools} if example.tools else {}) for example in examples]
    sink = arrow.BufferOutputStream()
    keys = dict.fromkeys(key for row in rows for key in row)
    table = arrow.table({key: [row.get(key) for row in rows] for key in keys})
    parquet.write_table(table, sink)
    yield sink.getvalue().to_pybytes()


FORMAT = Format(
    name="parquet_table",
    title="Parquet or Arrow table",
    detect=detect,
    read=read,
    writer=Writer(explain_chat, write, (".parquet",)),
)
