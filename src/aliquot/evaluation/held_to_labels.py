"""The untuned model held to the label set: its likeliest label counts as its answer.

An untuned model may know the answer and yet write a sentence around it, which is scored as wrong. To
beat only that would be a cheap victory. So wherever an untuned model gave unreadable answers, the same
predictions are scored a second time by the most probable whole label, and the tuned model has to beat
that too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aliquot.core.result import Prediction, Score

HELD = {
    "base": "base_held",
    "base_few_shot": "base_few_shot_held",
    "base_nearest": "base_nearest_held",
}
"""Names of the untuned models when held to the labels."""


def hold_to_labels(
    predictions: Mapping[str, Sequence[Prediction]], scores: Mapping[str, Sequence[Score]]
) -> dict[str, list[Prediction]]:
    """Return the predictions to score in addition, by name; none where every answer was readable."""
    return {
        HELD[model]: [_likeliest(prediction, HELD[model]) for prediction in predictions[model]]
        for model in HELD
        if model in predictions
        and all(prediction.label_probabilities for prediction in predictions[model])
        and not all(score.is_parsed for score in scores[model])
    }


def _likeliest(prediction: Prediction, name: str) -> Prediction:
    """Return the prediction with its most probable label as the answer; of equals the first by name."""
    probabilities = prediction.label_probabilities or {}
    label = min(probabilities, key=lambda name: (-probabilities[name], name))
    return replace(prediction, model=name, output=label, status="ok", finish_reason="likeliest_label")
