"""How long does it take to check a file of rows, and how much memory? Whole processes, one run each.

    python benchmarks/data_check.py [--peers PYTHON] [--axolotl PYTHON --base FOLDER --axolotl-rows 100000]
        [--sizes 10000 100000 1000000]

Aliquot reads, validates and hashes every row, finds exact duplicates, overlaps and contradictions, splits,
and writes rows/<split>.jsonl. Beside it, if the interpreter named by --peers has them: `datasets` loads the
same file into Arrow (no check at all), and TRL's own look at a data set: `is_conversational` on
every row. Axolotl, whose pins want an environment of their own (--axolotl), checks rows as it tokenizes
them: that is more work than a check alone, so read it beside ours with care; --base names a prepared model,
and larger files than --axolotl-rows are left out for it (–). Aims: a million rows of about 250 bytes in 20 s
and 1 GB on two cores; cost grows linearly. CPU seconds and memory are those of all processes of a program
together; memory is looked at twenty times a second, and what processes share counts in each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil

ALIQUOT = """
import sys
from pathlib import Path
from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS
from aliquot.data.check import check_data

checked = check_data(Path(sys.argv[1]), DataSettings())
for split in SPLITS:
    with open(Path(sys.argv[2]) / f"{split}.jsonl", "wb") as file:
        file.writelines(checked.table.stored_lines(split))
print(checked.report.num_examples)
"""
DATASETS = """
import sys
from datasets import load_dataset

print(len(load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])))
"""
TRL = """
import sys
from datasets import load_dataset
from trl.data_utils import is_conversational

rows = load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
print(sum(is_conversational(row) for row in rows))
"""
AXOLOTL = """
import json, sys
from pathlib import Path
from axolotl.cli.config import load_cfg
from axolotl.common.datasets import load_datasets

data, folder, base = sys.argv[1:]
config = Path(folder) / "axolotl.yml"  # JSON is YAML
config.write_text(json.dumps({
    "base_model": base,
    "datasets": [{"path": data, "ds_type": "json", "type": "chat_template"}],
    "chat_template": "tokenizer_default",
    "dataset_prepared_path": f"{folder}/prepared",
    "dataset_num_proc": 1,
    "sequence_len": 2048,
    "micro_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "num_epochs": 1,
    "learning_rate": 1e-4,
    "optimizer": "adamw_torch",
    "adapter": "lora",
    "lora_r": 8,
    "lora_alpha": 16,
    "lora_target_linear": True,
    "output_dir": f"{folder}/out",
}))
print(len(load_datasets(cfg=load_cfg(str(config), is_preprocess=True)).train_dataset))
"""
LOOK_S = 0.05
OFFLINE = {"AXOLOTL_DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "AXOLOTL_IS_PREPROCESS": "1"}


def main() -> None:
    """Write files of each size and time every program on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", help="a Python in which datasets and trl are installed")
    parser.add_argument("--axolotl", help="a Python in which axolotl is installed")
    parser.add_argument("--base", help="folder of a model with tokenizer and chat template, for axolotl")
    parser.add_argument("--axolotl-rows", type=int, default=100_000, help="largest file given to axolotl")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    if options.axolotl and not options.base:
        parser.error("--axolotl tokenizes: name a model with --base")
    programs = {"aliquot": (sys.executable, ALIQUOT)}
    if options.peers:
        programs |= {"datasets": (options.peers, DATASETS), "datasets + trl": (options.peers, TRL)}
    if options.axolotl:
        programs["axolotl preprocess"] = (options.axolotl, AXOLOTL)
    print("| rows | MB | program | s | CPU s | us a row | peak MB |\n|---|---|---|---|---|---|---|")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows = write_rows(Path(folder) / "rows.jsonl", size)
            megabytes = rows.stat().st_size / 1e6
            for name, (python, program) in programs.items():
                more = [options.base] if program is AXOLOTL else []
                figures = "– | – | – | –"
                if program is not AXOLOTL or size <= options.axolotl_rows:
                    figures = measure([python, "-c", program, str(rows), folder, *more], size).as_cells(size)
                print(f"| {size:,} | {megabytes:.0f} | {name} | {figures} |", flush=True)


def write_rows(path: Path, count: int) -> Path:
    """Write chat rows with a system prompt, fourteen random words and one of three labels."""
    random_ = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(random_.choices(letters, k=random_.randint(3, 9))) for _ in range(5000)]
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            turns = [
                ("system", "Answer with one word: low, medium or high."),
                ("user", " ".join(random_.choices(words, k=14))),
                ("assistant", random_.choice(("low", "medium", "high"))),
            ]
            messages = [{"role": role, "content": content} for role, content in turns]
            file.write(json.dumps({"messages": messages}) + "\n")
    return path


class Cost(NamedTuple):
    """What a program took, all of its processes together."""

    wall_s: float
    cpu_s: float
    peak_bytes: int

    def as_cells(self, num_rows: int) -> str:
        """Return the cells of the table."""
        per_row = f"{1e6 * self.wall_s / num_rows:.1f}"
        return f"{self.wall_s:.1f} | {self.cpu_s:.1f} | {per_row} | {self.peak_bytes / 1e6:.0f}"


def measure(command: list[str], expected: int) -> Cost:
    """Return what a command takes; it prints its rows."""
    start = time.perf_counter()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **streams, env=os.environ | OFFLINE) as process:
        memory = MemoryWatch(process.pid)
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)  # with the processes that it waited for
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peak_bytes = memory.finish()
    if status or int(output.split()[-1]) != expected:
        raise SystemExit(f"{command[0]} failed or counted {output!r} rows instead of {expected}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, peak_bytes)


class MemoryWatch(threading.Thread):
    """Looks at the resident memory of a process and of all that it started."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._first = psutil.Process(pid)
        self._is_over = threading.Event()
        self._peak_bytes = 0
        self.start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._is_over.wait(LOOK_S):
            self._peak_bytes = max(self._peak_bytes, self._look())

    def finish(self) -> int:
        """Stop, and return the highest sum seen, in bytes."""
        self._is_over.set()
        self.join()
        return self._peak_bytes

    def _look(self) -> int:
        total = 0
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            for process in [self._first, *self._first.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total


if __name__ == "__main__":
    main()
