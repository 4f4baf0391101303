"""One model's answers to one split: generated text and, for closed labels, the label probabilities.

Answers are appended batch by batch, so an interrupted prediction continues where it stopped; the file
``predictions/<model>.<split>.jsonl`` appears by one rename when every example has its line.
"""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.answer_source import AnswerSource
from aliquot.core.dataset import StoredExample
from aliquot.core.part_file import PartFile
from aliquot.core.prompt import Prompt, PromptAnswer
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import Interrupted
from aliquot.inference.engine import Engine
from aliquot.tokenization.encoder import Encoder
from aliquot.training.journal import Journal
from aliquot.worker.answering import PROMPTS_SEEN, Answerer, scored_labels
from aliquot.worker.loading import describe_model
from aliquot.worker.shots import Shots, build_shots


class Predictor:
    """Predicts with one engine under the name ``model``.

    Args:
        model: ``base``, ``base_few_shot``, ``base_nearest``, ``tuned`` or a checkpoint.
        engine: The loaded model.
    """

    def __init__(self, run_dir: RunDir, spec: Spec, encoder: Encoder, *, model: str, engine: Engine) -> None:
        self._run_dir = run_dir
        self._spec = spec
        self._encoder = encoder
        self._model = model
        self._shots = Shots()
        self._answerer = Answerer(
            encoder,
            engine,
            labels=scored_labels(spec.task),
            max_new_tokens=spec.prediction.max_new_tokens,
        )
        self._train = run_dir.read_rows("train")
        self._seen_before = {example.prompt_sha256 for example in self._train}
        self._seen_before.update(spec.start.prompts_seen if spec.start else ())
        validation = {example.prompt_sha256 for example in run_dir.read_rows("validation")}
        self._seen_before_test = self._seen_before | validation

    def predict(self, split: str, journal: Journal) -> None:
        """Write the predictions of a split.

        Raises:
            Interrupted: A wish came; the answers so far are kept.
        """
        examples = self._run_dir.read_rows(split)
        size = self._spec.prediction.batch_size
        part = PartFile(self._run_dir.predictions_path(self._model, split).with_suffix(".part"), size)
        num_done = part.recover()
        self.begin(examples)
        name = name_answers(self._model, split, self._spec)
        for start in range(num_done, len(examples), size):
            batch = examples[start : start + size]
            part.append(self.answer(batch, split))
            done = start + len(batch)
            journal.write("progress", stage=f"predict {name}", done=done, total=len(examples))
            wish = journal.find_wish()
            if wish in ("stop", "cancel") and done < len(examples):
                raise Interrupted(
                    f"Stopped after {done} of {len(examples)} answers of {self._model}; they are kept.",
                    code="cancelled" if wish == "cancel" else "stopped",
                    hint="" if wish == "cancel" else "`aliquot resume` continues from there.",
                )
        self._save_source(part, split)
        part.publish(self._run_dir.predictions_path(self._model, split))

    def answer_all(self, split: str) -> list[Prediction]:
        """Return the predictions of a split without writing them."""
        examples, size = self._run_dir.read_rows(split), self._spec.prediction.batch_size
        self.begin(examples)
        batches = [examples[start : start + size] for start in range(0, len(examples), size)]
        return [prediction for batch in batches for prediction in self.answer(batch, split)]

    def begin(self, examples: Sequence[StoredExample]) -> None:
        """Choose what is shown, and tell what the prompts of a split begin with, by rows all over it.

        A function of the rows alone, as the batches are: a resumed prediction gives the same digits.
        """
        self._shots = build_shots(self._model, self._train, examples, self._spec)
        step = max(1, len(examples) // PROMPTS_SEEN)
        self._answerer.expect([self._ask(example) for example in examples[::step]])

    def _ask(self, example: StoredExample) -> Prompt:
        window = self._spec.model.architecture.context_window
        return self._shots.ask(example, self._encoder, window - self._spec.prediction.max_new_tokens)

    def answer(self, batch: Sequence[StoredExample], split: str) -> list[Prediction]:
        """Return the predictions of some rows, which are computed together."""
        answers = self._answerer.answer([self._ask(example) for example in batch])
        return [
            self.as_prediction(example, split, answer) for example, answer in zip(batch, answers, strict=True)
        ]

    def _save_source(self, part: PartFile, split: str) -> None:
        answers = list(part.read(Prediction))
        source = AnswerSource(
            model=self._model,
            engine="transformers",
            settings={**describe_model(self._model, self._run_dir, self._spec), **self._shots.settings},
            num_answers=len(answers),
            num_prompt_tokens=sum(answer.num_prompt_tokens for answer in answers),
            num_output_tokens=sum(answer.num_output_tokens for answer in answers),
        )
        self._run_dir.save_source(source, split)

    def _was_seen(self, example: StoredExample, split: str) -> bool:
        """Return whether the prompt stands in the rows that training, or the choice of a checkpoint, saw."""
        return example.prompt_sha256 in (self._seen_before_test if split == "test" else self._seen_before)

    def as_prediction(self, example: StoredExample, split: str, answer: PromptAnswer) -> Prediction:
        """Return an answer with the row that it is to."""
        return Prediction(
            example_id=example.example_id,
            split=split,
            model=self._model,
            prompt_sha256=example.prompt_sha256,
            reference=example.reference,
            output=answer.text,
            status=answer.status,
            finish_reason=answer.finish_reason,
            label_probabilities=answer.label_probabilities,
            label_mass=answer.label_mass,
            group=example.group,
            in_train=self._was_seen(example, split),
            num_prompt_tokens=answer.num_prompt_tokens,
            num_output_tokens=answer.num_output_tokens,
            seed=self._spec.training.seed,
        )


def name_answers(model: str, split: str, spec: Spec) -> str:
    """Return what events call a model's answers to a split: the split is named where it was not planned."""
    return model if split in spec.prediction.splits else f"{model} {split}"
