"""The verb ``chat``: talk to the tuned model of a run, or to a base model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from aliquot.compute.target import Dialogue
from aliquot.core.conversation import Message, as_template_input
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.errors import AliquotError, InputError
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import get_model_dir
from aliquot.workflows.prepare import prepare
from aliquot.workflows.surroundings import Surroundings

MAX_NEW_TOKENS = 512


class Chat:
    """A conversation with a model; close it, or use it as a context.

    Attributes:
        messages: What was said so far.
        title: Who answers.
    """

    def __init__(self, dialogue: Dialogue, *, title: str, system: str = "") -> None:
        self.title = title
        self.messages = [Message("system", system)] if system else []
        self._dialogue = dialogue

    def say(self, text: str, *, max_new_tokens: int = MAX_NEW_TOKENS) -> Iterator[str]:
        """Say something; yield the answer piece by piece as it is generated.

        Raises:
            AliquotError: The model's process ended.
        """
        messages = [*self.messages, Message("user", text)]
        request = {"messages": as_template_input(tuple(messages)), "max_new_tokens": max_new_tokens}
        answer = ""
        for line in self._dialogue.ask(json.dumps(request)):
            reply = json.loads(line)
            if reply.get("done"):
                break
            answer += reply["delta"]
            yield reply["delta"]
        self.messages = [*messages, Message("assistant", answer)]

    def close(self) -> None:
        """End the model's process."""
        self._dialogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def chat(
    model: Path | str, *, system: str = "", runs_dir: Path | None = None, within: Surroundings | None = None
) -> Chat:
    """Open a conversation.

    Args:
        model: A run (its tuned model answers), or the name of a base model.
        system: The system message; by default that of the run's rows, if all have the same.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        InputError: Neither a run nor a base model has this name.
    """
    within = within or Surroundings()
    run_dir = find_run_if_any(model, runs_dir)
    if run_dir is None:
        base = prepare(str(model), within)
        arguments, title = ["--model-dir", str(base.folder)], base.name
    else:
        _require_trained(run_dir)
        spec = run_dir.read_spec()
        arguments = ["--model-dir", str(get_model_dir(run_dir))]
        arguments += ["--weights-dir", str(run_dir.find_weights_dir())]
        arguments += ["--4-bit"] if spec.training.is_4_bit else []
        title = f"{run_dir.run_id} (tuned {spec.plan.base})"
        system = system or common_system(run_dir)
    return Chat(within.target.open("chat", arguments), title=title, system=system)


def find_run_if_any(name: Path | str, runs_dir: Path | None) -> RunDir | None:
    """Return the run meant, None when it is no run.

    Raises:
        RunError: Several runs fit, or nothing is trained in that folder.
    """
    try:
        run_dir = find_run(name, runs_dir, is_trained=True)
    except AliquotError as error:
        if error.code == "run_ambiguous":
            raise
        return None
    run_dir.read_spec()  # refuses a folder in which nothing is trained
    return run_dir


def _require_trained(run_dir: RunDir) -> None:
    """Refuse a run without trained weights: it cannot talk."""
    if run_dir.find_weights_dir() is None:
        raise InputError(
            "This run has no trained weights yet: it was not trained to its end.",
            code="not_trained",
            location=run_dir.run_id,
            hint="It was cancelled; start a new one."
            if run_dir.state() is RunState.CANCELLED
            else f"`aliquot resume {run_dir.path}` trains it.",
        )


def common_system(run_dir: RunDir) -> str:
    """Return the system message that all training rows share: the model was tuned to hear it."""
    systems = {
        example.messages[0].content if example.messages[0].role == "system" else ""
        for example in run_dir.read_rows("train")
    }
    return systems.pop() if len(systems) == 1 else ""
