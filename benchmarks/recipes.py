"""Do published recipes beat our rules? Trains each on the same rows and compares them by a paired test.

    python benchmarks/recipes.py [FILE ...] [--recipes NAME ...] [--seeds 0 1 2] [--out FOLDER]

Without files: the film reviews and the solubility classes of ``examples/``. One table a data set, one row a
recipe and seed: updates made, seconds of training, the primary metric with its interval, the negative
log-likelihood where there is one, and the paired test against our rules with the same seed. Runs that are
finished in --out are not repeated, so the program can be stopped and started again. With all recipes it takes
hours on two cores: crystal-text-llm alone makes ten updates a row. Nothing else should be running.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import aliquot
from aliquot.core.result import MetricValue
from aliquot.core.run import RunState, find_state, list_steps
from aliquot.core.run_dir import RunDir
from aliquot.errors import AliquotError
from aliquot.plan.recipe import list_recipes
from aliquot.plan.recipe_table import OUR_NAME
from aliquot.workflows.follow import RunResult

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
BASE = "smollm2-135m-instruct"
HEADINGS = ("recipe", "seed", "updates", "training s", "primary metric", "NLL", "minus our rules", "p")


def main() -> None:
    """Run what is not finished yet, and print one table a data set."""
    options = read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"{BASE}, {os.cpu_count()} cores, {platform.platform()}, aliquot {aliquot.__version__}")
    for data in options.files or [make_example(name, options.out) for name in ("film_reviews", "solubility")]:
        print(f"\n{data.name}\n\n| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
        for seed in options.seeds:
            ours = None
            for name in [OUR_NAME, *options.recipes]:
                run_dir = finish(data, name, seed, options)
                ours = ours or run_dir
                print(describe(run_dir, name, seed, ours), flush=True)


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    names = [recipe.name for recipe in list_recipes()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--recipes", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, default=Path("benchmark-recipes"))
    parser.add_argument("--max-steps", type=int, help="end each run there, to try the program")
    return parser.parse_args()


def make_example(name: str, out: Path) -> Path:
    """Return the data of an example, made once."""
    data = out / f"{name}.jsonl"
    if not data.exists():
        subprocess.run([sys.executable, EXAMPLES / f"{name}.py", "--out", data], check=True)
    return data


def finish(data: Path, name: str, seed: int, options: argparse.Namespace) -> RunDir:
    """Return a finished run of a recipe: one of an earlier start, or a new one.

    An unfinished run of an earlier start is gone on with where its last checkpoint is.
    """
    folder = options.out / "runs" / data.stem / f"{name.replace(' ', '-')}-seed{seed}"
    if options.max_steps:
        folder = folder.with_name(f"{folder.name}-{options.max_steps}steps")
    earlier = sorted(path for path in folder.glob("*") if (path / "spec.json").exists())
    if earlier and find_state(RunDir(earlier[-1]).read_events()) is RunState.FINISHED:
        return RunDir(earlier[-1])
    if earlier:
        try:
            return RunDir(Path(aliquot.resume(str(earlier[-1])).path))
        except AliquotError as error:
            print(f"{earlier[-1].name} cannot be resumed ({error.message}); made anew", file=sys.stderr)
    settings: dict[str, Any] = {"base": BASE, "seed": seed, "predict.models": ["tuned"]}
    settings |= {"recipe": name} if name != OUR_NAME else {}
    settings |= {"max_steps": options.max_steps} if options.max_steps else {}
    result = aliquot.run(data, runs_dir=folder, **settings)
    assert isinstance(result, RunResult), "one base, no seeds"
    return RunDir(Path(result.path))


def describe(run_dir: RunDir, name: str, seed: int, ours: RunDir) -> str:
    """Return one row of the table."""
    report = run_dir.find_report()
    assert report is not None
    tuned = report.get_result("tuned")
    assert tuned is not None
    updates = len(list_steps(run_dir.read_events()))
    nll = next((one for one in tuned.metrics if one.metric == "negative_log_likelihood"), None)
    cells = [name, str(seed), f"{updates:,}", f"{training_s(run_dir):.0f}"]
    cells += [value_text(tuned.primary), value_text(nll), *against(run_dir, ours)]
    return f"| {' | '.join(cells)} |"


def against(run_dir: RunDir, ours: RunDir) -> tuple[str, str]:
    """Return the difference from our rules on the same test rows, and the p-value of the paired test."""
    if run_dir.path == ours.path:
        return "", ""
    found = aliquot.compare([str(run_dir.path), str(ours.path)])
    (pair,) = found.report.comparisons
    sign = 1 if pair.model == found.models[0].name else -1
    return f"{sign * pair.difference:+.3f}", f"{pair.p_value:.2g}"


def value_text(value: MetricValue | None) -> str:
    """Return a metric with its interval."""
    if value is None or value.value is None:
        return "–"
    ends = f" [{value.interval.low:.3f}, {value.interval.high:.3f}]" if value.interval else ""
    return f"{value.value:.3f}{ends}"


def training_s(run_dir: RunDir) -> float:
    """Return the seconds from the first to the last step, validations included."""
    events = [event for event in run_dir.read_events() if event.kind in ("resumed", "step", "validation")]
    first, last = (datetime.fromisoformat(event.at) for event in (events[0], events[-1]))
    return (last - first).total_seconds()


if __name__ == "__main__":
    main()
