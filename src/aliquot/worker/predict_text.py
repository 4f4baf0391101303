"""How probable the texts of a split are under one model: nothing is generated, every token is scored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aliquot.core.dataset import StoredExample
from aliquot.core.prompt import PromptAnswer
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.inference.engine import Engine
from aliquot.tokenization.encoder import Encoder
from aliquot.tokenization.texts import TextEncoder
from aliquot.worker.predict import Predictor


class TextPredictor(Predictor):
    """Scores plain texts with one engine under the name ``model``, in the windows of training."""

    def __init__(self, run_dir: RunDir, spec: Spec, encoder: Encoder, *, model: str, engine: Engine) -> None:
        super().__init__(run_dir, spec, encoder, model=model, engine=engine)
        self._engine = engine
        self._texts = TextEncoder(encoder, spec.training.max_seq_len)

    def begin(self, examples: Sequence[StoredExample]) -> None:
        """Expect nothing: texts share no prompt."""

    def answer(self, batch: Sequence[StoredExample], split: str) -> list[Prediction]:
        """Return the log-probability of each text, without that of its end, which is no part of it."""
        windows = self._texts.windows([example.messages[0].content for example in batch], with_end=False)
        ids = [window.token_ids for document in windows for window in document]
        found = self._engine.score([one[:1] for one in ids], [[one[1:]] for one in ids]) if ids else []
        scores = iter(score.log_probability for [score] in found)
        return [
            replace(
                self.as_prediction(example, split, PromptAnswer(text="", num_output_tokens=num_tokens)),
                log_probability=sum(next(scores) for _ in document),
            )
            for example, document in zip(batch, windows, strict=True)
            for num_tokens in [sum(window.num_trained_tokens for window in document)]
        ]
