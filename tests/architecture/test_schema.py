"""The stored format stays what it is: fields and types of every record that a run directory holds.

When this fails, the format changed. Before the first release: write the pin again with
``python -m tests.architecture.test_schema``. After it: raise ``SCHEMA_VERSION`` in core/spec.py, keep
the old pin, write the new one, and read the previous version too.
"""

from __future__ import annotations

import json
from pathlib import Path

from aliquot.core.answer_source import AnswerSource
from aliquot.core.bench import BenchReport
from aliquot.core.crossval import CrossvalReport, PooledAnswer
from aliquot.core.curve import CurveReport
from aliquot.core.dataset import StoredExample
from aliquot.core.grade import GradeFile
from aliquot.core.preference import PairScore, ReferenceLogprobs
from aliquot.core.result import EvaluationReport, Prediction, RowLoss, Score
from aliquot.core.run import Event
from aliquot.core.seeds import SeedGroup, SeedsReport
from aliquot.core.spec import SCHEMA_VERSION, Spec
from aliquot.core.study import Study
from aliquot.core.sweep import SweepRecord
from aliquot.core.token_view import TokenView
from docs.record_tree import describe_fields, list_records

STORED = (
    Spec, Event, StoredExample, TokenView, Prediction, RowLoss, Score, EvaluationReport,
    SeedGroup, SeedsReport, SweepRecord, Study, CrossvalReport, PooledAnswer, BenchReport, CurveReport,
    ReferenceLogprobs, PairScore, AnswerSource, GradeFile,
)  # fmt: skip
PIN = Path(__file__).parent / "schema" / f"v{SCHEMA_VERSION}.json"


def describe_schema() -> dict[str, dict[str, str]]:
    """Return record → field → type for everything that is stored."""
    return {
        record.__name__: {field.name: field.type for field in describe_fields(record)}
        for record in list_records(*STORED)
    }


def test_the_stored_format_is_the_pinned_one():
    assert describe_schema() == json.loads(PIN.read_text(encoding="utf-8")), __doc__


def test_the_pin_reaches_down_to_nested_records_and_literal_values():
    schema = describe_schema()
    assert schema["Spec"]["plan"] == "Plan"
    assert schema["Choice"]["set_by"] == '"you" or "file" or "recipe" or "rule" or "sweep" or "study"'
    assert schema["Prediction"]["label_probabilities"] == "object of number or null"


if __name__ == "__main__":
    PIN.parent.mkdir(exist_ok=True)
    PIN.write_text(json.dumps(describe_schema(), indent=1) + "\n", encoding="utf-8")
