"""Bring a run to its end: every stage that is not done yet, in order.

    python -m aliquot.worker.run RUN_DIR --model-dir DIR [--stages predict:base,train,predict:tuned]
        [--split validation]

Starting it again after any interruption is always right: finished stages are found by their files and
skipped, the rest continues. A lock on the run directory lets only one worker in.
"""

from __future__ import annotations

import argparse
import fcntl
import functools
from pathlib import Path
from typing import Any

from aliquot.core.checkpoint_name import find_step
from aliquot.core.oom_kills import find_oom_counter
from aliquot.core.records import as_plain
from aliquot.core.run import TRANSITIONS, RunState
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import AliquotError, Interrupted, RunError
from aliquot.tokenization.encoder import Encoder
from aliquot.training.journal import Journal
from aliquot.worker.disk import require_space
from aliquot.worker.environment import save_environment
from aliquot.worker.journal import RunJournal
from aliquot.worker.loading import load_model
from aliquot.worker.meter import Meter
from aliquot.worker.process import run_program

TITLES = {
    "predict:base": "Base model answers the held-out rows",
    "predict:base_few_shot": "Base model answers with examples shown",
    "predict:base_nearest": "Base model answers with the nearest examples shown",
    "train": "Training",
    "validate": "Loss of every validation row",
    "predict:tuned": "Tuned model answers the held-out rows",
}


CURABLE = frozenset({"disk_full"})
"""Errors by which a run is only paused: nothing is wrong with it, the machine lacks something."""


def main(arguments: list[str]) -> None:
    """Run the stages of one run directory."""
    options = _parse(arguments)
    run_dir = RunDir(options.run_dir)
    spec = run_dir.read_spec()
    meter = Meter(spec.training.device)
    with _lock(run_dir), RunJournal(run_dir, meter=meter) as journal:
        _require_startable(run_dir)
        journal.listen_for_signals()
        try:
            journal.write("state", state=RunState.RUNNING, oom_counter=as_plain(find_oom_counter()))
            _leave_when_asked(journal)
            require_space(run_dir, spec)
            for stage in _stages(spec, options.stages):
                _leave_when_asked(journal)
                work = RunWork(run_dir, spec, options.model_dir, journal, split=options.split)
                _run_stage(stage, work)
            journal.write("state", state=RunState.FINISHED)
        except Interrupted as stop:
            state = RunState.CANCELLED if stop.code == "cancelled" else RunState.STOPPED
            journal.write("state", state=state, code=stop.code, message=stop.message)
            raise
        except AliquotError as error:
            state = RunState.PAUSED if error.code in CURABLE else RunState.FAILED
            journal.write("state", state=state, **error.as_dict())
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            journal.write("state", state=RunState.FAILED, code="worker_fault", message=message)
            raise


def _require_startable(run_dir: RunDir) -> None:
    """Refuse a run that is over for good.

    Raises:
        RunError: It was cancelled.
    """
    state = run_dir.state()
    if RunState.RUNNING not in TRANSITIONS[state]:
        raise RunError(
            f"This run is {state} and cannot go on.",
            code="run_has_ended",
            location=run_dir.run_id,
            hint="Start a new one.",
        )


def _leave_when_asked(journal: RunJournal) -> None:
    """Obey a wish before a stage loads the model: it costs nothing yet.

    Raises:
        Interrupted: The run is to stop or to be cancelled.
    """
    wish = journal.find_wish()
    if wish in ("stop", "cancel"):
        raise Interrupted(
            "Stopped between two stages; what was done is saved.",
            code="cancelled" if wish == "cancel" else "stopped",
            hint="" if wish == "cancel" else "`aliquot resume` continues from there.",
        )


class RunWork:
    """What the stages of one run share: the specification, the encoder and one loaded base model."""

    def __init__(
        self, run_dir: RunDir, spec: Spec, model_dir: Path, journal: Journal, *, split: str = ""
    ) -> None:
        self.run_dir = run_dir
        self.spec = spec
        self.model_dir = model_dir
        self.journal = journal
        self.splits = (split,) if split else spec.prediction.splits

    @functools.cached_property
    def encoder(self) -> Encoder:
        """The encoder of the base model; the folder must be the one the run was planned for.

        Raises:
            RunError: Another model lies there (``model_differs``).
        """
        encoder = Encoder.load(self.model_dir)
        for name, expected in self.spec.model.files.items():
            found = encoder.model.files.get(name)
            if found != expected:
                raise RunError(
                    f"{name} has SHA-256 {found}, the run was planned with {expected}.",
                    code="model_differs",
                    location=str(self.model_dir),
                    hint="Fetch the revision that spec.json names, or start a new run.",
                )
        return encoder

    def load_to_train(self) -> Any:
        """Return the base model for training: on the CPU when it is to be spread over devices from there."""
        return self.load("base", "cpu" if self.spec.training.sharding == "full" else None)

    def load(self, name: str, device: str | None = None) -> Any:
        """Return a model of the run, freshly loaded on a device: the run's when not given.

        Raises:
            ModelError: It was not trained yet.
            RunError: It is a checkpoint, and damaged.
        """
        from aliquot.modeling.load import set_determinism
        from aliquot.modeling.memory import naming_memory_errors

        training = self.spec.training
        self.journal.write("stage", name="load", title=f"Loading {self.spec.model.source.name}")
        set_determinism(training.num_threads, training.device)
        with naming_memory_errors("while the model was loaded"):
            return load_model(
                name,
                self.run_dir,
                self.spec,
                self.model_dir,
                device=device or training.device,
                precision=training.precision,
            )


def _run_stage(stage: str, work: RunWork) -> None:
    """Do what is left of one stage; a stage whose files are all there costs nothing."""
    kind, _, model = stage.partition(":")
    if kind == "train" and work.run_dir.find_weights_dir() is None:
        _train_stage(work)
    elif kind == "validate" and not work.run_dir.losses_path("validation", "after").is_file():
        _validate_stage(work)
    elif kind == "predict":
        paths = {split: work.run_dir.predictions_path(model, split) for split in work.splits}
        splits = [split for split, path in paths.items() if not path.is_file()]
        if splits:
            _predict_stage(model, splits, work)


def _train_stage(work: RunWork) -> None:
    from aliquot.worker.peers import gather
    from aliquot.worker.train import train_stage

    with gather(work.run_dir, work.spec.training, work.model_dir) as group:
        base = work.load_to_train()
        work.journal.write("stage", name="train", title=TITLES["train"])
        train_stage(work.run_dir, work.spec, work.encoder, base=base, journal=work.journal, group=group)
    save_environment(work.run_dir, work.spec)


def _validate_stage(work: RunWork) -> None:
    from aliquot.modeling.memory import naming_memory_errors
    from aliquot.worker.validate import validate_stage

    tuned = work.load("tuned")
    work.journal.write("stage", name="validate", title=TITLES["validate"])
    with naming_memory_errors("while the validation rows were measured"):
        validate_stage(work.run_dir, work.spec, work.encoder, model=tuned)


def _predict_stage(model: str, splits: list[str], work: RunWork) -> None:
    from aliquot.inference.engines.transformers import TransformersEngine
    from aliquot.modeling.memory import naming_memory_errors
    from aliquot.worker.predict import Predictor, name_answers
    from aliquot.worker.predict_text import TextPredictor

    loaded = work.load(model)
    name = name_answers(model, splits[0], work.spec)
    work.journal.write("stage", name=f"predict:{name}", title=_title(f"predict:{model}"))
    engine = TransformersEngine(loaded, work.spec.model.stop_token_ids)
    kind = TextPredictor if work.spec.training.objective == "text" else Predictor
    predictor = kind(work.run_dir, work.spec, work.encoder, model=model, engine=engine)
    size = work.spec.prediction.batch_size
    with naming_memory_errors(f"while {size} rows were answered at once (predict.batch_size)"):
        for split in splits:
            predictor.predict(split, work.journal)
    save_environment(work.run_dir, work.spec)


def _stages(spec: Spec, wanted: str) -> list[str]:
    """Return the stages in order: untuned models first, so that the report fills early."""
    before = [f"predict:{model}" for model in spec.prediction.models if model != "tuned"]
    after = ["predict:tuned"] if "tuned" in spec.prediction.models else []
    stages = wanted.split(",") if wanted else [*before, "train", *after]
    unknown = [stage for stage in stages if not _title(stage)]
    if unknown:
        raise RunError(
            f"No stage is called {unknown[0]!r}; known: {', '.join(TITLES)}.", code="unknown_stage"
        )
    return stages


def _title(stage: str) -> str:
    """Return the words for a stage; empty for one that is none."""
    step = find_step(stage.removeprefix("predict:"))
    is_checkpoint = stage.startswith("predict:") and step is not None
    return (
        f"Checkpoint of step {step:,} answers the held-out rows" if is_checkpoint else TITLES.get(stage, "")
    )


def _lock(run_dir: RunDir) -> Any:
    """Hold the run directory for this process; the lock ends with the process, however it ends."""
    file = (run_dir.path / "worker.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise RunError(
            "Another worker holds this run.",
            code="run_is_busy",
            location=run_dir.run_id,
            hint="Wait for it, or stop it with `aliquot cancel`.",
        ) from error
    return file


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aliquot.worker.run")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--stages", default="")
    parser.add_argument("--split", default="", help="rows to answer; those of the plan by default")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_program(main)
