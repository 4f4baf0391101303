"""A while of coverage-guided fuzzing every night; skipped where atheris is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.nightly
def test_fuzzing_finds_no_crash(tmp_path):
    pytest.importorskip("atheris")
    command = [sys.executable, "-m", "tests.nightly.fuzz_readers", "-max_total_time=240", "-max_len=4096"]
    done = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
