import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.load import load_base
from aliquot.training.checkpoint import CheckpointStore, TrainingState, find_damage
from aliquot.training.optimizer import build_optimizer
from tests.fixtures.training import training_spec


@pytest.fixture(scope="module")
def parts(prepared_dir):
    spec = training_spec()
    model = add_adapter(load_base(prepared_dir, precision="float32", device="cpu"), spec)
    return model, build_optimizer(model, spec)


def test_nothing_saved_means_start_from_nothing(parts, tmp_path):
    assert CheckpointStore(tmp_path, 1).restore(*parts) == (TrainingState(), [])


@pytest.mark.parametrize("harm", ["truncate", "flip", "delete", "empty", "manifest"])
def test_every_kind_of_damage_is_named(parts, tmp_path, harm):
    path = CheckpointStore(tmp_path, 1).save(*parts, TrainingState(step=3))
    assert find_damage(path) is None
    victim = path / ("manifest.json" if harm == "manifest" else "adapter_model.safetensors")
    data = victim.read_bytes()
    if harm == "delete":
        victim.unlink()
    else:
        broken = {"truncate": data[:-9], "flip": b"\xff" + data[1:], "empty": b"", "manifest": b"{}"}
        victim.write_bytes(broken[harm])
    assert find_damage(path)


def test_nothing_half_written_is_ever_seen(parts, tmp_path, monkeypatch):
    from aliquot.training import checkpoint

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(Exception, match="No space left"):
        CheckpointStore(tmp_path, 1).save(*parts, TrainingState(step=3))
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 3))
def test_rotation_keeps_the_best_and_the_last(tmp_path_factory, improvements, num_kept):
    folder = tmp_path_factory.mktemp("rotation")
    store = CheckpointStore(folder, num_kept)
    best = None
    for step, is_better in enumerate(improvements, start=9_998):  # across the border to five digits
        best = step if is_better else best
        (folder / f"step-{step:06d}").mkdir()
        store._rotate(TrainingState(step=step, best_step=best))
        left = {path.name for path in folder.iterdir()}
        assert f"step-{step:06d}" in left
        assert best is None or f"step-{best:06d}" in left
        assert len(left) <= num_kept + 2


def test_moments_come_back_bit_for_bit(parts, tmp_path):
    model, optimizer = parts
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    before = {k: {n: v.clone() for n, v in s.items()} for k, s in optimizer.state.items()}
    store = CheckpointStore(tmp_path, 1)
    store.save(model, optimizer, TrainingState(step=1))
    optimizer.state.clear()
    store.restore(model, optimizer)
    for parameter, state in before.items():
        assert all(torch.equal(value, optimizer.state[parameter][name]) for name, value in state.items())
