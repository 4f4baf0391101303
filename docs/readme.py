"""Is what the README shows true? Runs its commands and compares their output with what stands there.

    python -m docs.readme           compare; exit code 1 and a message for every block that differs
    python -m docs.readme --write   write the present output into the README

Run it in the repository after `make demo`, whose data and run it looks at. A console block with one
``$ command`` and output is compared; a line ``…`` in the output stands for lines left out. Run names and
times are not compared; figures may differ by what another kind of processor makes of the same run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"```console\n\$ (?P<command>aliquot [^\n]+)\n(?P<output>(?!```).+?)```", re.DOTALL)
RUN_NAME = re.compile(r"\d{8}-\d{6}-[a-z0-9-]+")
TIME = re.compile(r"\b(about |under )?(a|\d[\d.,]*) ?(s|min|minute|minutes|h|tokens/s)\b")
NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?")
ELISION = "…"
SHARE, WHOLE = 0.1, 8
"""Most that a figure with decimals, and one without (points, items), may differ."""


@dataclass(frozen=True, slots=True)
class Block:
    """One command of the README with the output that stands below it."""

    command: str
    output: str


def main() -> None:
    """Compare, or write."""
    text = README.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        README.write_text(BLOCK.sub(_renewed, text), encoding="utf-8")
        return
    faults = [fault for match in BLOCK.finditer(text) if (fault := find_fault(_block(match)))]
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    sys.exit(1 if faults else 0)


def find_fault(block: Block) -> str | None:
    """Return what is not true about a block, or None."""
    found = run(block.command).splitlines()
    start = 0
    for piece in re.split(rf"^{ELISION}\n", block.output, flags=re.MULTILINE):
        lines = piece.splitlines()
        places = range(start, len(found) - len(lines) + 1)
        place = next((p for p in places if all(map(is_same, lines, found[p:]))), None)
        if place is None:
            printed = "\n".join(found)
            return f"$ {block.command}\nREADME says:\n{piece}\nbut this is printed:\n{printed}"
        start = place + len(lines)
    return None


def is_same(expected: str, found: str) -> bool:
    """Return whether two lines say the same, up to run names, times and small differences of figures."""
    first, second = (re.sub(r"\s+", " ", _masked(line)).strip() for line in (expected, found))
    if NUMBER.sub("#", first) != NUMBER.sub("#", second):
        return False
    pairs = zip(NUMBER.findall(first), NUMBER.findall(second), strict=True)
    return all(is_close(one, other) for one, other in pairs)


def is_close(one: str, other: str) -> bool:
    """Return whether two figures may belong to the same run on two kinds of processor; counts must agree."""
    if "." not in one:
        return abs(_value(one) - _value(other)) <= WHOLE
    return abs(_value(one) - _value(other)) <= SHARE


def run(command: str) -> str:
    """Return what a command prints on a terminal of 96 columns."""
    environment = {**os.environ, "COLUMNS": "96", "NO_COLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, env=environment, cwd=README.parent
    )
    return done.stdout if done.returncode == 0 else done.stdout + done.stderr


def _masked(line: str) -> str:
    return TIME.sub("TIME", RUN_NAME.sub("RUN", line))


def _value(figure: str) -> float:
    return float(figure.replace(",", "").replace("−", "-"))


def _block(match: re.Match[str]) -> Block:
    return Block(match["command"], match["output"])


def _renewed(match: re.Match[str]) -> str:
    """Return a block with today's output; one with lines left out is kept by hand."""
    if f"{ELISION}\n" in match["output"]:
        return match[0]
    return f"```console\n$ {match['command']}\n{_without_trailing_space(run(match['command']))}```"


def _without_trailing_space(output: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


if __name__ == "__main__":
    main()
