"""The loop on the tiny model: it learns, repeats itself to the bit, resumes to the bit, and refuses NaN."""

import hashlib
import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from aliquot.core.conversation import Message
from aliquot.errors import Interrupted, MachineError, RunError
from aliquot.modeling.load import load_base, set_determinism
from aliquot.modeling.trained_weights import make_trainable, trained_tensors
from aliquot.tokenization.encoder import Encoder
from aliquot.training.checkpoint import CheckpointStore
from aliquot.training.loop import train
from aliquot.training.loss import Packing
from tests.fixtures.journal import ListJournal
from tests.fixtures.training import conversation, encoded_rows, training_spec

TRACE = Path(__file__).with_name("loss_trace.json")


@pytest.fixture
def start(prepared_dir, tmp_path):
    """Return a function that trains in ``folder`` and gives (hash of the weights, journal)."""
    rows = encoded_rows(prepared_dir, 50)

    def run(
        folder="run", *, wishes=None, layout="prefix_tree", max_pack_tokens=1536, held_out=None, **changes
    ):
        spec = training_spec(**changes)
        set_determinism(1, "cpu")
        place = {"precision": "float32", "device": "cpu", "is_4_bit": spec.is_4_bit}
        model = make_trainable(load_base(prepared_dir, **place), spec)
        journal = ListJournal(wishes)
        store = CheckpointStore(tmp_path / folder, spec.num_checkpoints_kept)
        held_out = rows[40:] if held_out is None else held_out
        packing = Packing(layout, max_pack_tokens)
        train(model, rows[:40], held_out, spec, packing=packing, checkpoints=store, journal=journal)
        return digest_of(trained_tensors(model)), journal

    return run


def digest_of(tensors):
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def test_it_learns_what_can_be_learnt(start):
    _, journal = start(num_steps=60, validation_interval_steps=60)
    assert sum(journal.losses[-5:]) / 5 < 0.5 * journal.losses[0]
    assert journal.of("step")[-1]["token_accuracy"] > journal.of("step")[0]["token_accuracy"]


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(start):
    first, second, other = start("a")[0], start("b")[0], start("c", seed=1)[0]
    assert first == second != other


FULL = {"method": "full", "learning_rate": 5e-4}
IN_4_BITS = pytest.param(
    7,
    {"method": "qlora"},
    marks=pytest.mark.skipif(
        find_spec("bitsandbytes") is None, reason="bitsandbytes (the extra qlora) is not installed"
    ),
)


@pytest.mark.parametrize(
    ("step", "method"),
    [*((step, {}) for step in (1, 4, 7, 10, 19)), (1, FULL), (7, FULL), (19, FULL), IN_4_BITS],
)
def test_stopped_and_resumed_equals_never_interrupted(start, step, method):
    whole, journal = start("whole", **method)
    with pytest.raises(Interrupted) as caught:
        start("cut", wishes={step: "stop"}, **method)
    assert caught.value.code == "stopped"
    resumed, rest = start("cut", **method)
    assert resumed == whole
    assert rest.losses == journal.losses[step:]
    assert rest.of("resumed") == [{"from_step": step}]


def test_all_weights_learn_and_the_loss_does_not_depend_on_micro_batches_or_layout(start):
    changes = {**FULL, "num_steps": 12, "held_out": []}
    _, whole = start("a", micro_batch_size=4, **changes)
    _, cut = start("b", micro_batch_size=1, **changes)
    _, padded = start("c", micro_batch_size=4, layout="padded", **changes)
    assert whole.losses[-1] < 0.7 * whole.losses[0]
    assert cut.losses == pytest.approx(whole.losses, rel=1e-3)
    assert padded.losses == pytest.approx(whole.losses, rel=1e-3)


def test_a_damaged_checkpoint_is_passed_over_and_the_result_is_the_same(start, tmp_path):
    whole, _ = start("whole")
    with pytest.raises(Interrupted):
        start("cut", wishes={10: "stop"})
    newest = max((tmp_path / "cut").glob("step-*"))
    weights = newest / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    resumed, journal = start("cut")
    assert resumed == whole
    assert journal.of("warning")[0]["code"] == "checkpoint_damaged"


def test_when_every_checkpoint_is_damaged_training_does_not_start_over(start, tmp_path):
    with pytest.raises(Interrupted):
        start("cut", wishes={5: "stop"})
    for path in (tmp_path / "cut").glob("step-*"):
        (path / "manifest.json").write_text("{")
    with pytest.raises(RunError) as caught:
        start("cut")
    assert caught.value.code == "checkpoints_damaged"


def test_the_loss_does_not_depend_on_micro_batches_or_layout(start):
    _, whole = start("a", lora_dropout=0.0, micro_batch_size=4)
    _, cut = start("b", lora_dropout=0.0, micro_batch_size=1)
    _, padded = start("c", lora_dropout=0.0, micro_batch_size=4, layout="padded")
    assert cut.losses == pytest.approx(whole.losses, rel=1e-3)
    assert padded.losses == pytest.approx(whole.losses, rel=1e-3)
    assert padded.losses[0] == pytest.approx(whole.losses[0], rel=1e-6)


@pytest.fixture
def misleading(prepared_dir):
    """Held-out rows whose answers no training row has: the better the training, the worse they score."""
    turns = [conversation(index) for index in range(40)]
    odd = [(*turn[:-1], Message("assistant", "warmth")) for turn in turns]
    return Encoder.load(prepared_dir).encode_many(odd)


def test_the_best_weights_are_chosen(start, tmp_path, misleading):
    changes = {"held_out": misleading, "num_steps": 40, "validation_interval_steps": 5}
    chosen, journal = start("run", **changes)
    best = min(journal.of("validation"), key=lambda data: data["loss"])
    assert 0 < best["step"] < 40
    assert f"step-{best['step']:06d}" in {path.name for path in (tmp_path / "run").glob("step-*")}
    with pytest.raises(Interrupted):  # the weights at that step, however the run goes on
        start("cut", wishes={best["step"]: "stop"}, **changes)
    stored = load_file(tmp_path / "cut" / f"step-{best['step']:06d}" / "adapter_model.safetensors")
    assert digest_of(stored) == chosen


def test_patience_ends_training_early(start, misleading):
    _, journal = start(
        held_out=misleading, num_steps=60, validation_interval_steps=3, early_stopping_patience=2
    )
    assert len(journal.losses) < 60
    assert [data["is_best"] for data in journal.of("validation")][-2:] == [False, False]


@pytest.fixture
def small_gpu(monkeypatch):
    """Let passes of more than a number of tokens fail as a GPU without memory does."""
    from aliquot.training import supervised_loss

    real = supervised_loss.token_losses

    def limit(max_tokens):
        def run(model, rows, layout):
            if sum(len(row.token_ids) for row in rows) > max_tokens:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …")
            return real(model, rows, layout)

        monkeypatch.setattr(supervised_loss, "token_losses", run)

    return limit


def test_a_pass_that_does_not_fit_is_cut_and_training_goes_on(start, small_gpu):
    _, whole = start("a", lora_dropout=0.0, micro_batch_size=4, held_out=[])
    small_gpu(100)  # a row has about forty tokens: two of them fit
    _, journal = start("b", lora_dropout=0.0, micro_batch_size=4, held_out=[])
    assert journal.losses == pytest.approx(whole.losses, rel=1e-3)
    warnings = journal.of("warning")
    assert {warning["code"] for warning in warnings} == {"pass_halved"}
    assert "Step 1 did not fit" in warnings[0]["message"]


def test_j10_a_pass_that_the_machine_refuses_is_cut_and_said(start, monkeypatch):
    from aliquot.training import supervised_loss

    real, sizes = supervised_loss.token_losses, []

    def refused(model, rows, layout):
        if len(rows) > 1:
            if not sizes:
                sizes.append(len(rows))
                raise MemoryError
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …")
        return real(model, rows, layout)

    _, whole = start("a", lora_dropout=0.0, micro_batch_size=4, held_out=[])
    monkeypatch.setattr(supervised_loss, "token_losses", refused)
    _, journal = start("b", lora_dropout=0.0, micro_batch_size=4, held_out=[])
    assert journal.losses == pytest.approx(whole.losses, rel=1e-3)
    assert journal.of("warning")[0]["code"] == "pass_halved"


def test_passes_that_were_cut_stay_cut_after_a_resume(start, small_gpu):
    small_gpu(100)
    whole, _ = start("whole", micro_batch_size=4, held_out=[])
    with pytest.raises(Interrupted):
        start("cut", micro_batch_size=4, held_out=[], wishes={7: "stop"})
    resumed, journal = start("cut", micro_batch_size=4, held_out=[])
    assert resumed == whole
    assert journal.of("warning") == []


def test_another_fault_is_not_taken_for_a_lack_of_memory(start, monkeypatch):
    from aliquot.training import supervised_loss

    def broken(model, rows, layout):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(supervised_loss, "token_losses", broken)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        start(held_out=[])


def test_a_row_that_does_not_fit_alone_ends_training_in_words(start, small_gpu):
    small_gpu(5)
    with pytest.raises(MachineError) as caught:
        start(held_out=[])
    assert caught.value.code == "memory_exhausted"
    assert "for one row of step 1" in caught.value.message
    assert caught.value.message.endswith("torch says: CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_a_loss_that_is_not_finite_is_never_applied(start, tmp_path, monkeypatch):
    from aliquot.training import memory_step

    real = memory_step.accumulate_gradients
    applied = []

    def poisoned(objective, model, rows, spec, *, step, **options):
        result = real(objective, model, rows, spec, step=step, **options)
        if step == 6:
            next(p for p in model.parameters() if p.grad is not None).grad.fill_(float("nan"))
            applied.append(trained_tensors(model))
        return result

    monkeypatch.setattr(memory_step, "accumulate_gradients", poisoned)
    with pytest.raises(RunError, match=r"step 7.*not applied") as caught:
        start("run")
    assert caught.value.code == "loss_not_finite"
    assert all(torch.isfinite(tensor).all() for tensor in applied[0].values())
    assert max((tmp_path / "run").glob("step-*")).name == "step-000005"


def test_the_loss_trace_is_as_stored(start):
    """A refactor must reproduce it exactly; a change of the maths must say why it moved.

    Renew with: ALIQUOT_RENEW_TRACE=1 pytest tests/unit/training -k trace
    """
    _, journal = start()
    capability = torch.backends.cpu.get_cpu_capability()
    if os.environ.get("ALIQUOT_RENEW_TRACE"):
        stored = {"torch": str(torch.__version__), "cpu_capability": capability, "losses": journal.losses}
        TRACE.write_text(json.dumps(stored, indent=1) + "\n")
    stored = json.loads(TRACE.read_text())
    assert journal.losses == pytest.approx(stored["losses"], rel=1e-5)
