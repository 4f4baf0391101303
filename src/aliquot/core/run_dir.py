"""The run directory: where the two planes meet, and the only thing they share.

Only the worker writes ``events.jsonl``, ``measured.json``, ``checkpoints/``, ``losses/``, ``adapter/`` (or
``model/``), ``reference_logprobs.json``, ``preferences/`` and ``environment.json``; wishes of the control
plane are files in ``requests/``. See DESIGN in docs/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aliquot.core.answer_source import AnswerSource
from aliquot.core.dataset import StoredExample
from aliquot.core.files import write_file
from aliquot.core.grade import GradeFile
from aliquot.core.records import decode, encode_lines, encode_pretty, read_records
from aliquot.core.result import EvaluationReport, Prediction, RowLoss, Score
from aliquot.core.run import Event, RunState, find_state
from aliquot.core.spec import SCHEMA_VERSION, ScoringSpec, Spec
from aliquot.core.token_view import TokenView
from aliquot.errors import RunError


@dataclass(frozen=True, slots=True)
class RunDir:
    """Paths and records of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def spec_path(self) -> Path:
        """``spec.json``."""
        return self.path / "spec.json"

    @property
    def events_path(self) -> Path:
        """``events.jsonl``."""
        return self.path / "events.jsonl"

    @property
    def measured_path(self) -> Path:
        """``measured.json``."""
        return self.path / "measured.json"

    @property
    def environment_path(self) -> Path:
        """``environment.json``."""
        return self.path / "environment.json"

    @property
    def checkpoints_dir(self) -> Path:
        """Checkpoints, one folder each."""
        return self.path / "checkpoints"

    @property
    def adapter_dir(self) -> Path:
        """The PEFT adapter, once training has ended."""
        return self.path / "adapter"

    @property
    def model_dir(self) -> Path:
        """The whole model of a full fine-tuning, once training has ended."""
        return self.path / "model"

    def find_weights_dir(self) -> Path | None:
        """Return the folder of the trained weights, adapter or model, or None before training has ended."""
        return next((path for path in (self.adapter_dir, self.model_dir) if path.is_dir()), None)

    @property
    def start_path(self) -> Path:
        """``start/adapter_model.safetensors``: the weights that training continues from."""
        return self.path / "start" / "adapter_model.safetensors"

    @property
    def requests_dir(self) -> Path:
        """Wishes of the control plane: ``stop``, ``cancel``, ``checkpoint``, ``from_start``."""
        return self.path / "requests"

    @property
    def logs_dir(self) -> Path:
        """What workers printed."""
        return self.path / "logs"

    @property
    def report_path(self) -> Path:
        """``report.html``, the page for people."""
        return self.path / "report.html"

    @property
    def scores_path(self) -> Path:
        """``scores/report.json``."""
        return self.path / "scores" / "report.json"

    @property
    def reference_path(self) -> Path:
        """``reference_logprobs.json``: what the model gave to pairs before training on preferences."""
        return self.path / "reference_logprobs.json"

    @property
    def token_view_path(self) -> Path:
        """``rows/token_view.json``: one training row as the model sees it."""
        return self.path / "rows" / "token_view.json"

    def rows_path(self, split: str) -> Path:
        """Stored examples of a split."""
        return self.path / "rows" / f"{split}.jsonl"

    def predictions_path(self, model: str, split: str) -> Path:
        """Answers of a model to a split."""
        return self.path / "predictions" / f"{model}.{split}.jsonl"

    def losses_path(self, split: str, when: str) -> Path:
        """Loss of single rows ``before`` or ``after`` training."""
        return self.path / "losses" / f"{split}.{when}.jsonl"

    def preferences_path(self, split: str) -> Path:
        """The pairs of a split under the tuned model, after training on preferences."""
        return self.path / "preferences" / f"{split}.jsonl"

    def read_row_losses(self, split: str, when: str) -> list[RowLoss]:
        """Return the measured losses of single rows; none before they were measured."""
        path = self.losses_path(split, when)
        return list(read_records(path, RowLoss)) if path.is_file() else []

    def item_scores_path(self, model: str, split: str) -> Path:
        """Per-example scores of a model on a split."""
        return self.path / "scores" / f"{model}.{split}.jsonl"

    def read_spec(self) -> Spec:
        """Return the specification of a training run.

        Raises:
            RunError: There is none, it is damaged, a newer Aliquot wrote it, or nothing is trained here.
        """
        spec = self.read_scoring_spec()
        if not isinstance(spec, Spec):
            raise RunError(
                "This folder holds answers and scores; no model is trained in it.",
                code="not_a_training_run",
                location=self.run_id,
                hint=f"`aliquot report {self.run_id}` shows its scores.",
            )
        return spec

    def read_scoring_spec(self) -> ScoringSpec:
        """Return what scoring needs to know: a `Spec`, if a model is trained here.

        Raises:
            RunError: There is none, it is damaged, or a newer Aliquot wrote it.
        """
        if not self.spec_path.is_file():
            raise RunError(
                "This is not a run directory: spec.json is missing.",
                code="not_a_run",
                location=str(self.path),
                hint="`aliquot runs list` shows the runs.",
            )
        data = self.spec_path.read_bytes()
        head = decode(data, _Head, str(self.spec_path))
        if head.schema_version > SCHEMA_VERSION:
            raise RunError(
                f"The run has schema version {head.schema_version}; this Aliquot knows up to "
                f"{SCHEMA_VERSION}. Nothing was changed.",
                code="schema_too_new",
                location=str(self.spec_path),
                hint="Install a newer Aliquot.",
            )
        return decode(data, ScoringSpec if head.training is None else Spec, str(self.spec_path))

    def trains_a_model(self) -> bool:
        """Whether this is a training run; one whose specification cannot be read counts as one."""
        try:
            return isinstance(self.read_scoring_spec(), Spec)
        except RunError:
            return True

    def save_spec(self, spec: ScoringSpec) -> None:
        """Publish the specification."""
        write_file(self.spec_path, encode_pretty(spec))

    def read_rows(self, split: str) -> list[StoredExample]:
        """Return the examples of a split; an absent file is an empty split."""
        path = self.rows_path(split)
        return list(read_records(path, StoredExample)) if path.is_file() else []

    def save_token_view(self, view: TokenView) -> None:
        """Publish one row as the model sees it."""
        write_file(self.token_view_path, encode_lines([view]))

    def find_token_view(self) -> TokenView | None:
        """Return the row kept as an example, None in runs that have none."""
        path = self.token_view_path
        return decode(path.read_bytes(), TokenView, str(path)) if path.is_file() else None

    def read_predictions(self, model: str, split: str) -> list[Prediction]:
        """Return a model's predictions in the order of the split."""
        return list(read_records(self.predictions_path(model, split), Prediction))

    def save_predictions(self, model: str, split: str, predictions: list[Prediction]) -> None:
        """Publish all predictions of a model on a split at once."""
        write_file(self.predictions_path(model, split), encode_lines(predictions))

    def source_path(self, model: str, split: str) -> Path:
        """How a model's answers to a split were made."""
        return self.path / "predictions" / f"{model}.{split}.json"

    def find_source(self, model: str, split: str) -> AnswerSource | None:
        """Return how a model's answers were made, None where it was not written down."""
        path = self.source_path(model, split)
        return decode(path.read_bytes(), AnswerSource, str(path)) if path.is_file() else None

    def save_source(self, source: AnswerSource, split: str) -> None:
        """Publish how a model's answers were made."""
        write_file(self.source_path(source.model, split), encode_pretty(source))

    def list_predictions(self) -> list[tuple[str, str]]:
        """Return (model, split) of every prediction file that exists."""
        pairs = (path.stem.rpartition(".") for path in sorted((self.path / "predictions").glob("*.jsonl")))
        return [(model, split) for model, _, split in pairs]

    def read_scores(self, model: str, split: str) -> list[Score]:
        """Return a model's per-example scores."""
        return list(read_records(self.item_scores_path(model, split), Score))

    def grades_path(self, grader: str, model: str, split: str) -> Path:
        """What one grader gave one model's answers."""
        return self.path / "scores" / "graders" / f"{grader}.{model}.{split}.json"

    def save_grades(self, file: GradeFile) -> None:
        """Publish what one grader gave one model's answers."""
        path = self.grades_path(file.meaning.name, file.model, file.split)
        write_file(path, encode_pretty(file))

    def find_grades(self, grader: str, model: str, split: str) -> GradeFile | None:
        """Return what one grader gave one model's answers, None before it did."""
        path = self.grades_path(grader, model, split)
        return decode(path.read_bytes(), GradeFile, str(path)) if path.is_file() else None

    def read_grades(self, split: str) -> list[GradeFile]:
        """Return all grades of a split, by grader and model."""
        paths = sorted((self.path / "scores" / "graders").glob(f"*.{split}.json"))
        return [decode(path.read_bytes(), GradeFile, str(path)) for path in paths]

    def find_report(self) -> EvaluationReport | None:
        """Return the evaluation, or None before scoring."""
        if not self.scores_path.is_file():
            return None
        return decode(self.scores_path.read_bytes(), EvaluationReport, str(self.scores_path))

    def read_events(self) -> list[Event]:
        """Return all events; a torn last line is left out."""
        return list(self._iterate_events())

    def state(self) -> RunState:
        """Return the state that the events tell."""
        return find_state(self._iterate_events())

    def _iterate_events(self) -> Iterator[Event]:
        if not self.events_path.is_file():
            return
        with self.events_path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n") and line.strip():
                    yield decode(line, Event, f"{self.events_path}:{number}")


@dataclass(frozen=True, slots=True)
class _Head:
    schema_version: int
    training: dict[str, Any] | None = None
