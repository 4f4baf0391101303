"""How long does it take to check a file of rows, and how much memory? Whole processes, one run each.

    python benchmarks/data_check.py [--peers PYTHON] [--axolotl PYTHON --base FOLDER] [--sizes 10000 1000000]

Aliquot reads, validates and hashes every row, finds exact duplicates, overlaps and contradictions, splits,
and writes rows/<split>.jsonl. Beside it, if the interpreter named by --peers has them: `datasets` loads the
same file into Arrow (no check at all), and TRL's own look at a data set: `is_conversational` on
every row. Axolotl, whose pins want an environment of their own (--axolotl), checks rows as it tokenizes
them: that is more work than a check alone, so read it beside ours with care; --base names a prepared model.
Aims: a million rows of about 250 bytes in 20 s and 1 GB on two cores; cost grows linearly. Memory is that of
the largest process of a program; ours is one process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
OFFLINE = {"AXOLOTL_DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "AXOLOTL_IS_PREPROCESS": "1"}


def main() -> None:
    """Write files of each size and time every program on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", help="a Python in which datasets and trl are installed")
    parser.add_argument("--axolotl", help="a Python in which axolotl is installed")
    parser.add_argument("--base", help="folder of a model with tokenizer and chat template, for axolotl")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    if options.axolotl and not options.base:
        parser.error("--axolotl tokenizes: name a model with --base")
    programs = {"aliquot": (sys.executable, ALIQUOT)}
    if options.peers:
        programs |= {"datasets": (options.peers, DATASETS), "datasets + trl": (options.peers, TRL)}
    if options.axolotl:
        programs["axolotl preprocess"] = (options.axolotl, AXOLOTL)
    print("| rows | MB | program | s | us a row | peak MB |\n|---|---|---|---|---|---|")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows = write_rows(Path(folder) / "rows.jsonl", size)
            megabytes = rows.stat().st_size / 1e6
            for name, (python, program) in programs.items():
                more = [options.base] if program is AXOLOTL else []
                seconds, peak = measure([python, "-c", program, str(rows), folder, *more], size)
                figures = f"{seconds:.1f} | {1e6 * seconds / size:.1f} | {peak:.0f}"
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


def measure(command: list[str], expected: int) -> tuple[float, float]:
    """Return the seconds that a command takes and its largest memory in megabytes; it prints its rows."""
    start = time.perf_counter()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **streams, env=os.environ | OFFLINE) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = wait(process)
    if status or int(output.split()[-1]) != expected:
        raise SystemExit(f"{command[0]} failed or counted {output!r} rows instead of {expected}")
    unit = 1e6 if sys.platform == "darwin" else 1e3  # kilobytes on Linux
    return time.perf_counter() - start, usage.ru_maxrss / unit


def wait(process: subprocess.Popen[str]) -> tuple[int, int, resource.struct_rusage]:
    """Wait for one process and return what it used."""
    pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return pid, process.returncode, usage


if __name__ == "__main__":
    main()
