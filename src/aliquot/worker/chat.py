"""Talk to a model over lines of JSON.

    python -m aliquot.worker.chat --model-dir DIR [--weights-dir DIR] [--4-bit]

stdin:  {"messages": [{"role": …, "content": …}], "max_new_tokens": n}
stdout: {"delta": "…"} as the text grows, then {"done": true, "finish_reason": "stop" | "length"}
Precision and threads are this machine's best: an answer here is for people, not for scoring.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aliquot.core.conversation import Message
from aliquot.core.records import decode
from aliquot.inference.engines.transformers import TransformersEngine
from aliquot.modeling.load import load_base
from aliquot.modeling.trained_weights import load_tuned
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.probe import probe
from aliquot.worker.process import publish, run_program


def main(arguments: list[str]) -> None:
    """Answer until stdin ends."""
    parser = argparse.ArgumentParser(prog="aliquot.worker.chat")
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--weights-dir", type=Path)
    parser.add_argument("--4-bit", dest="is_4_bit", action="store_true")
    options = parser.parse_args(arguments)
    encoder = Encoder.load(options.model_dir)
    device = probe()
    precision = max(device.gflops, key=lambda name: device.gflops[name])
    place: dict[str, Any] = {"precision": precision, "device": device.kind, "is_4_bit": options.is_4_bit}
    model = (
        load_tuned(options.model_dir, options.weights_dir, **place)
        if options.weights_dir
        else load_base(options.model_dir, **place)
    )
    engine = TransformersEngine(model, encoder.model.stop_token_ids)
    for line in sys.stdin:
        _answer(decode(line, Request, "stdin"), encoder, engine)


@dataclass(frozen=True, slots=True)
class Request:
    """What is said, and how long the answer may become."""

    messages: tuple[Message, ...]
    max_new_tokens: int = 256


def _answer(request: Request, encoder: Encoder, engine: TransformersEngine) -> None:
    limit = request.max_new_tokens
    tokens: list[int] = []
    shown = ""
    for token in engine.stream(encoder.encode_prompt(request.messages), limit):
        tokens.append(token)
        text = encoder.decode(tokens)
        # A character may need several tokens; until it is whole it decodes to U+FFFD.
        if text.startswith(shown) and not text.endswith("\ufffd"):
            publish({"delta": text[len(shown) :]})
            shown = text
    publish({"done": True, "finish_reason": "length" if len(tokens) == limit else "stop"})


if __name__ == "__main__":
    run_program(main)
