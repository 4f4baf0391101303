"""What a run continues from: a run, one of its checkpoints, or an adapter folder in PEFT's format.

The weights are copied into the new run, so that it can be resumed and moved without its source.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings
from aliquot.core.dataset import Example
from aliquot.core.model import ModelSource, PreparedModel
from aliquot.core.plan import Choice
from aliquot.core.records import sha256_file, sha256_of
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import StartingPoint
from aliquot.core.weights_file import read_shapes
from aliquot.data.check import CheckedData
from aliquot.errors import InputError
from aliquot.plan.rules.choice import choose, settle
from aliquot.plan.rules.sources import OURS
from aliquot.workflows.find import find_run

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
NEUTRAL = {
    "peft_type": ("LORA",),
    "bias": ("none",),
    "use_dora": (False, None),
    "use_rslora": (False, None),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "modules_to_save": ([], None),
    "layers_to_transform": ([], None),
    "fan_in_fan_out": (False, None),
    "trainable_token_indices": ([], None),
    "target_parameters": ([], None),
}
"""Values of PEFT's options with which an adapter is plain LoRA; any other is refused by name."""

_LAYER = re.compile(r"\.layers\.(\d+)\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A source that was found.

    Attributes:
        point: What the specification of the new run records of it.
        weights: The file of its adapter.
        base: The name of its base model, as ``prepare`` takes it.
        run_dir: The run it belongs to, if it does.
    """

    point: StartingPoint
    weights: Path
    base: str
    run_dir: RunDir | None = None


def find_start(name: str, runs_dir: Path | None) -> Start:
    """Return what a name means: an adapter folder, a checkpoint of a run, or a run.

    Raises:
        InputError: It holds no plain LoRA adapter.
        RunError: There is no such run.
    """
    path = Path(name).expanduser()
    if (path / CONFIG).is_file() and not (path.parent / "spec.json").is_file():
        return _of_folder(path)
    if (path / CONFIG).is_file():  # the folder adapter/ of a run means the run
        return _of_run(RunDir(path.parent.absolute()), path / WEIGHTS, name=path.parent.absolute().name)
    if (path / "manifest.json").is_file():
        run_dir = RunDir(path.absolute().parent.parent)
        return _of_run(run_dir, path / WEIGHTS, name=f"{run_dir.run_id}, {path.name}")
    run_dir = find_run(name, runs_dir, is_trained=True)
    return _of_run(run_dir, run_dir.adapter_dir / WEIGHTS, name=run_dir.run_id)


def _of_run(run_dir: RunDir, weights: Path, *, name: str) -> Start:
    spec = run_dir.read_spec()
    if not spec.training.has_adapter:
        raise InputError(
            f"{name} trained all weights; it has no adapter to continue from.",
            code="start_impossible",
            location="train.start_from",
            hint=f"Give its model as the base instead: --base {run_dir.model_dir}",
        )
    if not weights.is_file():
        raise InputError(
            f"{name} has no adapter yet: it was not trained to its end.",
            code="start_impossible",
            location="train.start_from",
            hint=f"`aliquot resume {run_dir.run_id}` trains it, or give one of its checkpoints.",
        )
    point = StartingPoint(
        name=name,
        sha256=sha256_file(weights),
        base=spec.model.source.name,
        base_files=spec.model.files,
        lora_rank=spec.training.lora_rank,
        lora_alpha=spec.training.lora_alpha,
        target_modules=spec.training.target_modules,
        method=spec.training.method,
    )
    return Start(point=point, weights=weights, base=_name_of(spec.model.source), run_dir=run_dir)


def _of_folder(path: Path) -> Start:
    config = _read_config(path / CONFIG)
    if not (path / WEIGHTS).is_file():
        raise InputError(
            f"{WEIGHTS} is missing.",
            code="start_impossible",
            location=str(path),
            hint="Copy the whole folder; pickled weights (.bin) are never read.",
        )
    odd = [name for name, plain in NEUTRAL.items() if config.get(name, plain[0]) not in plain]
    modules = config.get("target_modules")
    if odd or not isinstance(modules, list):
        found = f"{odd[0]} is {config[odd[0]]!r}" if odd else f"target_modules is {modules!r}"
        raise InputError(
            f"This adapter is not plain LoRA on named layers: {found}.",
            code="start_impossible",
            location=str(path / CONFIG),
            hint="Merge it into its base where it was made, and give the merged folder as --base.",
        )
    base = str(config.get("base_model_name_or_path") or "")
    point = StartingPoint(
        name=path.absolute().name,
        sha256=sha256_file(path / WEIGHTS),
        base=base,
        lora_rank=config["r"],
        lora_alpha=config["lora_alpha"],
        target_modules=tuple(sorted(modules)),
    )
    return Start(point=point, weights=path / WEIGHTS, base=base)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return config | {name: _whole(name, config[name]) for name in ("r", "lora_alpha")}
    except (OSError, ArithmeticError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The adapter's configuration cannot be read: {error!r}.",
            code="start_impossible",
            location=str(path),
            hint="Copy the folder again from where it was made.",
        ) from error


def _whole(name: str, number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int | float) or int(number) != number or number < 1:
        raise ValueError(f"{name} is {number!r}, expected a whole number above 0")
    return int(number)


def _name_of(source: ModelSource) -> str:
    match source.kind:
        case "package":
            return source.name
        case "hub":
            return f"{source.location}@{source.version}" if source.version else source.location
        case _:
            return source.location


def base_of(start: Start | None, given: GivenSettings) -> Choice | None:
    """Return the choice of the base that the start was trained on; None where the rules choose."""
    if start is None or not (start.base or given.find("base")):
        return None
    name, own = start.point.name, start.base or given.find("base")
    reason = f"Training continues from {name}, which was trained on this base."
    return settle(given, choose("base", own, reason=reason, source=OURS))


def require_same_base(start: Start, model: PreparedModel) -> None:
    """Refuse a base other than the one the adapter was trained on.

    Of a run the hashes of the base's files are known; of an adapter folder the shapes must fit.

    Raises:
        InputError: ``start_base_differs``, with both sides.
    """
    point, name = start.point, model.source.name
    for file, expected in point.base_files.items():
        if model.files.get(file) != expected:
            found = (model.files.get(file) or "no such file")[:16]
            raise _other_base(point, name, f"its {file} has SHA-256 {expected[:16]}…, here it is {found}…")
    shapes, a = read_shapes(start.weights), model.architecture
    layers = {int(found[1]) for key in shapes if (found := _LAYER.search(key))}
    if layers and max(layers) >= a.num_layers:
        raise _other_base(point, name, f"it adapts layer {max(layers)}, here there are {a.num_layers}")
    for key, shape in shapes.items():
        if key.endswith("q_proj.lora_A.weight") and shape[1] != a.hidden_size:
            raise _other_base(
                point, name, f"it was made for a hidden size of {shape[1]}, not {a.hidden_size}"
            )


def _other_base(point: StartingPoint, name: str, why: str) -> InputError:
    return InputError(
        f"The adapter of {point.name} was trained on {point.base or 'another base'}, not on this {name}: "
        f"{why}.",
        code="start_base_differs",
        location="train.start_from",
        hint=f"Give --base {point.base}, or start from an adapter of {name}.",
    )


def with_overlap(start: Start, checked: CheckedData) -> Start:
    """Return the start with what its rows and the new ones share, where its rows are known."""
    if start.run_dir is None:
        return start
    rows, earlier = start.run_dir.read_rows, start.run_dir.read_spec().start
    seen = {row.prompt_sha256 for row in itertools.chain(rows("train"), rows("validation"))}
    seen.update(earlier.prompts_seen if earlier else ())
    tested = {row.prompt_sha256 for row in rows("test")}
    ours = {split: [_prompt_hash(row) for row in examples] for split, examples in checked.examples.items()}
    point = replace(
        start.point,
        prompts_seen=tuple(sorted(seen & set(ours.get("test", ())))),
        num_tests_trained=len(tested & set(ours.get("train", ()))),
    )
    return replace(start, point=point)


def _prompt_hash(row: Example) -> str:
    """Return what ``StoredExample.prompt_sha256`` will be."""
    return sha256_of([row.prompt, row.tools] if row.tools else row.prompt)
