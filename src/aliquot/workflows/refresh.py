"""Keep a run's scores and page up to date: used by every verb that lets models answer."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.export.write import write_artefacts
from aliquot.workflows.evaluate import has_new_predictions


def refresh(run_dir: RunDir) -> None:
    """Score what is new and renew the page, while the run goes on."""
    score_news(run_dir)
    write_artefacts(run_dir, ["report_html"])


def score_news(run_dir: RunDir) -> None:
    """Score the run if a model has answered since it was scored."""
    if has_new_predictions(run_dir):
        evaluate_run(run_dir)
