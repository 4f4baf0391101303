"""Answer prompts over lines of JSON, with one model that stays loaded.

    python -m aliquot.worker.answer --model-dir DIR

stdin:  an ``AnswerJob``, then any number of ``Questions``, one a line.
stdout: a ``LoadedModel``; then for each prompt, in order, a ``PromptAnswer``.
A model of a run answers as it answered the run's test rows: same precision, device, labels and longest
answer. Where the run's device does not exist, and for a base model, this machine's best is taken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aliquot.core.prompt import AnswerJob, LoadedModel, Prompt, PromptAnswer, Questions
from aliquot.core.records import decode
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import AliquotError, MachineError
from aliquot.inference.engines.transformers import TransformersEngine
from aliquot.modeling.load import load_base, require_device, set_determinism
from aliquot.modeling.memory import naming_memory_errors
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.answering import Answerer, scored_labels
from aliquot.worker.loading import describe_model, load_model
from aliquot.worker.probe import probe
from aliquot.worker.process import publish, run_program


def main(arguments: list[str]) -> None:
    """Load the model, then answer until stdin ends."""
    parser = argparse.ArgumentParser(prog="aliquot.worker.answer")
    parser.add_argument("--model-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    job = decode(sys.stdin.readline(), AnswerJob, "stdin")
    encoder = Encoder.load(options.model_dir)
    with naming_memory_errors("while the model was loaded"):
        ready = _load_of_run(job, options.model_dir) if job.run_dir else _load_base(encoder)
    publish(LoadedModel(settings={**ready.settings, "max_new_tokens": str(job.max_new_tokens)}))
    answerer = Answerer(
        encoder,
        TransformersEngine(ready.model, encoder.model.stop_token_ids),
        labels=ready.labels,
        max_new_tokens=job.max_new_tokens,
    )
    longest = encoder.model.architecture.context_window - job.max_new_tokens
    for line in sys.stdin:
        for answer in answer_all(decode(line, Questions, "stdin"), answerer, longest):
            publish(answer)


class _Ready(NamedTuple):
    """A loaded model, the labels whose probability it gives, and what determines its answers."""

    model: Any
    labels: Sequence[str]
    settings: dict[str, str]


def _load_of_run(job: AnswerJob, model_dir: Path) -> _Ready:
    run_dir = RunDir(Path(job.run_dir))
    spec = run_dir.read_spec()
    place = _find_place(spec)
    set_determinism(spec.training.num_threads, place["device"])
    model = load_model(job.model, run_dir, spec, model_dir, **place)
    return _Ready(model, scored_labels(spec.task), describe_model(job.model, run_dir, spec, **place))


def _find_place(spec: Spec) -> dict[str, str]:
    try:
        require_device(spec.training.device)
    except MachineError:
        return _best_place()
    return {"device": spec.training.device, "precision": spec.training.precision}


def _best_place() -> dict[str, str]:
    device = probe()
    return {
        "device": device.kind,
        "precision": max(device.gflops, key=lambda name: device.gflops[name]),
    }


def _load_base(encoder: Encoder) -> _Ready:
    place: dict[str, Any] = _best_place()
    settings = {"base": encoder.model.source.name, "base_revision": encoder.model.revision, **place}
    return _Ready(load_base(encoder.folder, **place), (), {**settings, "temperature": "0"})


def answer_all(questions: Questions, answerer: Answerer, longest: int) -> list[PromptAnswer]:
    """Return an answer to every prompt; one that cannot be asked is answered with the reason.

    Args:
        questions: The batch.
        answerer: The loaded model.
        longest: Tokens that a prompt may have.
    """
    faults = [_find_fault(prompt, answerer, longest) for prompt in questions.prompts]
    expected = [prompt for prompt in questions.expected if not _find_fault(prompt, answerer, longest)]
    if expected:
        answerer.expect(expected)
    asked = [prompt for prompt, fault in zip(questions.prompts, faults, strict=True) if not fault]
    with naming_memory_errors(f"while {len(asked)} rows were answered at once"):
        answers = iter(answerer.answer(asked) if asked else [])
    return [
        PromptAnswer(text="", status="error", finish_reason="refused", error=fault)
        if fault
        else next(answers)
        for fault in faults
    ]


def _find_fault(prompt: Prompt, answerer: Answerer, longest: int) -> str:
    try:
        number = len(answerer.encode(prompt))
    except AliquotError as error:  # the template refuses the conversation
        return error.message
    if number <= longest:
        return ""
    return (
        f"The prompt has {number:,} tokens; beside an answer the model's window leaves room for {longest:,}."
    )


if __name__ == "__main__":
    run_program(main)
