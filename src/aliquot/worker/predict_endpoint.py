"""Let an endpoint of somebody else answer a run's held-out rows. Needs no torch.

    python -m aliquot.worker.predict_endpoint RUN_DIR --model-dir DIR --cache-dir DIR

stdin:  an ``EndpointJob``; then, at any time, another line or its end asks to stop.
stdout: ``EndpointNews``, one a line: the estimate, each answer, the end.
The key is read from the environment variable that the job names, and written nowhere.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path

from aliquot.core.endpoint import EndpointJob
from aliquot.core.records import decode
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.inference.engines.endpoint import Endpoint
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.endpoint_answers import EndpointPredictor
from aliquot.worker.process import publish, run_program


def main(arguments: list[str]) -> None:
    """Answer what is not answered yet."""
    parser = argparse.ArgumentParser(prog="aliquot.worker.predict_endpoint")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    job = decode(sys.stdin.readline(), EndpointJob, "stdin")
    is_stopping = threading.Event()
    endpoint = Endpoint(job, read_key(job.key_env), sleep=is_stopping.wait)  # who stops does not wait
    threading.Thread(target=wait_for_wish, args=(is_stopping,), daemon=True).start()
    predictor = EndpointPredictor(
        RunDir(options.run_dir), job, endpoint.answer, encoder=Encoder.load(options.model_dir),
        cache_dir=options.cache_dir,
    )  # fmt: skip
    try:
        predictor.predict(tell=publish, is_stopping=is_stopping.is_set)
    finally:
        endpoint.close()


def wait_for_wish(is_stopping: threading.Event) -> None:
    """Wait for another line, or for the end of whoever started this program: nobody reads any more."""
    sys.stdin.readline()
    is_stopping.set()


def read_key(variable: str) -> str:
    """Return the key in an environment variable, empty where there is none.

    Raises:
        InputError: It holds characters that no key has.
    """
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            f"The environment variable {variable} holds characters that no key has.",
            code="key_invalid",
            location=variable,
            hint="Set it again, to the key alone.",
        )
    return key


if __name__ == "__main__":
    run_program(main)
