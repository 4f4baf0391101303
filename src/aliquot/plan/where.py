"""Which base, on which machine, how long, for how much: estimates for every pair, none measured there.

The same planning that a run gets is done for each base of the catalogue on each machine, with the machine's
published figures in place of a probe. No weights are fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aliquot.config.given import GivenSettings
from aliquot.core.dataset import DataReport, SplitProfile
from aliquot.core.model import Architecture, ModelSource, PreparedModel
from aliquot.core.plan import Device, SetBy
from aliquot.plan.bases import guess_tokens
from aliquot.plan.cost import (
    QLORA_SLOWER,
    USABLE_MEMORY,
    UTILISATION,
    WEIGHT_BYTES,
)
from aliquot.plan.machines import HERE, MACHINES, MATMUL_SHARE, Machine
from aliquot.plan.refusals import longest_split
from aliquot.plan.resolve import Resolved, resolve
from aliquot.plan.rough_cost import least_cost, rough_cost
from aliquot.plan.rules.machine import longest_pass
from aliquot.plan.rules.method import may_quantise

TITLES = {"lora": "LoRA", "qlora": "QLoRA", "full": "full"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A base model by its sizes; its weights need not be here."""

    name: str
    is_gated: bool
    architecture: Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A machine in the table.

    Attributes:
        name: ``here`` for the machine that was probed.
        speed: In words, with the number format.
        usd_per_hour: The price that the user gave; None without one.
        source: Where its figures are from.
    """

    name: str
    title: str
    memory_bytes: int
    speed: str
    usd_per_hour: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One base on one machine; times in seconds are estimates.

    Attributes:
        method: ``LoRA``, ``QLoRA``, ``full``, or empty when it does not fit.
        precision: Number format of the base weights.
        needed_bytes: Memory of a training step; of the smallest possible one when it does not fit.
        obstacle: ``memory``, ``window`` (a row is too long for the base) or ``4-bit weights`` (asked for, and
            not there) when it does not fit.
        usd: Training and answering at the given price; None without one.
    """

    base: str
    is_gated: bool
    place: str
    method: str
    precision: str
    needed_bytes: int
    train_s: float | None = None
    predict_s: float | None = None
    num_steps: int | None = None
    usd: float | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Every base on every machine.

    Attributes:
        chosen: The base that a run here would take.
        assumptions: What the estimates rest on, each a sentence.
    """

    file: str
    num_rows: int
    chosen: str
    places: tuple[Place, ...]
    offers: tuple[Offer, ...]
    assumptions: tuple[str, ...]


def weigh_places(
    given: GivenSettings,
    data: DataReport,
    here: Device,
    candidates: Sequence[Candidate],
    *,
    chosen: str,
    prices: Mapping[str, float],
) -> Where:
    """Return what tuning each base would take on this machine and on those of the list.

    Args:
        given: The user's settings.
        data: The data check; lengths are guessed from the size of the file where tokens were not counted.
        here: This machine, as probed.
        candidates: Bases to weigh.
        chosen: The base that a run here would take.
        prices: USD per hour by machine, named as ``require_machine_names`` returns them.
    """
    is_guessed = data.get_split("train").tokens is None
    counted = _with_tokens(data)
    machines: list[tuple[Device, Machine | None]] = [(here, None), *((one.device, one) for one in MACHINES)]
    places = [_place(device, machine, prices) for device, machine in machines]
    offers = [
        _weigh(candidate, given, counted, device, machine=machine, place=place)
        for place, (device, machine) in zip(places, machines, strict=True)
        for candidate in candidates
    ]
    return Where(
        file=data.file,
        num_rows=data.get_split("train").num_rows,
        chosen=chosen,
        places=tuple(places),
        offers=tuple(offers),
        assumptions=tuple(_assumptions(data, is_guessed=is_guessed)),
    )


def _place(device: Device, machine: Machine | None, prices: Mapping[str, float]) -> Place:
    name = machine.name if machine else HERE
    if machine:
        kind, peak = max(machine.peak_tflops.items(), key=lambda item: item[1])
        speed = f"{peak:,g} TFLOP/s in {kind}"
    else:
        kind, peak = max(device.gflops.items(), key=lambda item: item[1])
        speed = f"{peak:,.0f} GFLOP/s in {kind}, measured"
    return Place(
        name=name,
        title=device.name,
        memory_bytes=device.memory_bytes,
        speed=speed,
        usd_per_hour=prices.get(name),
        source=machine.source if machine else "a probe of this machine",
    )


def _weigh(
    candidate: Candidate,
    given: GivenSettings,
    data: DataReport,
    device: Device,
    *,
    machine: Machine | None,
    place: Place,
) -> Offer:
    sizes = candidate.architecture
    cost = rough_cost(sizes, given, device, given.find("train.method") or "lora")
    longest = longest_split(data)
    train = data.get_split("train")
    assert train.tokens is not None  # counted or guessed
    step = longest_pass(1, train.num_rows, train.tokens)
    least = least_cost(cost, given)
    offer = Offer(
        base=candidate.name,
        is_gated=candidate.is_gated,
        place=place.name,
        method=TITLES[cost.method],
        precision=cost.precision,
        needed_bytes=least.memory_bytes(*step),
    )
    if longest.longest > sizes.context_window:
        return replace(offer, method="", obstacle="window")
    if cost.method == "qlora" and not device.runs_4_bit:
        return replace(offer, method="", obstacle="4-bit weights")
    if not least.fits(*step):
        least = replace(least, method="qlora")
        if not may_quantise(sizes, device) or cost.method != "lora" or not least.fits(*step):
            return replace(offer, method="", obstacle="memory")
        offer = replace(offer, method=TITLES["qlora"])
    its_settings = _for_device(given, device, method=least.method, is_here=machine is None)
    return _timed(offer, candidate, its_settings, data, device, machine=machine, place=place)


def _timed(
    offer: Offer,
    candidate: Candidate,
    given: GivenSettings,
    data: DataReport,
    device: Device,
    *,
    machine: Machine | None,
    place: Place,
) -> Offer:
    """Return the offer with the times of a plan, and with what they cost."""
    resolved = resolve(given, data, _as_model(candidate), device)
    estimate = resolved.plan.estimate
    least_s = _reading_s(resolved, data, candidate.architecture, machine) if machine else 0.0
    predict_s = max(estimate.predict_s, least_s)
    price = place.usd_per_hour
    return replace(
        offer,
        needed_bytes=estimate.memory_bytes,
        train_s=estimate.train_s,
        predict_s=predict_s,
        num_steps=estimate.num_steps,
        usd=None if price is None else (estimate.train_s + predict_s) / 3600 * price,
    )


def _reading_s(resolved: Resolved, data: DataReport, sizes: Architecture, machine: Machine) -> float:
    """Return the seconds to read all weights once for each step of decoding, which no machine can beat."""
    prediction, longest = resolved.prediction, data.get_split("train").tokens
    assert longest is not None  # counted or guessed
    batches = math.ceil(data.get_split("test").num_examples / prediction.batch_size)
    steps = sum(
        longest.longest_reference
        if model == "tuned" and prediction.max_new_tokens
        else prediction.max_new_tokens
        for model in prediction.models
    )
    read = batches * steps * WEIGHT_BYTES[resolved.training.precision] * sizes.num_parameters
    return read / (1e9 * machine.bandwidth_gb_s)


def _for_device(given: GivenSettings, device: Device, *, method: str, is_here: bool) -> GivenSettings:
    """Return the settings with the device that is weighed: what was asked of devices is meant for here."""
    elsewhere = {} if is_here else {"num_devices": None, "sharding": None}
    update = {"device": device.kind, "method": method, **elsewhere}
    train = given.settings.train.model_copy(update=update)
    asked: dict[str, SetBy] = {"train.device": "you", "train.method": "you"}
    origins = {**asked, **given.origins}
    return replace(given, settings=given.settings.model_copy(update={"train": train}), origins=origins)


def _as_model(candidate: Candidate) -> PreparedModel:
    """Return a record of a base that planning can read; there are no files."""
    return PreparedModel(
        schema_version=1,
        key="",
        source=ModelSource(name=candidate.name, kind="hub", location=candidate.name),
        revision="",
        architecture=candidate.architecture,
        files={},
        template_sha256="",
        stop_token_ids=(),
    )


def _with_tokens(data: DataReport) -> DataReport:
    return replace(data, splits=tuple(_guessed(data, split) for split in data.splits))


def _guessed(data: DataReport, split: SplitProfile) -> SplitProfile:
    if split.tokens is not None or not split.num_examples:
        return split
    return replace(split, tokens=guess_tokens(data, split.num_examples))


def _assumptions(data: DataReport, *, is_guessed: bool) -> Iterable[str]:
    if is_guessed:
        share = "all of them are" if data.task.task_type == "document" else "a quarter of the tokens is"
        yield f"Lengths are guessed: four bytes of the file are a token, {share} trained."
    else:
        yield f"Lengths were counted with the tokenizer of {data.base}; other bases count a little otherwise."
    reached = f"{100 * MATMUL_SHARE * UTILISATION['gpu', 'bfloat16']:.0f} %"
    yield (
        f"Elsewhere a pass is taken to reach {reached} of the published peak (MFU), less in narrow models, "
        "and to cost at least the launch of its kernels: measured on one H100 with 1.2 billion parameters "
        "(docs/experiments.md); other machines are assumed to be like it."
    )
    yield (
        f"QLoRA is taken to be {QLORA_SLOWER:g} times slower than LoRA, as in LitGPT's table. Its memory is "
        "the least certain: published formulas are 3 to 4 GB below measured peaks, ours meets LitGPT's two."
    )
    yield (
        f"A step may fill {100 * USABLE_MEMORY:.0f} % of the memory. Loading, queues and transfers are not "
        "counted; time a real step before you rent for long."
    )
