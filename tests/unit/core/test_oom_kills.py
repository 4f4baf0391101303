import pytest

from aliquot.core.oom_kills import find_oom_counter


@pytest.fixture
def machine(tmp_path):
    """Return a function that writes files of a machine."""

    def write(**files):
        for name, text in {"proc/sys/kernel/random/boot_id": "boot-1\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("group", "counter", "limit"),
    [
        ("0::/job\n", "sys/fs/cgroup/job/memory.events", "sys/fs/cgroup/job/memory.max"),
        (
            "4:memory:/job\n0::/\n",
            "sys/fs/cgroup/memory/job/memory.oom_control",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes",
        ),
        ("4:cpu,memory:/outside\n", "sys/fs/cgroup/memory/memory.oom_control", "sys/fs/cgroup/memory/none"),
    ],
)
def test_the_counter_of_the_own_group_is_found(machine, group, counter, limit):
    root = machine(**{"proc/self/cgroup": group, counter: "low 0\noom_kill 2\n", limit: "700000000\n"})
    found = find_oom_counter(root)
    assert found.path == str(root / counter)
    assert found.num_kills == 2
    assert found.limit_bytes == (None if limit.endswith("none") else 700_000_000)
    assert not found.has_risen(root)
    (root / counter).write_text("oom_kill 3\n")
    assert found.has_risen(root)


def test_another_start_of_the_machine_proves_nothing(machine):
    root = machine(**{"proc/self/cgroup": "", "proc/vmstat": "oom_kill 0\n"})
    found = find_oom_counter(root)
    machine(**{"proc/sys/kernel/random/boot_id": "boot-2\n", "proc/vmstat": "oom_kill 5\n"})
    assert not found.has_risen(root)


def test_no_limit_is_none_and_no_counter_is_none(machine):
    root = machine(**{"proc/self/cgroup": "0::/\n"})
    assert find_oom_counter(root) is None
    machine(**{"sys/fs/cgroup/memory.events": "oom_kill 0\n", "sys/fs/cgroup/memory.max": "max\n"})
    assert find_oom_counter(root).limit_bytes is None
