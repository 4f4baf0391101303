"""Do the example tasks hold up? Runs each for three seeds and sets the tuned model beside every baseline.

    python benchmarks/examples_by_seed.py [--seeds 0 1 2] [--tasks film_reviews solubility] [--out FOLDER]

One row a seed: accuracy on the held-out rows, and the largest Holm-adjusted p-value of the tuned model
against the models it has to beat. About six minutes a run on two cores. Nothing else should be running.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import aliquot
from aliquot.core.run_dir import RunDir
from aliquot.workflows.follow import RunResult

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SETTINGS: dict[str, dict[str, Any]] = {
    # As in `make demo`.
    "film_reviews": {"num_epochs": 1, "batch_size": 16},
    "solubility": {"num_epochs": 3, "batch_size": 16},
}
MODELS = ("tuned", "linear", "nearest_neighbour", "majority", "base_few_shot", "base_held", "base")


def main() -> None:
    """Make the data, run every task for every seed, print one table a task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--tasks", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="aliquot-bench-"))
    for task in options.tasks:
        data = out / f"{task}.jsonl"
        subprocess.run([sys.executable, EXAMPLES / f"{task}.py", "--out", data], check=True)
        print(f"\n{task}: {SETTINGS[task]}\n")
        print("| seed | training s | " + " | ".join(MODELS) + " | worst p (Holm) | not beaten |")
        print("|---" * (len(MODELS) + 4) + "|")
        for seed in options.seeds:
            settings: dict[str, Any] = {"base": "smollm2-135m-instruct", "seed": seed, **SETTINGS[task]}
            result = aliquot.run(data, runs_dir=out, **settings)
            assert isinstance(result, RunResult), "one base, no seeds"
            print(describe(RunDir(Path(result.path)), seed), flush=True)


def describe(run_dir: RunDir, seed: int) -> str:
    """Return one row of the table."""
    report = run_dir.find_report()
    assert report is not None
    values = []
    for model in MODELS:
        result = report.get_result(model)
        values.append("–" if result is None else f"{result.primary.value:.3f}")
    against = [pair for pair in report.comparisons if pair.model == "tuned"]
    beaten = [pair for pair in against if pair.p_value_holm < 0.05 and pair.difference > 0]
    rest = ", ".join(pair.other for pair in against if pair not in beaten) or "–"
    worst = max(pair.p_value_holm for pair in against)
    return f"| {seed} | {training_s(run_dir):.0f} | {' | '.join(values)} | {worst:.1e} | {rest} |"


def training_s(run_dir: RunDir) -> float:
    """Return the seconds from the first to the last step, validations included."""
    from datetime import datetime

    steps = [event for event in run_dir.read_events() if event.kind in ("resumed", "step", "validation")]
    first, last = (datetime.fromisoformat(event.at) for event in (steps[0], steps[-1]))
    return (last - first).total_seconds()


if __name__ == "__main__":
    main()
