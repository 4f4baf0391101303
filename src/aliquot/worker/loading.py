"""The models of a run by their names: the base, the tuned model, a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aliquot.core.checkpoint_name import find_step
from aliquot.core.records import sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec


def load_model(
    name: str, run_dir: RunDir, spec: Spec, model_dir: Path, *, device: str, precision: str
) -> Any:
    """Load a model of a run for answering.

    Args:
        name: ``tuned``, a checkpoint (``step-000120``); any other name is the base in some setting.
        run_dir: The run.
        spec: Its specification.
        model_dir: The prepared base model.
        device: ``cpu``, ``cuda`` or ``mps``.
        precision: ``bfloat16`` or ``float32``.

    Raises:
        ModelError: The weights are not there or do not fit.
        RunError: The checkpoint is damaged.
    """
    from aliquot.modeling.load import load_base
    from aliquot.modeling.trained_weights import load_tuned
    from aliquot.training.checkpoint import load_checkpoint

    place: dict[str, Any] = {"precision": precision, "device": device, "is_4_bit": spec.training.is_4_bit}
    if name == "tuned":
        return load_tuned(model_dir, run_dir.find_weights_dir() or run_dir.adapter_dir, **place)
    base = load_base(model_dir, **place)
    if find_step(name) is None:
        return base
    return load_checkpoint(base, spec.training, run_dir.checkpoints_dir / name)


def describe_model(
    name: str, run_dir: RunDir, spec: Spec, *, device: str = "", precision: str = ""
) -> dict[str, str]:
    """Return what determines a model's answers beside the prompts, as text by name.

    Args:
        name: As of `load_model`.
        run_dir: The run.
        spec: Its specification.
        device: Where it answers; the run's device when not given.
        precision: Of its weights there; the run's when not given.
    """
    training, prediction = spec.training, spec.prediction
    files = {
        "adapter_sha256": run_dir.adapter_dir / "adapter_model.safetensors",
        "model_sha256": run_dir.model_dir / "model.safetensors",
    }
    if find_step(name) is not None:
        files = {"checkpoint_sha256": run_dir.checkpoints_dir / name / "manifest.json"}
    is_trained = name == "tuned" or find_step(name) is not None
    hashes = {key: sha256_file(path) for key, path in files.items() if is_trained and path.is_file()}
    return {
        "base": spec.model.source.name,
        "base_revision": spec.model.revision,
        **hashes,
        "precision": precision or training.precision,
        "is_4_bit": str(training.is_4_bit).lower(),
        "device": device or training.device,
        "temperature": "0",
        "max_new_tokens": str(prediction.max_new_tokens),
        "batch_size": str(prediction.batch_size),
    }
