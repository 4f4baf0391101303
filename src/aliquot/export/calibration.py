"""Whether models are right as often as they are sure: which are shown, and the finding in words."""

from __future__ import annotations

from aliquot.core.result import EvaluationReport, ModelResult, Reliability
from aliquot.export.figures.reliability_diagram import MAX_PANELS, Panel
from aliquot.export.wording import fixed, heading, interval_text

KINDS = ("tuned", "base", "external")
"""Simple baselines are left out of the figure; scores/report.json has their bins."""


def list_panels(report: EvaluationReport) -> tuple[Panel, ...]:
    """Return the language models of a reliability diagram, the tuned one first; empty without probabilities.

    A model held to its labels has the probabilities of the model itself and is not drawn twice.
    """
    results = sorted(
        (result for result in report.results if result.kind in KINDS),
        key=lambda result: KINDS.index(result.kind),
    )
    found = {each.model: each for each in report.reliability}
    panels: list[Panel] = []
    for result in results:
        reliability = found.get(result.model)
        if reliability and reliability.bins and not _is_drawn(reliability, panels):
            title = heading(result)
            panels.append(Panel(title=title, reliability=reliability, is_tuned=result.kind == "tuned"))
    return tuple(panels[:MAX_PANELS])


def calibration_sentence(result: ModelResult, reliability: Reliability) -> str:
    """Return how sure a model is, how often it is right, and how far apart that is, in plain words.

    Over- and under-confidence is said only where the mean confidence lies outside the interval of the
    share of right answers; without an interval the difference is told without a verdict.
    """
    num_items = sum(each.num_items for each in reliability.bins)
    sure = sum(each.mean_confidence * each.num_items for each in reliability.bins) / num_items
    right = sum(each.accuracy * each.num_items for each in reliability.bins) / num_items
    metrics = {value.metric: value for value in result.metrics}
    accuracy, error = metrics.get("accuracy_from_probabilities"), metrics.get("expected_calibration_error")
    interval = accuracy.interval if accuracy else None
    ends = f" {interval_text(interval, 2)}" if interval else ""
    sentence = f"{heading(result)} is on average {_percent(sure)} sure of its likeliest label, which "
    sentence += f"is right for {_percent(right)} of the items{ends}: "
    if interval is None:
        sentence += f"{_points(sure, right)} apart"
    elif interval.low <= sure <= interval.high:
        sentence += "on the whole as sure as it is right"
    else:
        sentence += f"{'over' if sure > right else 'under'}confident by {_points(sure, right)}"
    if error and error.value is not None:
        sentence += f". Within bins they differ by {fixed(error.value, 2)} on average (calibration error)"
    return sentence + "."


def _is_drawn(reliability: Reliability, panels: list[Panel]) -> bool:
    return any(panel.reliability.bins == reliability.bins for panel in panels)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _points(sure: float, right: float) -> str:
    return f"{abs(sure - right) * 100:.0f} points"
