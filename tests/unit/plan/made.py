"""Small honest inputs for planning tests: a model record, a device, a data report."""

from dataclasses import replace

from aliquot.core.dataset import DataReport, Overlap, SplitProfile, Task, TokenProfile
from aliquot.core.model import Architecture, PreparedModel
from aliquot.core.plan import Device
from aliquot.plan.bases import find_base
from tests.fixtures.lengths import make_lengths

TWO_CORES = Device(
    kind="cpu",
    name="2 cores",
    memory_bytes=24 * 10**9,
    num_threads=2,
    gflops={"float32": 195.0, "bfloat16": 400.0},
    cpu_capability="AVX512",
)
"""The machine of the measurements that the time constants were fitted to."""

H100 = Device(
    kind="cuda",
    name="H100",
    memory_bytes=80 * 10**9,
    num_threads=16,
    gflops={"float32": 50_000.0, "bfloat16": 700_000.0},
)


def architecture(name: str = "smollm2-135m-instruct") -> Architecture:
    base = find_base(name)
    assert base is not None
    return base.architecture


def model(name: str = "smollm2-135m-instruct") -> PreparedModel:
    base = find_base(name)
    assert base is not None
    return PreparedModel(
        schema_version=1,
        key=name,
        source=base.source,
        revision="r",
        architecture=base.architecture,
        files={},
        template_sha256="",
        stop_token_ids=(2,),
    )


def tokens(num_rows: int, length: int = 60, shared: int = 30, answer: int = 2) -> TokenProfile:
    """Return the profile of rows of one length that share a prefix."""
    own = length - shared

    def distinct(size: int) -> int:
        return -(-num_rows // size) * shared + num_rows * own

    return TokenProfile(
        num_tokens=num_rows * length,
        num_trained_tokens=num_rows * answer,
        longest_line=7,
        shared_prefix=shared,
        prefix_tree_tokens={size: distinct(size) for size in (1, 4, 8, 16, 32)},
        distinct_tokens=distinct(num_rows),
        rows=make_lengths(length),
        prompts=make_lengths(length - answer),
        answers=make_lengths(answer),
    )


def report(
    num_train: int = 1600,
    num_validation: int = 160,
    num_test: int = 400,
    *,
    task: str = "labels",
    length: int = 60,
) -> DataReport:
    counts = {"train": num_train, "validation": num_validation, "test": num_test}
    splits = tuple(
        SplitProfile(
            split=name,
            num_examples=count,
            ids_sha256="",
            tokens=tokens(count, length) if count else None,
        )
        for name, count in counts.items()
    )
    return DataReport(
        file="reviews.jsonl",
        file_sha256="",
        num_bytes=4 * length * sum(counts.values()),
        format="messages",
        format_reason="",
        num_rows=sum(counts.values()),
        num_examples=sum(counts.values()),
        splits=splits,
        split_rule="",
        task=Task(task_type=task, labels=("negative", "positive") if task == "labels" else ()),  # type: ignore[arg-type]
        overlap=Overlap(
            test_prompts_in_train=0, test_ids_in_train=(), conflicting_prompts=0, accuracy_ceiling=1.0
        ),
        detectable=None,
        findings=(),
    )


def without_tokens(data: DataReport) -> DataReport:
    return replace(data, splits=tuple(replace(split, tokens=None) for split in data.splits))
