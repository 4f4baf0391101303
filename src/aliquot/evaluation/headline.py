"""The first thing a reader should know: whether something simpler is as good as the tuned model."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.result import Comparison, ModelResult
from aliquot.core.wording import in_sentence
from aliquot.evaluation.compare import is_distinguished, is_model_better
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.wording import begin_with, format_value, join_words, model_phrase


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
    if by_model[reference].kind == "external":
        return _of_given(results, comparisons, metric, task_type)
    against = {found.other: found for found in comparisons if found.model == reference}
    # Beside a tuned model others from outside are company.
    rivals = [model for model, result in by_model.items() if model in against and result.kind != "external"]
    better = [model for model in rivals if _is_worse(against[model], metric)]
    level = [model for model in rivals if not is_distinguished(against[model])]
    if better or level:
        claims = [(models, models is better) for models in (better, level) if models]
        first = " ".join(
            _name_rivals(models, by_model, metric, task_type, than=reference, is_better=is_better)
            for models, is_better in claims
        )
        is_told = "base" not in against or "base" in (*better, *level)
        return first if is_told else f"{first} {against['base'].sentence}"
    others = [model for model, result in by_model.items() if result.kind not in ("external", "tuned")]
    is_complete = len(rivals) == len(others) and "base" in others
    first = _name_success(by_model[reference], rivals, metric, split, is_complete=is_complete)
    return f"{first} {against[_strongest(rivals, against, metric)].sentence}" if rivals else first


def _without_tuned(results: Sequence[ModelResult], metric: Metric, items: str, task_type: str) -> str:
    values = [f"{model_phrase(result.model, task_type)} {format_value(result.primary)}" for result in results]
    return (
        f"The tuned model has not answered yet. {metric.title} of the others on {items}: "
        f"{join_words(values)}."
    )


def _of_given(
    results: Sequence[ModelResult], comparisons: Sequence[Comparison], metric: Metric, task_type: str
) -> str:
    """Return what holds of answers made elsewhere: simple baselines as good as the best, then the best."""
    by_model = {result.model: result for result in results}
    given = [result for result in results if result.kind == "external" and result.primary.value is not None]
    if not given:
        return f"{metric.title} is undefined for {join_words([result.model for result in results])}."
    sign = 1 if metric.direction == "higher" else -1
    best = max(given, key=lambda result: sign * (result.primary.value or 0.0))
    against = {
        _other(found, best.model): found for found in comparisons if best.model in (found.model, found.other)
    }
    level = [model for model, found in against.items() if not is_distinguished(found)]
    simple = [model for model in against if by_model[model].kind != "external"]
    better = [
        model
        for model in simple
        if model not in level and metric.is_better(_value(by_model[model]), _value(best))
    ]
    as_good = [model for model in simple if model in level]
    said = [
        _name_rivals(models, by_model, metric, task_type, than=best.model, is_better=models is better)
        for models in (better, as_good)
        if models
    ]
    said.append(_name_best(best, len(given), metric))
    others = [model for model in against if model not in simple]
    if len(others) == 1:
        said.append(against[others[0]].sentence)
    elif others:
        said.append(
            _name_others(
                [model for model in others if model not in level], [*filter(level.__contains__, others)]
            )
        )
    if simple and not (better or as_good):
        said.append(f"{best.model} beats every simple baseline.")
    return " ".join(said)


def _name_best(best: ModelResult, num_models: int, metric: Metric) -> str:
    among = f", the best value of {num_models} models" if num_models > 1 else ""
    value = f"{in_sentence(metric.title)} {format_value(best.primary)}"
    return f"{best.model} reaches {value} on {best.primary.num_items:,} test items{among}."


def _name_others(beaten: list[str], level: list[str]) -> str:
    claims = [f"beats {join_words(beaten)}"] if beaten else []
    claims += [f"cannot be told apart from {join_words(level)}"] if level else []
    return f"It {' and '.join(claims)}."


def _other(comparison: Comparison, model: str) -> str:
    return comparison.other if comparison.model == model else comparison.model


def _value(result: ModelResult) -> float:
    return result.primary.value or 0.0


def _name_rivals(
    rivals: Sequence[str],
    results: dict[str, ModelResult],
    metric: Metric,
    task_type: str,
    *,
    than: str,
    is_better: bool,
) -> str:
    names = join_words([model_phrase(model, task_type) for model in rivals])
    values = join_words([format_value(results[model].primary) for model in rivals])
    against = results[than].primary
    name = "the tuned model" if than == "tuned" else than
    verb = "is" if len(rivals) == 1 else "are"
    claim = (
        f"{verb} better than {name}"
        if is_better
        else f"cannot be told apart from {name} on {against.num_items:,} items"
    )
    sentence = f"{names} {claim}: {in_sentence(metric.title)} {values} against {format_value(against)}."
    return begin_with(rivals[0], sentence)


def _name_success(
    best: ModelResult, rivals: Sequence[str], metric: Metric, split: str, *, is_complete: bool
) -> str:
    which = "every baseline" if is_complete else "every other model that could be compared"
    beaten = f" and beats {which}" if rivals else ""
    value = f"{in_sentence(metric.title)} {format_value(best.primary)}"
    return f"The tuned model reaches {value} on {best.primary.num_items:,} {split} items{beaten}."


def _strongest(rivals: Sequence[str], against: dict[str, Comparison], metric: Metric) -> str:
    """Return the rival that the tuned model beats by the least: what a reader should compare with."""
    sign = 1 if metric.direction == "higher" else -1
    return min(rivals, key=lambda model: sign * against[model].difference)


def _is_worse(comparison: Comparison, metric: Metric) -> bool:
    return is_distinguished(comparison) and not is_model_better(comparison, metric)
