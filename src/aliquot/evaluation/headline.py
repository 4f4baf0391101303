"""The first thing a reader should know: whether something simpler is as good as the tuned model."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.result import Comparison, ModelResult
from aliquot.core.wording import in_sentence
from aliquot.evaluation.compare import is_distinguished, is_model_better
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.wording import capitalise, format_value, join_words, model_phrase


def write_headline(
    results: Sequence[ModelResult],
    comparisons: Sequence[Comparison],
    metric: Metric,
    *,
    num_items: int,
    task_type: str,
    reference: str = "tuned",
    split: str = "test",
) -> str:
    """Return one or two sentences.

    Args:
        results: Results of all models.
        comparisons: Paired comparisons; those of ``reference`` count here.
        metric: The primary metric.
        num_items: Items scored.
        task_type: For the words.
        reference: The model that the others are compared with.
        split: What the items are, for the words.
    """
    if not num_items:
        return "No rows were held out, so nothing was scored."
    if not results:
        return f"No model has answered the {num_items:,} {split} rows yet."
    by_model = {result.model: result for result in results}
    if reference not in by_model:
        return _without_tuned(results, metric, f"{num_items:,} {split} items", task_type)
    against = {found.other: found for found in comparisons if found.model == reference}
    # Beside a tuned model others from outside are company; among such models they are what is compared.
    rivals = [
        model
        for model, result in by_model.items()
        if model in against and (result.kind != "external" or reference != "tuned")
    ]
    better = [model for model in rivals if _is_worse(against[model], metric)]
    level = [model for model in rivals if not is_distinguished(against[model])]
    if better or level:
        claims = [(models, models is better) for models in (better, level) if models]
        first = " ".join(
            _name_rivals(models, by_model, metric, task_type, reference=reference, is_better=is_better)
            for models, is_better in claims
        )
        is_told = "base" not in against or "base" in (*better, *level)
        return first if is_told else f"{first} {against['base'].sentence}"
    others = [model for model, result in by_model.items() if result.kind not in ("external", "tuned")]
    if reference != "tuned":
        others = [model for model in by_model if model != reference]
    is_complete = len(rivals) == len(others) and ("base" in others or reference != "tuned")
    first = _name_success(by_model[reference], rivals, metric, split, is_complete=is_complete)
    return f"{first} {against[_strongest(rivals, against, metric)].sentence}" if rivals else first


def _without_tuned(results: Sequence[ModelResult], metric: Metric, items: str, task_type: str) -> str:
    values = [f"{model_phrase(result.model, task_type)} {format_value(result.primary)}" for result in results]
    return (
        f"The tuned model has not answered yet. {metric.title} of the others on {items}: "
        f"{join_words(values)}."
    )


def _name_rivals(
    rivals: Sequence[str],
    results: dict[str, ModelResult],
    metric: Metric,
    task_type: str,
    *,
    reference: str,
    is_better: bool,
) -> str:
    names = join_words([model_phrase(model, task_type) for model in rivals])
    values = join_words([format_value(results[model].primary) for model in rivals])
    against = results[reference].primary
    name = _name(reference)
    verb = "is" if len(rivals) == 1 else "are"
    claim = (
        f"{verb} better than {name}"
        if is_better
        else f"cannot be told apart from {name} on {against.num_items:,} items"
    )
    return capitalise(
        f"{names} {claim}: {in_sentence(metric.title)} {values} against {format_value(against)}."
    )


def _name(reference: str) -> str:
    return "the tuned model" if reference == "tuned" else reference


def _name_success(
    best: ModelResult, rivals: Sequence[str], metric: Metric, split: str, *, is_complete: bool
) -> str:
    every = "every baseline" if best.model == "tuned" else "every other model"
    which = every if is_complete else "every other model that could be compared"
    beaten = f" and beats {which}" if rivals else ""
    value = f"{in_sentence(metric.title)} {format_value(best.primary)}"
    name = "The tuned model" if best.model == "tuned" else best.model
    return f"{name} reaches {value} on {best.primary.num_items:,} {split} items{beaten}."


def _strongest(rivals: Sequence[str], against: dict[str, Comparison], metric: Metric) -> str:
    """Return the rival that the tuned model beats by the least: what a reader should compare with."""
    sign = 1 if metric.direction == "higher" else -1
    return min(rivals, key=lambda model: sign * against[model].difference)


def _is_worse(comparison: Comparison, metric: Metric) -> bool:
    return is_distinguished(comparison) and not is_model_better(comparison, metric)
