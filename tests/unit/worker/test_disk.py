import pytest

from aliquot.worker.disk import OTHER_BYTES, needed_bytes
from tests.fixtures.tiny_run import make_tiny_run


@pytest.mark.parametrize("weights", ["adapter_dir", "model_dir"])
def test_once_weights_are_published_no_room_for_checkpoints_is_needed(tmp_path, prepared_dir, weights):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    spec = run_dir.read_spec()
    assert needed_bytes(run_dir, spec) > OTHER_BYTES
    getattr(run_dir, weights).mkdir()
    assert needed_bytes(run_dir, spec) == OTHER_BYTES
