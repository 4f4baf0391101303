"""Data sets of the Hugging Face Hub: the files of one commit, fetched once into the cache."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aliquot.config.places import cache_dir
from aliquot.core.files import new_folder, translate_os_errors
from aliquot.errors import AliquotError, InputError, MachineError

_ID = re.compile(r"(hub:)?([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?(?:#([\w./-]+))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubName:
    """What a person calls a data set of the Hub: ``hub:owner/name@revision#folder``.

    Attributes:
        revision: Branch, tag or commit; empty for the newest.
        part: A folder or a file in it; empty for all.
    """

    repository: str
    revision: str = ""
    part: str = ""

    def at(self, commit: str) -> str:
        """Return the name at a commit."""
        return f"hub:{self.repository}@{commit}" + (f"#{self.part}" if self.part else "")


def find_hub_name(text: str) -> HubName | None:
    """Return the data set that a text names, None when it names a file or folder of this machine.

    Without ``hub:`` it names one only when there is neither such a path nor a folder of its first part.
    """
    match = _ID.fullmatch(text)
    if match is None:
        return None
    path = Path(text)
    is_local = path.exists() or path.parent.is_dir() or text.startswith(".")
    if not match[1] and (is_local or path.suffix.lower() in _FILE_SUFFIXES):
        return None
    return HubName(match[2], match[3] or "", match[4] or "")


_FILE_SUFFIXES = frozenset((".jsonl", ".json", ".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".gz", ".zst"))


def fetch_hub(name: HubName, choose: Callable[[Sequence[str]], Sequence[str]]) -> tuple[Path, str]:
    """Return the folder with the files of a data set, and its commit; fetches it when it is not here.

    Args:
        name: The data set.
        choose: Returns which of its files to fetch.

    Raises:
        InputError: There is no such data set or revision, it is gated, or ``choose`` refuses its files.
        MachineError: The Hub cannot be reached, or the disk is full.
    """
    if _COMMIT.fullmatch(name.revision):
        folder = _folder_of(name, name.revision)
        if folder.is_dir():
            return folder, name.revision
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        info = HfApi(endpoint=endpoint).dataset_info(name.repository, revision=name.revision or None)
        files = list(choose([file.rfilename for file in info.siblings or []]))
        commit = str(info.sha)
        folder = _folder_of(name, commit)
        if not folder.is_dir():
            with translate_os_errors(folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
            with new_folder(folder) as temporary:
                snapshot_download(
                    name.repository,
                    repo_type="dataset",
                    revision=commit,
                    local_dir=temporary,
                    allow_patterns=files,
                    endpoint=endpoint,
                )
    except (HfHubHTTPError, HTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise _explain(name, error) from error
    return folder, commit


def _folder_of(name: HubName, commit: str) -> Path:
    part = "#" + name.part.replace("/", "--") if name.part else ""
    return cache_dir() / "data" / f"{name.repository.replace('/', '--')}@{commit}{part}"


def _explain(name: HubName, error: Exception) -> AliquotError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    where = f"hub:{name.repository}"
    if isinstance(error, GatedRepoError):
        return InputError(
            f"{name.repository} is gated: its owner wants you to accept the conditions first.",
            code="dataset_gated",
            location=where,
            hint="Accept them on its page on the Hub, create a read token and set it as HF_TOKEN.",
        )
    if isinstance(error, RevisionNotFoundError):
        return InputError(
            f"{name.repository} has no revision {name.revision!r}.",
            code="revision_not_found",
            location=where,
            hint="Give a branch, a tag or a 40-digit commit after the @.",
        )
    if isinstance(error, RepositoryNotFoundError):
        return InputError(
            f"The Hub has no data set called {name.repository!r}, or it is private; no path is called so.",
            code="dataset_not_found",
            location=where,
            hint="Check the path, or the spelling of owner/name; a private data set needs HF_TOKEN.",
        )
    lines = str(error).strip().splitlines()
    return MachineError(
        f"The Hub could not be reached for {name.repository}: {lines[-1] if lines else type(error).__name__}",
        code="hub_unreachable",
        location=where,
        hint="Check the network, or download the file and name it.",
    )
