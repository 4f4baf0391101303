"""Was a process killed because memory ran out? The kernel counts such kills, per control group and in all.

A worker notes the counter when it begins; whoever finds it gone reads the counter again. Linux only:
elsewhere nothing is counted and nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

UNLIMITED_BYTES = 2**60
"""Version 1 of control groups writes a number near 2**63 for no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OomCounter:
    """A counter at one moment.

    Attributes:
        path: The file with the line ``oom_kill N``.
        boot_id: The start of the machine that it belongs to.
        num_kills: Kills so far.
        limit_bytes: Memory that the control group may use, None without a limit.
    """

    path: str
    boot_id: str
    num_kills: int
    limit_bytes: int | None = None

    def has_risen(self, root: Path = Path("/")) -> bool:
        """Whether there were kills since, on this same machine."""
        now = _count(Path(self.path))
        return self.boot_id == _boot_id(root) and now is not None and now > self.num_kills


def find_oom_counter(root: Path = Path("/")) -> OomCounter | None:
    """Return the counter of this process's control group, or else of the whole machine; None without any.

    Args:
        root: Where ``proc`` and ``sys`` are, for tests.
    """
    for path in [*_group_files(root), root / "proc/vmstat"]:
        num_kills = _count(path)
        if num_kills is not None:
            limit = _limit(path.parent)
            return OomCounter(path=str(path), boot_id=_boot_id(root), num_kills=num_kills, limit_bytes=limit)
    return None


def _group_files(root: Path) -> list[Path]:
    """Return where the counter of the control group may be: version 1, version 2, and inside a container."""
    groups = root / "sys/fs/cgroup"
    found: list[Path] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if "memory" in controllers.split(","):
            memory = groups / "memory"
            found += [memory / group.lstrip("/") / "memory.oom_control", memory / "memory.oom_control"]
        elif not controllers:
            found += [groups / group.lstrip("/") / "memory.events", groups / "memory.events"]
    return found


def _count(path: Path) -> int | None:
    words = (line.split() for line in _read(path).splitlines())
    return next((int(pair[1]) for pair in words if len(pair) == 2 and pair[0] == "oom_kill"), None)


def _limit(folder: Path) -> int | None:
    texts = (_read(folder / name).strip() for name in ("memory.max", "memory.limit_in_bytes"))
    limits = [int(text) for text in texts if text.isdigit()]
    return next((limit for limit in limits if limit < UNLIMITED_BYTES), None)


def _boot_id(root: Path) -> str:
    return _read(root / "proc/sys/kernel/random/boot_id").strip()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
