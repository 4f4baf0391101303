import os
import stat
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from aliquot.errors import MachineError
from aliquot.workflows import create
from aliquot.workflows.check import read_settings
from aliquot.workflows.create import create_run, require_writable, run_id
from aliquot.workflows.plan import make_plan

NOW = datetime(2026, 11, 24, 15, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "slug"),
    [
        ("/data/Film Reviews (v2).jsonl", "film-reviews-v2"),
        ("../../etc/passwd", "passwd"),
        ("$(rm -rf).jsonl", "rm-rf"),
        ("分子.jsonl", "run"),
        ("x" * 80 + ".csv", "x" * 32),
    ],
)
def test_a_run_is_named_by_time_and_file_in_harmless_letters(file, slug):
    assert run_id(NOW, file, "a1b2") == f"20261124-153012-{slug}-a1b2"


@pytest.fixture
def planned(data, surround):
    return make_plan(data, read_settings(None, {}), surround())


def test_every_usable_row_is_written_to_its_split(planned, surround, runs_dir):
    run_dir = create_run(planned, None, surround())
    counts = {split: len(run_dir.read_rows(split)) for split in ("train", "validation", "test")}
    assert sum(counts.values()) == 60
    report = run_dir.read_spec().data
    assert counts == {split: report.get_split(split).num_examples for split in counts}


def test_a_crash_while_it_is_made_leaves_nothing(planned, surround, runs_dir, monkeypatch):
    monkeypatch.setattr(create, "build_spec", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        create_run(planned, None, surround())
    assert list(runs_dir.iterdir()) == []


def test_checkpoints_that_would_not_fit_the_disk_are_refused_before_anything_is_made(
    data, surround, runs_dir, monkeypatch
):
    planned = make_plan(data, read_settings(None, {"train.method": "full"}), surround())
    monkeypatch.setattr(create.shutil, "disk_usage", lambda path: SimpleNamespace(free=2_000_000_000))
    with pytest.raises(MachineError, match=r"need up to 7\.0 GB, 2\.0 GB are free") as caught:
        create_run(planned, None, surround())
    assert caught.value.code == "disk_too_small"
    assert not runs_dir.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(MachineError) as caught:
        require_writable(tmp_path / "runs")
    assert caught.value.code == "not_writable"


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path):
    require_writable(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_the_first_training_row_is_kept_as_the_model_sees_it(planned, surround):
    run_dir = create_run(planned, None, surround())
    view = run_dir.find_token_view()
    assert view.example_id == run_dir.read_rows("train")[0].example_id
    assert (view.split, view.base) == ("train", planned.base.name)
    assert view.num_trained_tokens > 0


def test_of_a_long_row_the_middle_is_not_kept(planned, surround, monkeypatch):
    monkeypatch.setattr(create, "MAX_KEPT_TOKENS", 10)
    (sequence,) = create_run(planned, None, surround()).find_token_view().sequences
    assert len(sequence.tokens) == 10
    assert sequence.num_left_out == sequence.num_tokens - 10
