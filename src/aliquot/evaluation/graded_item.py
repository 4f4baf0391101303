"""What a grader sees of one answer: the row as ``item``, the answer as ``sample``, as OpenAI's graders do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from aliquot.core.dataset import StoredExample
from aliquot.core.result import Prediction

_FINISH = {"truncated": "length", "refused": "content_filter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedItem:
    """One answer to be graded.

    Attributes:
        item: The row: ``reference``, ``prompt``, ``messages``, ``metadata``, and each field of the metadata
            under its own name where that is free.
        sample: The answer: ``output_text``, ``output_json`` where it is JSON, ``output_tools`` where it calls
            tools, ``choices``.
        has_answer: Whether the model answered at all; a failed or refused answer is not graded.
        is_whole: Whether the answer ended by itself.
        rival: The answer of the model that all are compared with; None where it is this one, or has none.
    """

    example_id: str
    item: dict[str, Any]
    sample: dict[str, Any]
    has_answer: bool
    is_whole: bool
    rival: GradedItem | None = None


def build_items(
    rows: Sequence[StoredExample],
    predictions: Sequence[Prediction],
    rivals: Sequence[GradedItem] | None = None,
) -> list[GradedItem]:
    """Return what graders see of a model's answers.

    Args:
        rows: N rows.
        predictions: The model's answers to them, in the same order.
        rivals: Those of the model that all are compared with.
    """
    others = rivals if rivals is not None else [None] * len(rows)
    return [
        GradedItem(
            example_id=row.example_id,
            item=build_item(row),
            sample=build_sample(prediction),
            has_answer=prediction.status in ("ok", "truncated"),
            is_whole=prediction.status == "ok",
            rival=other,
        )
        for row, prediction, other in zip(rows, predictions, others, strict=True)
    ]


def build_item(row: StoredExample) -> dict[str, Any]:
    """Return a row as templates and functions see it."""
    prompt = next((turn.text for turn in reversed(row.prompt) if turn.role == "user"), "")
    own = {
        "example_id": row.example_id,
        "reference": row.reference,
        "prompt": prompt,
        "messages": [{"role": turn.role, "content": turn.text} for turn in row.prompt],
        "metadata": dict(row.metadata),
    }
    return {**row.metadata, **own}


def build_sample(prediction: Prediction) -> dict[str, Any]:
    """Return an answer as templates and functions see it."""
    message: dict[str, Any] = {"role": "assistant", "content": prediction.output}
    finish = _FINISH.get(prediction.status, "stop")
    sample: dict[str, Any] = {"output_text": prediction.output}
    is_json, value = _read_json(prediction.output)
    if is_json:
        sample["output_json"] = value
    if tools := _list_tools(prediction.output):
        sample["output_tools"] = message["tool_calls"] = tools
    sample["choices"] = [{"index": 0, "message": message, "finish_reason": finish}]
    return sample


def _read_json(text: str) -> tuple[bool, Any]:
    try:
        return True, msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False, None


def _list_tools(output: str) -> list[dict[str, Any]]:
    """Return the calls of tools in an answer; a run writes them as a last line of JSON."""
    is_json, calls = _read_json(output.rpartition("\n")[2])
    if not is_json or not isinstance(calls, list):
        return []
    if not all(isinstance(call, dict) and call.keys() == {"name", "arguments"} for call in calls):
        return []
    return [{"type": "function", "function": call} for call in calls]
