"""What holds for every test: no network but loopback, one thread, repeatable random cases, own caches.

Also the tiny model: a real architecture and a real tokenizer with random weights, made without a download.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.tiny_model import save_tiny_model

REPOSITORY = Path(__file__).resolve().parent.parent

# Before a test imports numpy or torch: sums in one order, and no fight over the cores.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

settings.register_profile("default", deadline=None, max_examples=60, derandomize=True)
settings.register_profile(
    "nightly", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long bytes by their argument: packed ones hold the time, and two test processes must agree."""
    return argname if isinstance(val, bytes) and len(val) > 8 else None


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the test session its own cache, and child processes this working tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALIQUOT_HOME", str(tmp_path_factory.mktemp("aliquot-home")))
        patch.delenv("ALIQUOT_RUNS", raising=False)
        patch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Refuse every connection and name look-up that leaves this machine."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _require_loopback(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _require_loopback(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        _require_loopback((host,))
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(scope="session")
def tiny_model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as a hub would give it: a two-layer Llama with random weights and a ChatML tokenizer.

    Read it only; a test that changes files copies the folder first.
    """
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def prepared_dir(tiny_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as the preparing worker leaves it in the cache. Read only."""
    from aliquot.core.model import ModelSource
    from aliquot.worker.prepare_model import prepare
    from aliquot.worker.source import fetch_source

    models_dir = tmp_path_factory.mktemp("cache")
    source = ModelSource(name="tiny", kind="folder", location=str(tiny_model_dir))
    return models_dir / prepare(fetch_source(source, models_dir), source, models_dir).key


def _require_loopback(address: Any) -> None:
    if isinstance(address, (str, bytes)):  # a Unix socket
        return
    host = address[0]
    if host in (None, "", "localhost"):
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise PermissionError(f"A test tried to reach {host!r}; tests may reach this machine only.")
