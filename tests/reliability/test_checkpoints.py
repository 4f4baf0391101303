"""J3 and J4: a damaged checkpoint is never used, and rotation never removes one that is needed."""

import contextlib
import random
import shutil

import pytest

from aliquot.core.run import RunState
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.load import load_base
from aliquot.training.checkpoint import (
    CheckpointStore,
    TrainingState,
    _read_manifest,
    find_damage,
    list_unneeded,
)
from aliquot.training.optimizer import build_optimizer
from aliquot.workflows.resume import resume
from aliquot.workflows.surroundings import Surroundings
from tests.fixtures.forked_worker import die_at, outcome_of, work_in_child
from tests.fixtures.tiny_run import make_tiny_run
from tests.fixtures.training import training_spec

pytestmark = pytest.mark.reliability

FILES = ("adapter_model.safetensors", "optimizer.safetensors", "manifest.json")
HARMS = {
    "truncated": lambda data: data[: len(data) // 2],
    "bit flipped at the start": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "bit flipped in the middle": lambda data: _flip(data, len(data) // 2),
    "bit flipped at the end": lambda data: _flip(data, len(data) - 3),
    "zeroed": lambda data: b"\0" * len(data),
    "emptied": lambda data: b"",
    "deleted": lambda data: None,
}
CHANGES = {"num_steps": 12, "checkpoint_interval_steps": 3, "validation_interval_steps": 5}
KILLED = die_at("torch.optim:AdamW.step", 11)


def _flip(data, place):
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]


def harm(path, name):
    data = HARMS[name](path.read_bytes())
    path.unlink() if data is None else path.write_bytes(data)


@pytest.fixture(scope="module")
def parts(prepared_dir):
    spec = training_spec()
    model = add_adapter(load_base(prepared_dir, precision="float32", device="cpu"), spec)
    return model, build_optimizer(model, spec)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", HARMS)
def test_j3_every_harm_to_every_file_is_detected(parts, tmp_path, file, name):
    store = CheckpointStore(tmp_path, 2)
    store.save(*parts, TrainingState(step=3))
    newest = store.save(*parts, TrainingState(step=6, best_loss=0.5, best_step=3))
    assert find_damage(newest) is None
    harm(newest / file, name)
    assert find_damage(newest)
    state, damaged = store.restore(*parts)
    assert state.step == 3
    assert "step-000006" in damaged[0]


def test_j3_every_single_bit_of_a_manifest_counts(parts, tmp_path):
    state = TrainingState(step=3, best_loss=0.25, best_step=3)
    path = CheckpointStore(tmp_path, 2).save(*parts, state)
    manifest = path / "manifest.json"
    data = manifest.read_bytes()
    for place in range(len(data)):
        manifest.write_bytes(_flip(data, place))
        if find_damage(path) is None:
            # What is left says the same: another blank, or the name of a field that is at its default.
            assert _read_manifest(path).state == state


@pytest.fixture(scope="module")
def whole(prepared_dir, tmp_path_factory):
    run_dir = make_tiny_run(tmp_path_factory.mktemp("whole") / "run", prepared_dir, **CHANGES)
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0
    return outcome_of(run_dir)


@pytest.mark.parametrize("file", FILES)
def test_j3_training_goes_on_from_the_one_before_and_says_so(tmp_path, prepared_dir, whole, file):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **CHANGES)
    assert work_in_child(run_dir, prepared_dir, KILLED, stages="train") < 0
    harm(max(run_dir.checkpoints_dir.glob("step-*")) / file, "truncated")
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0
    assert outcome_of(run_dir) == whole
    warnings = [event.data["code"] for event in run_dir.read_events() if event.kind == "warning"]
    assert warnings == ["checkpoint_damaged"]


def test_j3_without_a_good_checkpoint_only_the_users_word_starts_over(tmp_path, prepared_dir, whole):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **CHANGES)
    assert work_in_child(run_dir, prepared_dir, KILLED, stages="train") < 0
    for path in run_dir.checkpoints_dir.glob("step-*"):
        harm(path / "manifest.json", "zeroed")
    assert work_in_child(run_dir, prepared_dir, stages="train") == 1
    assert run_dir.state() is RunState.FAILED
    failed = run_dir.read_events()[-1].data
    assert failed["code"] == "checkpoints_damaged"
    assert "--from-start" in failed["hint"]
    (run_dir.requests_dir).mkdir(exist_ok=True)
    (run_dir.requests_dir / "from_start").touch()
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0
    assert outcome_of(run_dir) == whole
    assert "started_over" in [e.data["code"] for e in run_dir.read_events() if e.kind == "warning"]


def test_j3_resume_from_start_leaves_the_wish_for_the_worker(tmp_path, prepared_dir, monkeypatch):
    from tests.fixtures.scripted import ScriptedTarget, finishes

    monkeypatch.setattr("aliquot.workflows.follow.get_model_dir", lambda run_dir: prepared_dir)
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    found = []

    def looks(run_dir, argv):
        found.append((run_dir.requests_dir / "from_start").exists())
        yield from finishes(run_dir, argv)

    within = Surroundings(target=ScriptedTarget(looks), sleep=lambda _: None)
    resume(run_dir.path, from_start=True, within=within)
    assert found == [True]


class Rotation:
    """A folder of checkpoints with which anything may happen between two saves; contents do not matter."""

    def __init__(self, folder, draw):
        self.folder, self.draw = folder, draw
        self.num_kept = draw.choice([1, 1, 2, 3])
        self.store = CheckpointStore(folder, self.num_kept)
        self.state = TrainingState(step=draw.choice([0, 3, 9_890, 99_990, 999_990]))
        self.good: set[int] = set()

    def save(self):
        """Write the next checkpoint as the store does, and be killed while old ones are removed, at times."""
        step = self.state.step + self.draw.randint(1, 7)
        best = step if self.draw.random() < 0.4 else self.state.best_step
        if self.draw.random() < 0.05:
            best = max(1, step - 1_000)  # a best that is long gone
        self.state = TrainingState(step=step, best_step=best)
        (self.folder / f"step-{step:06d}").mkdir(exist_ok=True)
        self.good.add(step)
        self.had = self.there()
        if self.draw.random() < 0.1:
            self._die_while_removing()
        else:
            self.store._rotate(self.state)

    def damage(self):
        """Spoil the newest checkpoint, if training can go on from an older one."""
        whole = sorted(self.good & self.there())
        if len(whole) > 1:
            self.good.discard(whole[-1])
            best = self.state.best_step if (self.state.best_step or 0) <= whole[-2] else None
            self.state = TrainingState(step=whole[-2], best_step=best)

    def there(self):
        return {int(path.name.removeprefix("step-")) for path in self.folder.glob("step-*")}

    def _die_while_removing(self):
        removals = iter(range(self.draw.randint(0, 2)))

        class Killed(Exception):
            pass

        def remove(path, **_):
            if next(removals, None) is None:
                raise Killed
            shutil.rmtree(path)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("aliquot.training.checkpoint.shutil.rmtree", remove)
            with contextlib.suppress(Killed):
                self.store._rotate(self.state)

    def check(self):
        there = self.there()
        assert self.state.step in there, "the last is gone"
        assert self.good & there, "the only good one is gone"
        best = self.state.best_step
        assert best not in self.had or best in there, "the best is gone"

    def run(self, length):
        for _ in range(length):
            self.save()
            self.check()
            if self.draw.random() < 0.15:
                self.damage()


@pytest.mark.timeout(600)
def test_j4_rotation_never_removes_the_best_the_last_or_the_only_good_one(tmp_path, monkeypatch):
    real = shutil.rmtree
    for number in range(10_000):
        folder = tmp_path / "checkpoints"
        folder.mkdir()
        Rotation(folder, random.Random(number)).run(length=6)
        real(folder)


def test_j4_would_notice_a_rotation_by_name(tmp_path, monkeypatch):
    """Negative control: sorted as texts, the ten-thousandth step goes before the one it follows."""

    def by_name(steps, state, num_kept):
        return [step for step in sorted(steps, key=str) if step != state.best_step][
            : len(steps) - num_kept - 1
        ]

    monkeypatch.setattr("aliquot.training.checkpoint.list_unneeded", by_name)
    with pytest.raises((AssertionError, FileNotFoundError)):
        for number in range(100):
            folder = tmp_path / str(number)
            folder.mkdir()
            Rotation(folder, random.Random(number)).run(length=6)


def test_j4_at_the_border_to_five_digits_with_one_kept():
    state = TrainingState(step=10_000, best_step=9_900)
    assert list_unneeded([9_900, 9_950, 9_999, 10_000], state, 1) == [9_950]
    assert list_unneeded([9_950, 10_000, 10_050], state, 1) == [10_050]
