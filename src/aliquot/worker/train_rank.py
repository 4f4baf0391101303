"""One further process of a run that trains on several devices; started by the worker of the run.

    python -m aliquot.worker.train_rank RUN_DIR --model-dir DIR --meeting-point FILE --rank N

It computes its share of every step and writes nothing. It ends with the process that started it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from aliquot.core.run_dir import RunDir
from aliquot.errors import Interrupted
from aliquot.worker.peers import follow_first
from aliquot.worker.process import run_program
from aliquot.worker.run import RunWork
from aliquot.worker.train import train_stage


class SilentJournal:
    """A journal without a file: what there is to tell, the first process tells."""

    def write(self, kind: str, **data: Any) -> None:
        """Tell nobody."""

    def find_wish(self) -> str | None:
        """Find none: the first process passes on the wishes it finds."""

    def take_wish(self, name: str) -> bool:
        """Find none."""
        return False


def main(arguments: list[str]) -> None:
    """Take part in the training of one run."""
    options = _parse(arguments)
    # The first process answers a SIGTERM to all with a checkpoint, and then tells the others to leave.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_leave_with_first, daemon=True).start()
    run_dir = RunDir(options.run_dir)
    spec = run_dir.read_spec()
    journal = SilentJournal()
    work = RunWork(run_dir, spec, options.model_dir, journal)
    with follow_first(options.meeting_point, spec.training, rank=options.rank) as group:
        try:
            base = work.load_to_train()
            train_stage(run_dir, spec, work.encoder, base=base, journal=journal, group=group)
        except Interrupted:
            return


def _leave_with_first() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aliquot.worker.train_rank")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--meeting-point", type=Path, required=True)
    parser.add_argument("--rank", type=int, required=True)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_program(main)
