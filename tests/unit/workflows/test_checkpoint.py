import pytest

from aliquot.errors import RunError
from aliquot.workflows.checkpoint import checkpoint
from tests.fixtures.scripted import Journal, finishes, ignores_wishes


def saves_when_asked(run_dir, argv):
    journal = Journal(run_dir)
    journal.write("state", state="running")
    for step in range(1, 100):
        journal.write_step(step)
        yield
        wish = run_dir.requests_dir / "checkpoint"
        if wish.exists():
            wish.unlink()
            journal.write("checkpoint", step=step, path=f"step-{step:06d}")


def test_it_waits_until_the_worker_has_saved(fixture_run, surround):
    within = surround(saves_when_asked)
    within.target.start(fixture_run, [])
    saved = checkpoint(fixture_run.run_id, within=within)
    assert saved.path == str(fixture_run.checkpoints_dir / f"step-{saved.step:06d}")
    assert within.target.is_alive(fixture_run)


def test_a_run_without_a_worker_is_refused(fixture_run, surround):
    with pytest.raises(RunError) as caught:
        checkpoint(fixture_run.run_id, within=surround(ignores_wishes))
    assert caught.value.code == "not_training"


def test_a_run_that_ends_meanwhile_is_told_and_no_wish_is_left(fixture_run, surround):
    within = surround(finishes)
    within.target.start(fixture_run, [])
    with pytest.raises(RunError) as caught:
        checkpoint(fixture_run.run_id, within=within)
    assert caught.value.code == "not_training"
    assert not (fixture_run.requests_dir / "checkpoint").exists()


def test_once_all_weights_are_published_nothing_is_waited_for(fixture_run, surround, clock):
    within = surround(ignores_wishes)
    within.target.start(fixture_run, [])
    fixture_run.model_dir.mkdir()
    with pytest.raises(RunError, match="not training now"):
        checkpoint(fixture_run.run_id, within=within)
    assert clock.num_waits == 0
