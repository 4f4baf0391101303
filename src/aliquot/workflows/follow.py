"""Put a run's worker to work, follow it to the end, then score and report."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aliquot.config.places import models_dir
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import EvaluationReport
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.errors import AliquotError, ModelError
from aliquot.export.preferences import preference_text
from aliquot.export.write import write_artefacts
from aliquot.workflows.refresh import refresh, score_news
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.watch import request, watch


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult(ShownInNotebook):
    """What a run came to.

    Attributes:
        evaluation: None when no model has answered held-out rows.
        artefacts: Files for people, the report first.
        weights: Folder of the trained weights, adapter or model; empty before training has ended.
        preferences: How many held-out pairs are ranked as preferred, in words; empty for other runs.
    """

    run_id: str
    path: str
    state: RunState
    base: str
    evaluation: EvaluationReport | None
    artefacts: tuple[str, ...]
    weights: str = ""
    preferences: str = ""


def start_worker(
    run_dir: RunDir, within: Surroundings, *, stages: Sequence[str] = (), wish: str = ""
) -> None:
    """Start the worker of a run; wishes of an earlier session are forgotten.

    Args:
        run_dir: The run.
        within: The surroundings.
        stages: What to do, for example ``train`` or ``predict:base``; everything missing by default.
        wish: A wish that the worker finds when it begins.

    Raises:
        ModelError: The prepared base model is no longer in the cache.
        RunError: The run has a worker already.
    """
    model_dir = get_model_dir(run_dir)
    for old in ("stop", "cancel", "checkpoint", "from_start"):
        (run_dir.requests_dir / old).unlink(missing_ok=True)
    if wish:
        request(run_dir, wish)
    chosen = ["--stages", ",".join(stages)] if stages else []
    within.target.start(run_dir, ["--model-dir", str(model_dir), *chosen])


def follow(run_dir: RunDir, within: Surroundings) -> RunResult:
    """Wait for the worker, then score and write every artefact.

    Raises:
        Interrupted: The run was stopped and can be resumed.
        RunError: It failed, was cancelled or its worker is gone; the report tells how far it came.
    """
    try:
        watch(run_dir, within, renew=refresh)
    except AliquotError:
        with contextlib.suppress(AliquotError):  # the first error is the one to tell
            refresh(run_dir)
        raise
    score_news(run_dir)
    return result_of(run_dir, write_artefacts(run_dir))


def result_of(run_dir: RunDir, artefacts: Sequence[Path] = ()) -> RunResult:
    """Return what a run came to so far."""
    return RunResult(
        run_id=run_dir.run_id,
        path=str(run_dir.path),
        state=run_dir.state(),
        base=run_dir.read_spec().plan.base,
        evaluation=run_dir.find_report(),
        artefacts=tuple(str(path) for path in artefacts),
        weights=str(run_dir.find_weights_dir() or ""),
        preferences=preference_text(run_dir.read_events()),
    )


def get_model_dir(run_dir: RunDir) -> Path:
    """Return the folder of a run's prepared base model.

    Raises:
        ModelError: It is no longer in the cache (``model_not_prepared``).
    """
    model = run_dir.read_spec().model
    folder = models_dir() / model.key
    if not (folder / "aliquot.json").is_file():
        raise ModelError(
            f"The base model {model.source.name} ({model.revision}) is no longer in the cache.",
            code="model_not_prepared",
            location=str(folder),
            hint=f"Run `aliquot models fetch {model.source.name}`.",
        )
    return folder
