import os
import subprocess
import sys

from aliquot.core.files import write_file


def test_what_a_killed_program_left_goes_and_what_one_at_work_writes_stays(tmp_path):
    program = [sys.executable, "-c", "import os; print(os.getpid())"]
    killed = subprocess.run(program, capture_output=True, check=True)
    left = tmp_path / f".rows.jsonl.{int(killed.stdout)}.part"
    at_work = tmp_path / f".rows.jsonl.{os.getppid()}.part"
    other = tmp_path / ".rows.jsonl.backup.part"
    for path in (left, at_work, other):
        path.write_text("half")
    write_file(tmp_path / "rows.jsonl", b"whole")
    assert not left.exists()
    assert at_work.exists() and other.exists()
