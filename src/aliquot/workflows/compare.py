"""The verb ``compare``: any models that have answered the same items, whichever folders they are in."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aliquot.core.comparison import ModelsComparison
from aliquot.core.files import write_file
from aliquot.core.result import EvaluationReport
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import InputError
from aliquot.evaluation.across_models import Compared, Contestant, choose_reference, compare_contestants
from aliquot.evaluation.wording import TITLES, model_phrase
from aliquot.export.answers import AnsweredRow
from aliquot.export.compared_models import describe_model
from aliquot.export.comparison_page import render_comparison
from aliquot.export.comparison_tables import write_disagreements, write_latex, write_models
from aliquot.export.disagreements import list_disagreements
from aliquot.workflows.find import LAST, find_run

TUNED = "tuned"


def compare(
    models: Sequence[Path | str],
    *,
    reference: str | None = None,
    common: bool = False,
    out: Path | str | None = None,
    runs_dir: Path | None = None,
) -> ModelsComparison:
    """Compare two or more models on the items that all have answered.

    Args:
        models: Runs, which stand for their tuned models; folders of answers made elsewhere, which stand for
            all models in them; or ``RUN:MODEL`` for another model of either, ``last:base`` for example.
        reference: With which model the others are compared, by its name in the comparison or as it was typed;
            the simplest of them when None, and the first if none of them is simple.
        common: Leave out items that not all have answered; else such items are refused.
        out: Folder for ``compare.html``, ``compare.csv``, ``compare.tex`` and ``disagreements.csv``.
        runs_dir: Where runs are.

    Raises:
        InputError: Fewer than two models are meant, or the reference is none of them.
        RunError: A run or an answer is not there, or the items differ (``items_differ``).
    """
    typed = [one for word in models for one in _find_models(str(word), runs_dir)]
    if reference is not None:
        reference = _without_last(reference, runs_dir)
    flags = [*(["--reference", reference] if reference else []), *(["--common"] if common else [])]
    flags += ["--out", str(out)] if out is not None else []
    flags += ["--runs-dir", str(runs_dir)] if runs_dir is not None else []
    return _compare(typed, reference, common=common, out=out, flags=flags)


def compare_run_dirs(runs: Sequence[RunDir]) -> ModelsComparison:
    """Compare the tuned models of runs that have answered the same rows."""
    return _compare([_Meant(typed=run.run_id, run_dir=run, model=TUNED) for run in runs], None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meant:
    """One model, and what to type for it on any other day, when ``last`` means another run."""

    typed: str
    run_dir: RunDir
    model: str


def _compare(
    typed: Sequence[_Meant],
    reference: str | None,
    *,
    common: bool = False,
    out: Path | str | None = None,
    flags: Sequence[str] = (),
) -> ModelsComparison:
    meant = list({(one.run_dir.path, one.model): one for one in typed}.values())
    _require_several(meant)
    names = _name(meant)
    contestants = [
        Contestant(name=name, run_dir=one.run_dir, model=one.model)
        for name, one in zip(names, meant, strict=True)
    ]
    chosen, reason = choose_reference(contestants)
    if reference is not None:
        chosen, reason = _find_reference(reference, names, meant), "as asked"
    compared = compare_contestants(contestants, chosen, common=common)
    rows = _line_up(compared)
    comparison = ModelsComparison(
        command=shlex.join(["aliquot", "compare", *dict.fromkeys(one.typed for one in meant), *flags]),
        reference_reason=reason,
        matched=compared.items.words,
        models=tuple(describe_model(one.name, one.run_dir, one.model) for one in contestants),
        report=_with_notes(compared, chosen, reason),
        disagreements=list_disagreements(rows, is_number=compared.report.task_type == "number"),
    )
    return comparison if out is None else _save(comparison, compared, rows, Path(out))


def _find_models(word: str, runs_dir: Path | None) -> list[_Meant]:
    """Return the models that a word means; a colon parts a folder from a model in it."""
    folder, colon, model = word.rpartition(":")
    if not colon or (Path(word) / "spec.json").is_file():
        run_dir = find_run(word, runs_dir)
        typed = run_dir.run_id if word == LAST else word
        return [_Meant(typed=typed, run_dir=run_dir, model=one) for one in _list_meant(run_dir)]
    run_dir = find_run(folder, runs_dir)
    typed = f"{run_dir.run_id}:{model}" if folder == LAST else word
    return [_Meant(typed=typed, run_dir=run_dir, model=model)]


def _without_last(reference: str, runs_dir: Path | None) -> str:
    """Return a reference as the command names it on any other day, when ``last`` means another run."""
    folder, colon, model = reference.partition(":")
    return f"{find_run(LAST, runs_dir).run_id}{colon}{model}" if folder == LAST else reference


def _list_meant(run_dir: RunDir) -> list[str]:
    """Return the models that a folder by itself stands for, in the order in which a report compares them."""
    spec = run_dir.read_scoring_spec()
    if isinstance(spec, Spec):
        return [TUNED]
    given = [name for name, split in run_dir.list_predictions() if split == "test" and name not in TITLES]
    return sorted(given, key=lambda name: name != spec.reference)


def _require_several(meant: Sequence[_Meant]) -> None:
    if len(meant) > 1:
        return
    raise InputError(
        f"Found {'one model' if meant else 'no model'}, expected at least two different ones.",
        code="too_few_models",
        location="aliquot compare",
        hint="Name another run or folder, or a model of the same one, such as `RUN:base`; "
        "`aliquot runs list` shows runs.",
    )


def _name(meant: Sequence[_Meant]) -> list[str]:
    """Return the shortest names that tell all models apart: their own, with their base, run, or folder."""
    ways = (
        [one.model for one in meant],
        [f"{_base_of(one.run_dir)} ({one.model})" if _base_of(one.run_dir) else one.model for one in meant],
        [f"{one.run_dir.run_id}:{one.model}" for one in meant],
        [f"{one.run_dir.path}:{one.model}" for one in meant],
    )
    return next(names for names in ways if len(set(names)) == len(names))


def _base_of(run_dir: RunDir) -> str:
    spec = run_dir.read_scoring_spec()
    return spec.plan.base if isinstance(spec, Spec) else ""


def _find_reference(reference: str, names: Sequence[str], meant: Sequence[_Meant]) -> str:
    if reference in names:
        return reference
    found = [name for name, one in zip(names, meant, strict=True) if reference in (one.typed, one.model)]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"{reference!r} is {'none' if not found else 'several'} of the models compared: {', '.join(names)}.",
        code="reference_unknown",
        location="--reference",
        hint=f"Give one of these names, such as --reference {shlex.quote(names[0])}.",
    )


def _line_up(compared: Compared) -> list[AnsweredRow]:
    """Return the items in the order of the file, each with every model's score."""
    scored = compared.scored
    rows = [
        AnsweredRow(example=row, scores={name: found[place] for name, found in scored.scores.items()})
        for place, row in enumerate(scored.rows)
    ]
    return sorted(rows, key=lambda row: row.example.line)


def _with_notes(compared: Compared, reference: str, reason: str) -> EvaluationReport:
    first, *notes = compared.report.notes
    name = model_phrase(reference, compared.report.task_type)
    of_reference = f"Every other model is compared with {name} ({reason}); these tests are one family."
    matched = [compared.items.words] if compared.items.words else []
    return replace(compared.report, notes=(first, of_reference, *matched, *notes))


def _save(
    comparison: ModelsComparison, compared: Compared, rows: list[AnsweredRow], folder: Path
) -> ModelsComparison:
    files: Mapping[str, str] = {
        "compare.html": render_comparison(comparison, compared.scored.spec, rows),
        "compare.csv": write_models(comparison),
        "compare.tex": write_latex(comparison),
        "disagreements.csv": write_disagreements(comparison),
    }
    for name, text in files.items():
        write_file(folder / name, text)
    return replace(comparison, artefacts=tuple(str(folder / name) for name in files))
