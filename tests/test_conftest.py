"""The guards of conftest.py do guard."""

from __future__ import annotations

import json
import os
import socket

import pytest


def test_a_connection_that_leaves_the_machine_is_refused():
    with pytest.raises(PermissionError, match=r"192\.0\.2\.1"), socket.socket() as client:
        client.connect(("192.0.2.1", 80))


def test_a_name_look_up_that_leaves_the_machine_is_refused():
    with pytest.raises(PermissionError, match=r"example\.org"):
        socket.create_connection(("example.org", 80))


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_libraries_run_with_one_thread():
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_the_tiny_model_is_the_same_every_time(tiny_model_dir, tmp_path):
    from tests.tiny_model import save_tiny_model

    save_tiny_model(tmp_path)
    for name in ("config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"):
        assert (tmp_path / name).read_bytes() == (tiny_model_dir / name).read_bytes()


def test_the_tiny_model_has_a_token_for_every_embedding(tiny_model_dir):
    from tokenizers import Tokenizer

    config = json.loads((tiny_model_dir / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(tiny_model_dir / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == config["vocab_size"]
