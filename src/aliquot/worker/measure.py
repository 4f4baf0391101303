"""What is chosen on the device by trying it: layout, attention, pack size; published once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch

from aliquot.core.files import write_file
from aliquot.core.records import decode, encode_pretty
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.modeling.forward import attention_of, layout_of
from aliquot.tokenization.batches import pack_limit
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.families import find_obstacle
from aliquot.training.journal import Journal
from aliquot.training.loss import Packing
from aliquot.training.process_group import ProcessGroup
from aliquot.training.sharing_trial import largest_difference, sharing_difference
from aliquot.worker.environment import Measured, device_name, peak_bytes
from aliquot.worker.warmup import warm_up, why_no_warm_up


def measure(
    run_dir: RunDir,
    spec: Spec,
    model: Any,
    rows: Sequence[EncodedRow],
    *,
    journal: Journal,
    group: ProcessGroup,
) -> Measured:
    """Return what is chosen on this device, once for the whole life of the run.

    Of several processes all try, as a spread model needs all of them; the first one publishes.
    """
    found = _choose(spec, model)
    if group.agree(not run_dir.measured_path.is_file()):
        found = _tried(found, model, rows, journal=journal, group=group)
        found = _warmed_up(found, spec, model, rows, journal=journal, group=group)
        if group.is_first:
            write_file(run_dir.measured_path, encode_pretty(found))
            journal.write("measured", **asdict(found))
        return found
    first = decode(run_dir.measured_path.read_bytes(), Measured, str(run_dir.measured_path))
    if not first.is_same_machine(found):
        journal.write(
            "warning",
            code="machine_differs",
            message="This machine or its torch differs from the one the run began on; "
            "the result will be close, but not equal to the last bit.",
        )
    return first


def _choose(spec: Spec, model: Any) -> Measured:
    layout = layout_of(model)
    return Measured(
        layout=layout,
        layout_reason=find_obstacle(spec.model.architecture.model_type) or "",
        attention=attention_of(model) if layout == "prefix_tree" else "masked",
        max_pack_tokens=pack_limit(spec.training.device, spec.training.max_seq_len),
        device_name=device_name(spec),
        num_threads=spec.training.num_threads,
        precision=spec.training.precision,
        torch_version=str(torch.__version__),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
    )


def _tried(
    found: Measured, model: Any, rows: Sequence[EncodedRow], *, journal: Journal, group: ProcessGroup
) -> Measured:
    """Return the choices with prefixes shared only if that gives the right gradient here."""
    if found.layout != "prefix_tree":
        return found
    difference = group.agree(sharing_difference(model, rows))
    limit = largest_difference(model)
    if difference <= limit:
        return replace(found, sharing_difference=difference)
    reason = (
        f"on this device the gradient of shared prefixes is {difference:.1e} from that of rows alone, "
        f"more than the {limit:.0e} of rounding"
    )
    journal.write("warning", code="sharing_failed", message=f"Rows are padded instead of shared: {reason}.")
    return replace(found, layout="padded", layout_reason=reason, sharing_difference=difference)


def _warmed_up(
    found: Measured,
    spec: Spec,
    model: Any,
    rows: Sequence[EncodedRow],
    *,
    journal: Journal,
    group: ProcessGroup,
) -> Measured:
    """Return the choices with what a warm-up measured, beside what the plan reckoned."""
    why_not = why_no_warm_up(spec.training)
    if why_not:
        return replace(found, no_warmup=why_not)
    estimate = spec.plan.estimate
    result = warm_up(
        model,
        rows,
        spec.training,
        packing=Packing(found.layout, found.max_pack_tokens),
        estimate=estimate,
        journal=journal,
        group=group,
    )
    return replace(
        found,
        max_pack_tokens=result.packing.max_pack_tokens,
        warmup_s=result.warmup_s,
        s_per_step=result.s_per_step,
        planned_s_per_step=round(estimate.train_s / estimate.num_steps, 4),
        peak_memory_bytes=peak_bytes(spec),
        planned_memory_bytes=estimate.memory_bytes,
    )
