"""Everything scored in a run: reads the specification, rows and predictions; writes ``scores/``.

It may be called at any moment with whatever prediction files exist, and gives the same report for the
same files. No model is needed, and no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aliquot.core.files import write_file
from aliquot.core.records import encode_lines, encode_pretty, sha256_file
from aliquot.core.result import (
    EvaluationReport,
)
from aliquot.core.run_dir import RunDir
from aliquot.evaluation.baselines import read_baseline_notes
from aliquot.evaluation.compare import choose_pairs
from aliquot.evaluation.grade import grade_models
from aliquot.evaluation.grader import Grader, Tools
from aliquot.evaluation.report import build_report
from aliquot.evaluation.scored import score_split


def evaluate_run(run_dir: RunDir, *, split: str = "test") -> EvaluationReport:
    """Score every model that has answered the whole split, and publish scores and report.

    Writes ``scores/<model>.<split>.jsonl`` in the order of the rows, and ``scores/report.json``
    (``report.<split>.json`` for another split than the test).

    Raises:
        RunError: A prediction file does not belong to this run's rows, or a reference is unreadable.
        InputError: The primary metric or the normaliser is unknown.
    """
    hashes = hash_predictions(run_dir, split)  # before they are read: what comes meanwhile counts as new
    scored = score_split(run_dir, split)
    report = build_report(
        scored,
        run_id=run_dir.run_id,
        families=choose_pairs(list(scored.answers), scored.spec.reference),
        baseline_notes=read_baseline_notes(run_dir),
    )
    report = replace(report, predictions_sha256=hashes)
    for model, scores in scored.scores.items():
        write_file(run_dir.item_scores_path(model, split), encode_lines(scores))
    name = "report.json" if split == "test" else f"report.{split}.json"
    write_file(run_dir.scores_path.with_name(name), encode_pretty(report))
    return report


def grade_run(run_dir: RunDir, graders: Sequence[Grader], tools: Tools, *, split: str = "test") -> None:
    """Grade the answers of every model; the next report holds what comes of it.

    Raises:
        InputError: A grader asks a judge and no address was given, or its source cannot be run.
    """
    scored = score_split(run_dir, split)
    rows = run_dir.read_rows(split)
    grade_models(
        run_dir,
        rows,
        scored.collected.whole,
        graders,
        tools=tools,
        split=split,
        reference=scored.spec.reference,
    )


def hash_predictions(run_dir: RunDir, split: str = "test") -> dict[str, str]:
    """Return the hash of each model's answers to a split."""
    models = sorted(model for model, answered in run_dir.list_predictions() if answered == split)
    return {model: sha256_file(run_dir.predictions_path(model, split)) for model in models}
