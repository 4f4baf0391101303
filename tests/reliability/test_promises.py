"""The table of promises and the suite name the same numbers."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.reliability

REPOSITORY = Path(__file__).resolve().parents[2]
PROMISES = REPOSITORY / "docs" / "reference" / "promises.md"


def test_every_promise_has_a_test_and_every_test_a_promise():
    promised = set(re.findall(r"^\| (J\d+) \|", PROMISES.read_text(encoding="utf-8"), re.MULTILINE))
    sources = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    tested = {name.upper() for text in sources for name in re.findall(r"def test_(j\d+)_", text)}
    assert promised == tested
    assert {f"J{number}" for number in (1, 2, 3, 4, 7, 9, 10, 11, 12, 13, 14, 15)} <= promised
