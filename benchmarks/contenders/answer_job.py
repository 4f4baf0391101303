"""What every contender of ../answering.py does around its own work: read the job, look at the clock, print.

Standard library only, so that it runs in the environment of any peer.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

Work = Callable[[], list[Any]]


def run(make_work: Callable[[dict[str, Any]], Work]) -> None:
    """Do a job and print one JSON line: seconds, own CPU seconds, peak memory, and what came out.

    Args:
        make_work: Job → what is timed. Loading, and one batch to warm up, belong before it.
    """
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    work = make_work(job)
    started = (time.perf_counter(), time.process_time())
    found = work()
    wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print("\n" + json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "peak_bytes": peak, "found": found}))


def batches(items: list[Any], size: int) -> list[list[Any]]:
    """Cut a list into batches."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def until_stop(token_ids: list[int], stops: list[int]) -> list[int]:
    """Return generated ids up to the first stop token."""
    return token_ids[: next((place for place, token in enumerate(token_ids) if token in stops), None)]
