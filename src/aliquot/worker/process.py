"""The edge of a worker process: results on stdout, one JSON error line on stderr, an honest exit code."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from aliquot.core.records import encode
from aliquot.errors import AliquotError


def run_program(main: Callable[[list[str]], None]) -> None:
    """Run ``main(arguments)`` and end the process as the control plane expects."""
    # Models and tokenizers come from the prepared cache only; nothing may reach out while a run goes on.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        main(sys.argv[1:])
    except AliquotError as error:
        _fail(error.as_dict(), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the edge of the process: anything else is our own fault
        traceback.print_exc()
        fault = {
            "code": "worker_fault",
            "message": f"{type(error).__name__}: {error}",
            "location": "",
            "hint": "This is a fault of Aliquot, not of your data; please report it with the log.",
        }
        _fail(fault, 1)


def publish(record: Any) -> None:
    """Write one record as a line on stdout, for the process that started this one."""
    sys.stdout.buffer.write(encode(record) + b"\n")
    sys.stdout.buffer.flush()


def _fail(error: dict[str, str], exit_code: int) -> None:
    sys.stderr.write(json.dumps(error) + "\n")
    sys.stderr.flush()
    sys.exit(exit_code)
