"""A base model: where it comes from, and the prepared folder that every part reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SourceKind = Literal["package", "hub", "folder", "gguf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Where a base model comes from.

    Attributes:
        name: Short name used in tables and run directories.
        kind: ``package`` (a file inside a published Python package), ``hub`` (Hugging Face repository),
            ``folder`` (local safetensors folder) or ``gguf`` (local GGUF file).
        location: Package name, repository id, or absolute path.
        filename: File inside the package, where the kind needs one.
        version: Version of the package, or the requested revision of the repository.
        sha256: Expected hash of the file, where it is pinned.
    """

    name: str
    kind: SourceKind
    location: str
    filename: str = ""
    version: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes that planning needs, read from ``config.json``."""

    model_type: str
    hidden_size: int
    num_layers: int
    num_heads: int
    num_key_value_heads: int
    head_size: int
    intermediate_size: int
    vocab_size: int
    context_window: int
    num_parameters: int
    ties_embeddings: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedModel:
    """A folder with config, tokenizer.json, chat template and safetensors; ``aliquot.json`` inside it.

    Attributes:
        key: Name of the folder in the cache; derived from the source's hashes.
        revision: Resolved revision: a 40-digit commit, a package version, or a file hash.
        files: SHA-256 by file name.
        stop_token_ids: Tokens that end an assistant turn.
        notes: What a user should know, for example that weights were de-quantised.
    """

    schema_version: int
    key: str
    source: ModelSource
    revision: str
    architecture: Architecture
    files: dict[str, str]
    template_sha256: str
    stop_token_ids: tuple[int, ...]
    bos_token_id: int | None = None
    pad_token_id: int | None = None
    licence: str = ""
    source_stamp: str = ""
    """Sizes and times of a local source's files, to notice that it changed; empty for published ones."""
    notes: tuple[str, ...] = field(default_factory=tuple)
