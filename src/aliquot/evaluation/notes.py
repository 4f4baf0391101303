"""What a reader needs beside the numbers: how they were made, and what could mislead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from aliquot.core.checkpoint_name import find_step
from aliquot.core.detectable import detectable_difference
from aliquot.core.result import Comparison, ModelResult, Prediction
from aliquot.core.spec import EvaluationSpec
from aliquot.core.wording import in_sentence
from aliquot.evaluation.collect import Collected
from aliquot.evaluation.compare import is_distinguished
from aliquot.evaluation.held_to_labels import HELD
from aliquot.evaluation.metric import METRICS_PACKAGE, get_metric
from aliquot.evaluation.reliability import SMALL_LABEL_MASS
from aliquot.evaluation.resampling import Resampling
from aliquot.evaluation.wording import begin_with, capitalise, join_words, model_phrase
from aliquot.plugins import list_extensions


def write_notes(
    collected: Collected,
    results: Sequence[ModelResult],
    resampling: Resampling,
    *,
    comparisons: Sequence[Comparison],
    evaluation: EvaluationSpec,
    task_type: str,
    baseline_notes: Mapping[str, str],
    split: str = "test",
) -> tuple[str, ...]:
    """Return the notes of a report, most general first.

    Args:
        collected: All predictions.
        results: Results of all models.
        resampling: How items were drawn.
        comparisons: The paired comparisons, the family of Holm's adjustment.
        evaluation: What scoring reads.
        task_type: For the words.
        baseline_notes: What baselines chose, by model; they answer test rows only.
        split: What the items are.
    """
    notes = [_method_note(resampling, evaluation.confidence, split)]
    notes += _choice_notes(results, split)
    notes += _unlabelled_notes(results, evaluation)
    notes += _family_notes(comparisons)
    notes += _power_notes(comparisons, task_type)
    notes += [
        f"{_opening(model, task_type)}: {note}" for model, note in baseline_notes.items() if split == "test"
    ]
    for result in results:
        notes += _reading_notes(result, collected.whole[result.model], task_type)
    notes += [
        f"{_opening(model, task_type)} has answered {count:,} items so far and is not scored."
        for model, count in collected.partial.items()
    ]
    return tuple(notes)


def _choice_notes(results: Sequence[ModelResult], split: str) -> list[str]:
    """Return why these numbers may be too good: rows that were learnt from, or that chose a checkpoint."""
    if split == "train":
        return ["These rows were trained on: their scores tell what was learnt by heart, not what to expect."]
    if split == "validation":
        return [
            "The checkpoint was chosen on these rows, so the tuned model's scores here are a little high."
        ]
    if any(find_step(result.model) is not None for result in results):
        return [
            "Checkpoints are shown beside the model that validation chose. Choosing among them by these test "
            "scores would make the score of the chosen one too good; choose on the validation rows."
        ]
    return []


def _opening(model: str, task_type: str) -> str:
    return begin_with(model, model_phrase(model, task_type))


def _method_note(resampling: Resampling, confidence: float, split: str) -> str:
    drawn = f"whole groups ({resampling.num_units:,} of them)" if resampling.has_groups else "items"
    if resampling.num_bundles < resampling.num_units:
        drawn += f", dealt into {resampling.num_bundles:,} bundles that are drawn whole"
    fewer = resampling.num_counted
    ranks = f" ({fewer:,} where a metric ranks items)" if fewer < resampling.num_resamples else ""
    shares = "" if resampling.has_groups else "Wilson's for shares, else "
    return (
        f"Intervals ({100 * confidence:g} %) are over the choice of {split} items: {shares}BCa bootstrap "
        f"over {drawn}, {resampling.num_resamples:,} resamples{ranks}, seed {resampling.seed}."
    )


def _family_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """Return within which families p-values are adjusted."""
    sizes = Counter(comparison.family for comparison in comparisons)
    among, simple = sizes["models"], sizes["baselines"]
    if among and simple:
        return [
            "p-values in sentences are adjusted by Holm's method in two families: "
            f"{_count(among)} of the models with each other, and {_count(simple)} with simple baselines."
        ]
    if len(comparisons) < 2:
        return []
    return [f"p-values in sentences are adjusted by Holm's method for {len(comparisons)} comparisons."]


def _count(number: int) -> str:
    return f"{number} comparison{'' if number == 1 else 's'}"


def _unlabelled_notes(results: Sequence[ModelResult], evaluation: EvaluationSpec) -> list[str]:
    """Return how unlabelled items were taken, where only one label is known."""
    label, prior = evaluation.positive_label, evaluation.class_prior
    if label is None or prior is None or not results:
        return []
    own = list_extensions(METRICS_PACKAGE)  # graders are none of them, and know nothing of labels
    metrics = [get_metric(value.metric) for value in results[0].metrics if value.metric in own]
    biased = [in_sentence(metric.title) for metric in metrics if metric.unlabelled == "biased"]
    return [
        f"Only items labelled {label!r} are known for certain; the others count as unlabelled, and {prior:g} "
        "of them as positive, the class prior that was stated. Corrected metrics follow from it and are no "
        "surer than it is; their intervals take it as exact.",
        f"Biased, because they take every unlabelled item for a negative: {join_words(biased)}.",
    ]


def _power_notes(comparisons: Sequence[Comparison], task_type: str) -> list[str]:
    """Return what could have been found of the first pair that cannot be told apart; one pair is enough.

    The size of the test set decided that, with how often the two disagree; a difference that was found
    needs no such words. Only for the exact test, for which the formula is.
    """
    found = next((one for one in comparisons if not is_distinguished(one)), None)
    if found is None or found.test != "exact McNemar":
        return []
    model, other = (model_phrase(name, task_type) for name in (found.model, found.other))
    num_discordant = found.num_only_model + found.num_only_other
    where = f"only one of {model} and {other} is right on {num_discordant:,} of {found.num_items:,} items"
    difference = detectable_difference(found.num_items, num_discordant / found.num_items)
    if difference is None:
        return [f"{capitalise(where)}: too few for any difference to be found with 80 % power."]
    return [
        f"{capitalise(where)}: at this rate a difference of about {100 * difference:.2g} points or more is "
        "usually found (one comparison, 80 % power, two-sided 5 %), and a smaller one is usually missed."
    ]


def _reading_notes(result: ModelResult, predictions: Sequence[Prediction], task_type: str) -> list[str]:
    name = _opening(result.model, task_type)
    if result.model in HELD.values():
        return [f"{name}: not what it said, but the label it thought most probable counts as its answer."]
    notes = []
    num_items = len(predictions)
    consequence = "count as the training median" if task_type == "number" else "count as wrong"
    num_none = sum(prediction.status in ("error", "refused") for prediction in predictions)
    num_unread = result.num_unparsed - num_none
    if num_none:
        notes.append(
            f"{name}: {num_none:,} of {num_items:,} items have no answer (missing, failed or refused) and "
            f"{consequence}."
        )
    if num_unread > 0:
        cut = f" ({result.num_truncated:,} cut off)" if result.num_truncated else ""
        notes.append(
            f"{name}: {num_unread:,} of {num_items:,} answers could not be read{cut} and {consequence}."
        )
    masses = [prediction.label_mass for prediction in predictions if prediction.label_mass is not None]
    num_small = sum(mass < SMALL_LABEL_MASS for mass in masses)
    if num_small:
        notes.append(
            f"{name} puts {sum(masses) / len(masses):.2f} of its probability on the labels, and less than "
            f"{SMALL_LABEL_MASS} for {num_small:,} of {len(masses):,} items; what is told of its label "
            "probabilities is renormalised to 1."
        )
    return notes
