"""How long does the command line take to answer? The wall time of whole processes, 9 runs each.

    python benchmarks/startup.py

Aims: `aliquot --help` under 0.3 s; `aliquot check` on 1,000 rows under 1.5 s once the base model is prepared.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NUM_RUNS = 9
BASE = "smollm2-135m-instruct"
PROGRAM = [sys.executable, "-m", "aliquot"]


def main() -> None:
    """Prepare the model if needed, then time each command."""
    subprocess.run([*PROGRAM, "models", "fetch", BASE], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = write_rows(Path(folder) / "rows.jsonl", 1000)
        commands = {
            "aliquot --help": ["--help"],
            "aliquot runs list": ["runs", "list", "--runs-dir", folder],
            "aliquot check, 1,000 rows": ["check", str(rows), "--base", BASE],
        }
        print("| command | median s | fastest | slowest |\n|---|---|---|---|")
        for name, arguments in commands.items():
            times = [wall_s([*PROGRAM, *arguments]) for _ in range(NUM_RUNS)]
            print(f"| {name} | {statistics.median(times):.2f} | {min(times):.2f} | {max(times):.2f} |")


def write_rows(path: Path, count: int) -> Path:
    """Write chat rows of about 60 tokens."""
    with path.open("w", encoding="utf-8") as file:
        for index in range(count):
            text = f"Sample {index}: " + " ".join(f"word{(index * 7 + place) % 500}" for place in range(15))
            turns = [
                ("system", "Say high or low."),
                ("user", text),
                ("assistant", ("low", "high")[index % 2]),
            ]
            messages = [{"role": role, "content": content} for role, content in turns]
            file.write(json.dumps({"messages": messages}) + "\n")
    return path


def wall_s(command: list[str]) -> float:
    """Return the seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
