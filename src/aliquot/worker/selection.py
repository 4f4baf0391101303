"""Choosing the checkpoint by the task's own metric: the model answers the validation rows, and is scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.evaluation.answers import UNDEFINED, build_answers
from aliquot.evaluation.baselines import find_median
from aliquot.evaluation.metric import get_metric
from aliquot.evaluation.normaliser import build_declared
from aliquot.evaluation.score import (
    infer_train_schema,
    list_also_accepted,
    read_accepted_answers,
    score_predictions,
)
from aliquot.inference.engines.transformers import TransformersEngine
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.predict import Predictor
from aliquot.worker.predict_text import TextPredictor

SPLIT = "validation"


def build_validate(run_dir: RunDir, spec: Spec, encoder: Encoder) -> Callable[[Any], float | None] | None:
    """Return the score of a model on the validation rows, higher is better; None when loss decides.

    Answers are greedy, as those to the test rows. The score is the primary metric, its sign turned where
    less is better; None where it is undefined.
    """
    rows = run_dir.read_rows(SPLIT)
    if spec.training.select_by != "metric" or not rows:
        return None
    evaluation, labels = spec.evaluation, spec.task.labels
    metric, normaliser = get_metric(evaluation.primary_metric), build_declared(spec)
    accepted, others = read_accepted_answers(rows, normaliser), list_also_accepted(rows, normaliser)
    train = run_dir.read_rows("train")
    median, schema = find_median([row.reference for row in train]), infer_train_schema(train, normaliser)

    def validate(model: Any) -> float | None:
        was_training = model.training
        model.eval()
        engine = TransformersEngine(model, spec.model.stop_token_ids)
        kind = TextPredictor if spec.training.objective == "text" else Predictor
        predictor = kind(run_dir, spec, encoder, model="tuned", engine=engine)
        predictions = predictor.answer_all(SPLIT)
        model.train(was_training)
        answers = build_answers(
            score_predictions(predictions, normaliser, others),
            predictions,
            accepted,
            labels=labels,
            train_median=UNDEFINED if median is None else median,
            tolerance=evaluation.tolerance,
            schema=schema,
            positive_label=evaluation.positive_label,
            class_prior=evaluation.class_prior,
        )
        value = metric.compute(answers)
        return -value if value is not None and metric.direction == "lower" else value

    return validate
