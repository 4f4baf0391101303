"""Answers that several runs share byte for byte are computed in one of them and copied to the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from aliquot.core.files import write_file
from aliquot.core.records import sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec


def share_answers(sources: Iterable[RunDir], run_dir: RunDir) -> dict[str, str]:
    """Copy to a run the answers that it has in common with others and lacks.

    Where rows and model are the same, these are the answers of all models but the tuned one; where other
    rows are trained on, those of the untuned base without examples.

    Args:
        sources: Other runs; one that does not exist, or is the run itself, is passed over.
        run_dir: The run.

    Returns:
        The hash of each file that was copied, by path within the run.
    """
    copied: dict[str, str] = {}
    spec = run_dir.read_spec()
    for source in sources:
        if source.path == run_dir.path or not source.path.is_dir():
            continue
        for path in _list_shared(source, run_dir, spec):
            place = path.relative_to(source.path)
            if not (run_dir.path / place).is_file():
                write_file(run_dir.path / place, path.read_bytes())
                copied[place.as_posix()] = sha256_file(path)
    return copied


def can_share(one: Spec, other: Spec) -> bool:
    """Whether untuned models answer both runs alike: same rows, same weights, same way of asking."""
    return _asks_alike(one, other) and (one.rows_sha256, one.prediction) == (
        other.rows_sha256,
        other.prediction,
    )


def _list_shared(source: RunDir, run_dir: RunDir, spec: Spec) -> list[Path]:
    its_spec = source.read_spec()
    if can_share(its_spec, spec):
        answers = [
            source.predictions_path(model, split)
            for model, split in source.list_predictions()
            if model != "tuned"
        ]
        notes = source.path / "predictions" / "baselines.json"
        return [*answers, *([notes] if notes.is_file() else [])]
    base = source.predictions_path("base", "test")
    is_same = _asks_alike(its_spec, spec) and _can_share_base(its_spec, spec)
    if is_same and base.is_file() and _list_seen(source) == _list_seen(run_dir):
        return [base]
    return []


def _asks_alike(one: Spec, other: Spec) -> bool:
    ways = [
        (spec.model.files, spec.model.template_sha256, spec.task, spec.evaluation.seed,
         spec.training.precision, spec.training.device, spec.training.num_threads)
        for spec in (one, other)
    ]  # fmt: skip
    return ways[0] == ways[1]


def _can_share_base(one: Spec, other: Spec) -> bool:
    """Whether the base, shown no examples, is asked the same: training rows do not matter to it."""
    ways = [
        (spec.rows_sha256.get("test"), replace(spec.prediction, num_shots=0, models=(), splits=()))
        for spec in (one, other)
    ]
    return ways[0] == ways[1]


def _list_seen(run_dir: RunDir) -> set[str]:
    """Return the test prompts that occur in train or validation: answers carry that mark."""
    known = {row.prompt_sha256 for split in ("train", "validation") for row in run_dir.read_rows(split)}
    return known & {row.prompt_sha256 for row in run_dir.read_rows("test")}
