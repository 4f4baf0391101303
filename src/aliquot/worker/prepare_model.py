"""Turn any source of a base model into one folder in the cache.

    python -m aliquot.worker.prepare_model SOURCE_JSON MODELS_DIR

SOURCE_JSON is a ``core.model.ModelSource``. The folder holds config.json, tokenizer.json,
chat_template.jinja, safetensors and ``aliquot.json`` (the ``PreparedModel``, printed at the end). It is
published by one rename: an interrupted preparation leaves nothing.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from aliquot.core.conversation import Message
from aliquot.core.files import new_folder, translate_os_errors
from aliquot.core.model import Architecture, ModelSource, PreparedModel
from aliquot.core.model_cache import stamp_of
from aliquot.core.records import decode, encode_pretty, sha256_file, sha256_of
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.errors import ModelError
from aliquot.modeling.conversion import convert_gguf, copy_folder, write_template_file
from aliquot.tokenization.template import ChatTemplate
from aliquot.worker.process import publish, run_program
from aliquot.worker.source import LocalFiles, fetch_source

_GGUF_NOTE = "Weights were de-quantised from GGUF, so answers are a little below those of the original."


def main(arguments: list[str]) -> None:
    """Prepare one model and print its record."""
    source = decode(arguments[0], ModelSource, "the model source")
    models_dir = Path(arguments[1])
    with translate_os_errors(models_dir):
        models_dir.mkdir(parents=True, exist_ok=True)
        work_dir = Path(tempfile.mkdtemp(prefix=".fetch-", dir=models_dir))
    try:
        publish(prepare(fetch_source(source, work_dir), source, models_dir))
    finally:
        shutil.rmtree(work_dir, ignore_errors=True)


def prepare(files: LocalFiles, source: ModelSource, models_dir: Path) -> PreparedModel:
    """Write the prepared folder of local files and return its record."""
    slug = re.sub(r"[^a-z0-9.-]+", "-", source.name.lower()).strip("-.")
    key = f"{slug}-{sha256_of([source.kind, files.revision, source.sha256])[:12]}"
    target = models_dir / key
    if target.exists():
        shutil.rmtree(target)
    with new_folder(target) as folder:
        if files.is_gguf:
            convert_gguf(files.path, folder)
        else:
            copy_folder(files.path, folder, may_link=source.kind == "hub")
        write_template_file(folder)
        model = _describe(folder, key, source, files)
        (folder / "aliquot.json").write_bytes(encode_pretty(model))
    return model


def _describe(folder: Path, key: str, source: ModelSource, files: LocalFiles) -> PreparedModel:
    config = _read_json(folder / "config.json")
    tokenizer = _read_json(folder / "tokenizer_config.json")
    template = ChatTemplate.load(folder)
    resolved = replace(source, version=files.revision) if source.kind == "hub" else source
    stop_ids = _stop_token_ids(folder, config, tokenizer, template)
    return PreparedModel(
        schema_version=SCHEMA_VERSION,
        key=key,
        source=resolved,
        revision=files.revision,
        architecture=_architecture(folder, config),
        files={path.name: sha256_file(path) for path in sorted(folder.iterdir()) if path.is_file()},
        template_sha256=sha256_of(template.source),
        stop_token_ids=stop_ids,
        bos_token_id=_first(config.get("bos_token_id")),
        pad_token_id=_first(config.get("pad_token_id")),
        source_stamp=stamp_of(source),
        notes=(_GGUF_NOTE,) if files.is_gguf else (),
    )


def _architecture(folder: Path, config: dict[str, Any]) -> Architecture:
    text = config.get("text_config") or config
    num_heads = text["num_attention_heads"]
    return Architecture(
        model_type=config["model_type"],
        hidden_size=text["hidden_size"],
        num_layers=text["num_hidden_layers"],
        num_heads=num_heads,
        num_key_value_heads=text.get("num_key_value_heads") or num_heads,
        head_size=text.get("head_dim") or text["hidden_size"] // num_heads,
        intermediate_size=text.get("intermediate_size") or 4 * text["hidden_size"],
        vocab_size=text["vocab_size"],
        context_window=text["max_position_embeddings"],
        num_parameters=sum(_count_parameters(path) for path in folder.glob("*.safetensors")),
        ties_embeddings=bool(text.get("tie_word_embeddings", False)),
    )


def _count_parameters(path: Path) -> int:
    """Count the numbers in a safetensors file from its header, without reading the weights.

    Raises:
        ModelError: The header does not fit the file (``corrupt_file``).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, 100_000_000):
            raise ModelError(
                f"The header says {length} bytes, the file has {size}; the file is damaged.",
                code="corrupt_file",
                location=str(path),
                hint="Fetch the model again.",
            )
        header = json.loads(file.read(length))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            count = 1
            for dimension in tensor["shape"]:
                count *= dimension
            total += count
    return total


def _stop_token_ids(
    folder: Path, config: dict[str, Any], tokenizer: dict[str, Any], template: ChatTemplate
) -> tuple[int, ...]:
    """Collect every token that ends a turn: those declared, and the one that the template prints."""
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json"))
    generation = _read_json(folder / "generation_config.json")
    ids = {*_as_list(generation.get("eos_token_id")), *_as_list(config.get("eos_token_id"))}
    declared = tokenizer.get("eos_token")
    if declared:
        text = declared["content"] if isinstance(declared, dict) else declared
        ids |= {index for index in [vocabulary.token_to_id(text)] if index is not None}
    whole = template.render((Message("user", "x"), Message("assistant", "y")), add_generation_prompt=False)
    after = vocabulary.encode(whole[whole.rindex("y") + 1 :], add_special_tokens=False).ids
    special = {index for index, token in vocabulary.get_added_tokens_decoder().items() if token.special}
    if after and after[0] in special:
        ids.add(after[0])
    return tuple(sorted(ids))


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _as_list(value: int | list[int] | None) -> list[int]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _first(value: int | list[int] | None) -> int | None:
    return next(iter(_as_list(value)), None)


if __name__ == "__main__":
    run_program(main)
