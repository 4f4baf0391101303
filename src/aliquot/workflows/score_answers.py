"""Answers made elsewhere, by any model or service, become a folder of scores; no model is needed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings
from aliquot.config.places import default_runs_dir
from aliquot.core.answer_source import AnswerSource
from aliquot.core.dataset import SPLITS, DataReport, StoredExample, Task
from aliquot.core.files import new_folder
from aliquot.core.result import EvaluationReport, Prediction
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION, ScoringSpec
from aliquot.data.answer_columns import BY_NAME, COLUMN_FLAGS, Columns, spread_columns
from aliquot.data.answer_file import AnswerFile, FoundAnswer, read_answer_file
from aliquot.data.answer_match import Matched, Missing, match_answers
from aliquot.data.check import CheckedData
from aliquot.errors import InputError
from aliquot.evaluation.baselines import save_baselines
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.evaluation.grader import Grader, list_metric_names
from aliquot.evaluation.wording import TITLES
from aliquot.export.write import write_artefacts
from aliquot.plan.evaluation import settle_evaluation
from aliquot.plan.rules.choice import settle
from aliquot.version import __version__
from aliquot.workflows.check import check_rows, read_settings, require_conversations, require_usable
from aliquot.workflows.create import run_id, write_rows
from aliquot.workflows.grade import JudgeOptions, grade, read_graders
from aliquot.workflows.plan import require_metric
from aliquot.workflows.setting_names import command_line
from aliquot.workflows.surroundings import Surroundings

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
FULL_MASS = 1.001
"""Probabilities of labels that sum to more are none; rounding is forgiven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The answers of one model, matched to rows."""

    model: str
    file: AnswerFile
    matched: Matched


def score_answers(
    files: Sequence[Path | str],
    against: Path | str,
    *,
    names: Sequence[str] = (),
    columns: Columns | Sequence[Columns] = Columns(),  # noqa: B008 - frozen
    missing: Missing = "refuse",
    graders: Sequence[Path | str] = (),
    judge: JudgeOptions | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> EvaluationReport:
    """Score files of answers on the test rows of a data file, and write a folder with scores and report.

    Training rows of the data file are kept: simple baselines learn from them, and test prompts among them
    are counted. Nothing is trained; every two models are compared, and each with the simple baselines.

    Args:
        files: One file of answers for each model.
        against: The rows that were answered; where none names a split, all are the test.
        names: Names of the models, in the order of the files; else the files' names are taken.
        columns: Columns of the answer files, where they are not to be found by name; one for all files, or
            one for each in their order.
        missing: ``wrong`` counts test rows without an answer as wrong; else they are refused.
        graders: Files of graders; one of them may be the headline metric.
        judge: The service that graders ask which are models.
        runs_dir: Where the folder is made.
        within: The surroundings.
        settings: Settings of groups ``data`` and ``evaluate``.

    Raises:
        InputError: A file cannot be read, or answers and rows do not fit; the message names the lines.
    """
    within = within or Surroundings()
    models = _name_models(files, names)
    given = read_settings(None, settings)
    checked = check_rows(against, given, within, is_trained=False)
    require_usable(checked.report)
    require_conversations(checked)
    read_in = read_graders(graders)
    _require_primary(given.settings.evaluate.primary_metric, checked.report.task, read_in)
    rows = checked.table.stored_examples("test")
    by_file = spread_columns(columns, len(files))
    read = [read_answer_file(Path(file), each) for file, each in zip(files, by_file, strict=True)]
    told = [
        _Told(model=model, file=file, matched=match_answers(rows, file, missing))
        for model, file in zip(models, read, strict=True)
    ]
    for one in told:
        _require_labels(one, checked.report.task)
        within.tell(f"{one.model}: {one.matched.words}")
    flags = _list_flags(told, against, by_file, missing)
    flags += _list_grader_flags(graders, judge)
    run_dir = _create(checked, given, told, flags=flags, runs_dir=runs_dir, within=within)
    grade(run_dir, read_in, judge or {}, within)
    report = evaluate_run(run_dir)
    write_artefacts(run_dir)
    within.tell(f"scores  {run_dir.run_id}, report {run_dir.report_path}")
    return report


def _require_primary(name: str | None, task: Task, graders: Sequence[Grader]) -> None:
    """Refuse a headline metric that is neither a grader's nor one for this task."""
    if name not in list_metric_names(graders):
        require_metric(name, task.task_type)


def _name_models(files: Sequence[Path | str], names: Sequence[str]) -> list[str]:
    if names and len(names) != len(files):
        raise InputError(
            f"There are {len(files)} files of answers and {len(names)} names.",
            code="model_name_invalid",
            location="--name",
            hint="Give --name once for each file, in their order, or not at all.",
        )
    models = list(names) or [_ODD.sub("-", Path(file).name.partition(".")[0]).strip("-.") for file in files]
    for place, model in enumerate(models):
        fault = _find_fault(model, models[:place])
        if fault:
            raise InputError(
                f"A model cannot be called {model!r}: {fault}.",
                code="model_name_invalid",
                location="--name",
                hint="Give each file's model another name with --name, such as --name gpt-4o.",
            )
    return models


def _find_fault(model: str, earlier: Sequence[str]) -> str:
    if not model or model != _ODD.sub("-", model) or not model[0].isalnum() or len(model) > 100:
        return "names are letters, digits, dots, hyphens and underscores, at most 100"
    if model.casefold() in TITLES:
        return "the report uses this name for a model of its own"
    # Some disks do not tell capitals from small letters.
    is_taken = model.casefold() in {name.casefold() for name in earlier}
    return "two files would have this name" if is_taken else ""


def _require_labels(told: _Told, task: Task) -> None:
    """Refuse probabilities of other labels than the task's, and those of some rows only."""
    answered = [answer for answer in told.matched.answers if answer]
    with_some = [answer for answer in answered if answer.label_probabilities is not None]
    for answer in with_some:
        fault = _find_wrong_labels(answer, task)
        if fault:
            raise InputError(
                fault,
                code="probabilities_invalid",
                location=f"{told.file.name}:{answer.line}",
                hint="Give a probability for each label of the rows, and for nothing else.",
            )
    if with_some and len(with_some) < len(answered):
        line = next(answer.line for answer in answered if answer.label_probabilities is None)
        given = f"{len(with_some):,} of {len(answered):,} answers"
        raise InputError(
            f"{given} have probabilities of labels; expected are all or none.",
            code="probabilities_invalid",
            location=f"{told.file.name}:{line}",
            hint="Add them, or leave the column out.",
        )


def _find_wrong_labels(answer: FoundAnswer, task: Task) -> str:
    given = answer.label_probabilities or {}
    if task.task_type != "labels":
        return f"Probabilities of labels are given, but the answers are of kind {task.task_type}."
    if set(given) != set(task.labels):
        return f"Probabilities are given for {', '.join(given)}; the labels are {', '.join(task.labels)}."
    total = sum(given.values())
    if not 0 < total <= FULL_MASS:
        return f"The probabilities of the labels sum to {total:.4g}; expected is at most 1, and more than 0."
    return ""


def _create(
    checked: CheckedData,
    given: GivenSettings,
    told: Sequence[_Told],
    *,
    flags: Sequence[str],
    runs_dir: Path | None,
    within: Surroundings,
) -> RunDir:
    """Make the folder: the rows, the answers and those of the baselines, not yet the scores."""
    now = within.now()
    name = run_id(now, told[0].model, within.token())
    folder = (runs_dir or default_runs_dir()) / name
    with new_folder(folder) as temporary:
        half_made = RunDir(temporary)
        hashes = write_rows(half_made, checked.table, SPLITS)
        spec = _build_spec(checked.report, given, told, flags=flags, name=name, now=now, hashes=hashes)
        half_made.save_spec(spec)
        rows = half_made.read_rows("test")
        seen = {row.prompt_sha256 for split in ("train", "validation") for row in half_made.read_rows(split)}
        for one in told:
            predictions = list(_as_predictions(one, rows, seen))
            half_made.save_predictions(one.model, "test", predictions)
            half_made.save_source(_describe_source(one), "test")
        save_baselines(half_made)
    return RunDir(folder)


def _build_spec(
    report: DataReport,
    given: GivenSettings,
    told: Sequence[_Told],
    *,
    flags: Sequence[str],
    name: str,
    now: datetime,
    hashes: dict[str, str],
) -> ScoringSpec:
    return ScoringSpec(
        schema_version=SCHEMA_VERSION,
        run_id=name,
        created_at=now.isoformat(timespec="seconds"),
        aliquot_version=__version__,
        command=_command(told, given, flags),
        settings=given.settings.model_dump(exclude_none=True, exclude_defaults=True),
        data=report,
        rows_sha256=hashes,
        task=report.task,
        evaluation=settle_evaluation(report.task, lambda choice: settle(given, choice).value),
        notes=tuple(f"{one.model}: {one.matched.words}" for one in told),
        reference=told[0].model,
    )


def _command(told: Sequence[_Told], given: GivenSettings, flags: Sequence[str]) -> str:
    settings = {name: given.find(name) for name in given.origins}
    typed = command_line("evaluate", [one.file.name for one in told], settings)
    return f"{typed} {shlex.join(flags)}"


def _list_flags(
    told: Sequence[_Told], against: Path | str, columns: Sequence[Columns], missing: Missing
) -> list[str]:
    """Return what is typed after the files to get the same answers to the same rows."""
    flags = ["--against", str(against), *(word for one in told for word in ("--name", one.model))]
    for flag, name in COLUMN_FLAGS.items():
        named = [getattr(one, name) for one in columns]
        given = named[:1] if len(set(named)) == 1 else named
        flags += [
            word for value in given if any(v is not None for v in named) for word in (flag, _typed(value))
        ]
    return [*flags, *(["--missing", missing] if missing != "refuse" else [])]


def _typed(value: str | int | None) -> str:
    return BY_NAME if value is None else str(value)


def _list_grader_flags(graders: Sequence[Path | str], judge: JudgeOptions | None) -> list[str]:
    """Return what is typed to grade with the same graders, the key's variable and prices left out."""
    endpoint = judge.get("endpoint") if judge else None
    flags = [word for name in graders for word in ("--grader", str(name))]
    return [*flags, "--endpoint", endpoint] if endpoint else flags


def _as_predictions(told: _Told, rows: Sequence[StoredExample], seen: set[str]) -> Iterator[Prediction]:
    for row, answer in zip(rows, told.matched.answers, strict=True):
        given = answer.label_probabilities if answer else None
        mass = sum(given.values()) if given else None
        yield Prediction(
            example_id=row.example_id,
            split="test",
            model=told.model,
            prompt_sha256=row.prompt_sha256,
            reference=row.reference,
            output=answer.output if answer else "",
            status=answer.status if answer else "error",
            finish_reason="given" if answer else "missing",
            label_probabilities={label: p / mass for label, p in given.items()} if given and mass else None,
            label_mass=min(mass, 1.0) if mass else None,
            group=row.group,
            in_train=row.prompt_sha256 in seen,
        )


def _describe_source(told: _Told) -> AnswerSource:
    return AnswerSource(
        model=told.model,
        engine="file",
        settings={
            "file": Path(told.file.name).name,
            "sha256": told.file.sha256,
            "columns": told.file.columns,
            "matched": told.matched.words,
        },
        num_answers=sum(answer is not None for answer in told.matched.answers),
    )
