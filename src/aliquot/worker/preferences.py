"""Training on preferences around the loop: what the reference gives to each pair, and who wins at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aliquot.core.dataset import SPLITS, StoredExample
from aliquot.core.files import write_file
from aliquot.core.preference import PairLogprobs, PairScore, ReferenceLogprobs
from aliquot.core.records import decode, encode_lines, encode_pretty, sha256_of
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import RunError
from aliquot.evaluation.statistics import wilson_interval
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.pairs import encode_examples
from aliquot.training.journal import Journal
from aliquot.training.loss import Packing
from aliquot.training.objective import Objective
from aliquot.training.preference_loss import Preference, pair_logprobs
from aliquot.training.process_group import ProcessGroup
from aliquot.training.supervised_loss import SUPERVISED


def build_objective(
    run_dir: RunDir, spec: Spec, encoder: Encoder, *, model: Any, packing: Packing, group: ProcessGroup
) -> Objective:
    """Return what the loop minimises; for preferences with the numbers of the reference.

    These are computed once in a run's life, from the model as it is before the first step.

    Args:
        run_dir: The run.
        spec: Its specification.
        encoder: Of the base model.
        model: As it is before the first step, also when training then continues from a checkpoint.
        packing: How rows are laid out.
        group: The processes; the first one writes.

    Raises:
        RunError: The stored numbers are not those that the run began with (``reference_differs``).
    """
    if spec.training.objective != "dpo":
        return SUPERVISED
    if group.agree(not run_dir.reference_path.is_file()):
        found: dict[str, tuple[PairLogprobs, ...]] = {
            split: _log_probabilities(
                run_dir, split, encoder, spec, model=model, packing=packing, group=group
            )
            for split in SPLITS
        }
        if group.is_first:
            record = ReferenceLogprobs(splits=found, sha256=sha256_of(found))
            write_file(run_dir.reference_path, encode_pretty(record))
    group.wait()
    reference = _read_reference(run_dir)
    gains: dict[EncodedRow, float] = {}
    for split in SPLITS:
        pairs = encode_pairs(encoder, _pairs_of(run_dir, split))
        gains |= {
            pair: one.chosen - one.rejected for pair, one in zip(pairs, reference.splits[split], strict=True)
        }
    return Preference(spec.training.dpo_beta, gains)


def save_preferences(
    run_dir: RunDir,
    spec: Spec,
    encoder: Encoder,
    *,
    model: Any,
    packing: Packing,
    journal: Journal,
    group: ProcessGroup,
) -> None:
    """Publish ``preferences/test.jsonl`` and tell which share of the test pairs is ranked as people did."""
    if spec.training.objective != "dpo" or not _pairs_of(run_dir, "test"):
        return
    found = _log_probabilities(run_dir, "test", encoder, spec, model=model, packing=packing, group=group)
    reference = _read_reference(run_dir).splits["test"]
    beta = spec.training.dpo_beta
    scores = [_score(one, before, beta) for one, before in zip(found, reference, strict=True)]
    if not group.is_first:
        return
    write_file(run_dir.preferences_path("test"), encode_lines(scores))
    num_right = sum(score.margin > 0 for score in scores)
    interval = wilson_interval(num_right, len(scores), spec.evaluation.confidence)
    journal.write(
        "preferences",
        split="test",
        num_pairs=len(scores),
        num_right=num_right,
        accuracy=num_right / len(scores),
        low=interval.low,
        high=interval.high,
        confidence=interval.confidence,
        reward_margin=sum(score.margin for score in scores) / len(scores),
    )


def encode_pairs(encoder: Encoder, examples: Sequence[StoredExample]) -> list[EncodedRow]:
    """Return rows of preferences, the two answers of each as its branches."""
    return encode_examples(encoder, examples, as_pairs=True)


def _pairs_of(run_dir: RunDir, split: str) -> list[StoredExample]:
    """Return the pairs of a split; a test may hold rows without a rejected answer."""
    return [example for example in run_dir.read_rows(split) if example.rejected is not None]


def _log_probabilities(
    run_dir: RunDir,
    split: str,
    encoder: Encoder,
    spec: Spec,
    *,
    model: Any,
    packing: Packing,
    group: ProcessGroup,
) -> tuple[PairLogprobs, ...]:
    examples = _pairs_of(run_dir, split)
    found = pair_logprobs(model, encode_pairs(encoder, examples), spec.training, packing, group)
    return tuple(
        PairLogprobs(example_id=example.example_id, chosen=chosen, rejected=rejected)
        for example, (rejected, chosen) in zip(examples, found, strict=True)
    )


def _score(one: PairLogprobs, before: PairLogprobs, beta: float) -> PairScore:
    return PairScore(
        example_id=one.example_id,
        chosen=one.chosen,
        rejected=one.rejected,
        reference_chosen=before.chosen,
        reference_rejected=before.rejected,
        margin=beta * ((one.chosen - before.chosen) - (one.rejected - before.rejected)),
    )


def _read_reference(run_dir: RunDir) -> ReferenceLogprobs:
    path = run_dir.reference_path
    record = decode(path.read_bytes(), ReferenceLogprobs, str(path))
    if sha256_of(record.splits) != record.sha256:
        raise RunError(
            "The log-probabilities of the reference do not have the hash that they were written with.",
            code="reference_differs",
            location=str(path),
            hint="`aliquot resume RUN --from-start` computes them again and trains from step 0.",
        )
    return record
