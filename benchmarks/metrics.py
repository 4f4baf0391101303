"""How long scoring takes: every metric with its interval, for one model and 100,000 answers.

Random answers to closed labels (five, with probabilities), to numbers, and 10,000 texts; 10,000 resamples,
of which metrics that rank items see 1,000 at this size. Measured is the CPU time of one process with one
thread, the best of three; about a minute:  .venv/bin/python benchmarks/metrics.py
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import argparse
import platform
import time
from collections.abc import Callable, Sequence

import numpy as np

from aliquot.evaluation.answers import Answers
from aliquot.evaluation.measure import measure
from aliquot.evaluation.metric import Metric, list_metrics
from aliquot.evaluation.resampling import Resampling, Sums

LABELS = ("H", "L", "M", "VH", "VL")
NUM_RESAMPLES = 10_000
REPEATS = 3


def make_labels(num_items: int) -> Answers:
    """Return answers to closed labels, right about two times in three, with probabilities."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, len(LABELS), size=num_items)
    logits = rng.normal(size=(num_items, len(LABELS)))
    logits[np.arange(num_items), truth] += 1.5
    table = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    references, outputs = (tuple(LABELS[k] for k in index) for index in (truth, table.argmax(axis=1)))
    return _make(references, outputs, labels=LABELS, probabilities=table)


def make_numbers(num_items: int) -> Answers:
    """Return numbers with an error, written with three decimals."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=num_items)
    given = truth + rng.normal(scale=0.5, size=num_items)
    references, outputs = (tuple(f"{value:.3f}" for value in values) for values in (truth, given))
    errors = np.abs(np.array(outputs, dtype=float) - np.array(references, dtype=float))
    return _make(references, outputs, normalised=errors, tolerance=0.1)


def make_texts(num_items: int) -> Answers:
    """Return short texts, four in five of them right."""
    rng = np.random.default_rng(0)
    references = tuple(f"compound {number}" for number in range(num_items))
    outputs = tuple(
        r if right else "none" for r, right in zip(references, rng.random(num_items) < 0.8, strict=True)
    )
    return _make(references, outputs)


def _make(
    references: tuple[str, ...],
    outputs: tuple[str, ...],
    *,
    labels: tuple[str, ...] = (),
    probabilities: np.ndarray | None = None,
    normalised: np.ndarray | None = None,
    tolerance: float | None = None,
) -> Answers:
    is_right = np.array([r == o for r, o in zip(references, outputs, strict=True)], dtype=float)
    return Answers(
        labels=labels,
        references=references,
        outputs=outputs,
        expected=references,
        parsed=outputs,
        accepted=tuple((reference,) for reference in references),
        also_expected=((),) * len(references),
        raw_N=is_right,
        normalised_N=is_right if normalised is None else normalised,
        probabilities_NK=probabilities,
        train_median_N=np.zeros(len(references)),
        tolerance=tolerance,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    num_items = parser.parse_args().items
    print(f"{platform.processor() or platform.machine()}, one thread, numpy {np.__version__}\n")
    print(f"{'answers':<10} {'items':>8} {'metrics':<24} {'resamples':>9} {'best s':>8} {'worst s':>8}")
    _show("labels", make_labels(num_items), list_metrics("labels"))
    _show("numbers", make_numbers(num_items), list_metrics("number"))
    _show("texts", make_texts(num_items // 10), list_metrics("text"))


def _show(name: str, answers: Answers, metrics: Sequence[Metric]) -> None:
    metrics = [metric for metric in metrics if metric.unlabelled != "corrected"]  # as in a report
    resampling = Resampling(unit_N=np.arange(len(answers)), num_resamples=NUM_RESAMPLES, seed=0)
    of_sums = [metric for metric in metrics if isinstance(metric.bind(answers), Sums)]
    ranked = [metric for metric in metrics if metric not in of_sums]
    for kind, chosen, drawn in (
        ("sums", of_sums, NUM_RESAMPLES),
        ("ranks", ranked, resampling.num_counted),
    ):
        if chosen:
            times = _time(lambda chosen=chosen: measure({"tuned": answers}, chosen, resampling, 0.95))
            row = f"{name:<10} {len(answers):>8,} {f'{len(chosen)} of {kind}':<24} {drawn:>9,}"
            print(f"{row} {min(times):>8.2f} {max(times):>8.2f}")


def _time(work: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return times


if __name__ == "__main__":
    main()
