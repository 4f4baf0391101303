"""The processes that train one run on several devices of this machine.

The worker of the run is process 0. It starts the others for the training stage and ends them with it; they
meet through a file in the run directory and talk over this machine's own network address only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from aliquot.core.run_dir import RunDir
from aliquot.core.spec import TrainingSpec
from aliquot.errors import AliquotError, MachineError
from aliquot.training.process_group import ALONE, ProcessGroup, join, take_device

POLL_S = 0.05
END_S = 15.0
"""How long a process may take to leave by itself once training has ended."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process beside this one, and the file with what it printed."""

    rank: int
    process: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def gather(run_dir: RunDir, spec: TrainingSpec, model_dir: Path) -> Iterator[ProcessGroup]:
    """Start the other processes of a run and meet them; a run on one device stays alone.

    Raises:
        MachineError: One of them ended early (``process_lost``), with its rank and its log.
    """
    if spec.num_devices == 1:
        yield ALONE
        return
    _stay_on_this_machine()
    with _meeting_folder(run_dir) as folder:
        meeting_point = folder / "store"
        peers = [_start(run_dir, model_dir, meeting_point, rank=rank) for rank in range(1, spec.num_devices)]
        try:
            take_device(spec, 0)
            _wait_until_ready(peers, meeting_point)
            with join(meeting_point, spec, rank=0) as group:
                yield group
        except AliquotError:
            raise
        except RuntimeError as error:  # torch's word for a process that does not answer
            raise _blame(peers) or error from error
        finally:
            for peer in peers:
                _end(peer)


@contextlib.contextmanager
def _meeting_folder(run_dir: RunDir) -> Iterator[Path]:
    """Yield an empty folder of the run; what a killed worker left in it is gone."""
    folder = run_dir.path / ".processes"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def follow_first(
    meeting_point: Path, spec: TrainingSpec, *, rank: int
) -> contextlib.AbstractContextManager[ProcessGroup]:
    """Meet the first process, from one that it started."""
    _stay_on_this_machine()
    take_device(spec, rank)
    _ready_path(meeting_point, rank).touch()
    return join(meeting_point, spec, rank=rank)


def _wait_until_ready(peers: Sequence[Peer], meeting_point: Path) -> None:
    """Wait until every process is about to join: one that ended before would be waited for in vain.

    Raises:
        MachineError: One ended (``process_lost``).
    """
    while not all(_ready_path(meeting_point, peer.rank).exists() for peer in peers):
        if any(peer.process.poll() is not None for peer in peers):
            raise _blame(peers) or RuntimeError("a process of the run ended by itself before training")
        time.sleep(POLL_S)


def _ready_path(meeting_point: Path, rank: int) -> Path:
    return meeting_point.with_name(f"ready-{rank}")


def _start(run_dir: RunDir, model_dir: Path, meeting_point: Path, *, rank: int) -> Peer:
    log = run_dir.logs_dir / f"process-{rank}.log"
    log.parent.mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-W", "ignore::FutureWarning", "-m", "aliquot.worker.train_rank"),
        *(str(run_dir.path), "--model-dir", str(model_dir)),
        *("--meeting-point", str(meeting_point), "--rank", str(rank)),
    ]
    with log.open("ab") as file:
        # Its standard input closes when this process ends, however it ends: the sign to leave.
        return Peer(rank, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=file), log)


def _end(peer: Peer) -> None:
    try:
        peer.process.wait(END_S)
    except subprocess.TimeoutExpired:
        peer.process.kill()
        peer.process.wait()
    with contextlib.suppress(BrokenPipeError):
        assert peer.process.stdin is not None
        peer.process.stdin.close()


def _blame(peers: Sequence[Peer]) -> MachineError | None:
    """Return the error that names a process which ended, or None when all are there."""
    if all(peer.process.poll() is None for peer in peers):
        with contextlib.suppress(subprocess.TimeoutExpired):
            peers[0].process.wait(END_S)
    ended = [peer for peer in peers if peer.process.poll() not in (None, 0)]
    if not ended:
        return None
    peer = ended[0]
    lines = [line for line in peer.log.read_text(errors="replace").splitlines() if line.strip()]
    return MachineError(
        f"Process {peer.rank + 1} of {len(peers) + 1} ended with exit code {peer.process.returncode} while "
        f"the run trained on {len(peers) + 1} devices. Its last line: {lines[-1] if lines else 'none'}",
        code="process_lost",
        location=str(peer.log),
        hint="`aliquot resume` continues from the last checkpoint; train.num_devices 1 needs no others.",
    )


def _stay_on_this_machine() -> None:
    """Let the processes talk over the loopback address only: others have no business with them."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(one.family == socket.AF_INET and one.address == "127.0.0.1" for one in addresses):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
            os.environ.setdefault("NCCL_SOCKET_IFNAME", name)
