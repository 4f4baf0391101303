"""Which rows of several folders are the same items: by example id, else by prompt and expected answers."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from aliquot.core.accepted import read_accepted
from aliquot.core.dataset import StoredExample
from aliquot.core.records import sha256_of
from aliquot.errors import RunError

MAX_NAMED = 5
"""Lines named of a folder; more are counted."""
Rows = Sequence[StoredExample]


@dataclass(frozen=True, slots=True, kw_only=True)
class SameItems:
    """The items that all folders have.

    Attributes:
        places: By folder, where each common item stands among its rows; in the order of the first folder's.
        num_left_out: By folder, rows that are no common item.
        words: What was matched by what, for people.
    """

    places: tuple[tuple[int, ...], ...]
    num_left_out: tuple[int, ...]
    words: str


def match_items(folders: Mapping[str, Rows], *, common: bool = False) -> SameItems:
    """Return the items that all folders have.

    Two rows are one item if they have the same example id. Of the others those are that have the same prompt
    and the same right answers, repeated ones in their order; at last system prompts may differ.

    Args:
        folders: Rows by the name of their folder, two or more.
        common: Leave out rows that are not in all folders; else they are refused.

    Raises:
        RunError: A folder has rows that another lacks (``items_differ``), or no item is common to all.
    """
    names = list(folders)
    first = folders[names[0]]
    used: Counter[str] = Counter()
    partners = [list(range(len(first)))]
    for name in names[1:]:
        found, ways = _match(first, folders[name])
        used.update(ways)
        partners.append(found)
    shared = [place for place in range(len(first)) if all(found[place] >= 0 for found in partners)]
    places = tuple(tuple(found[place] for place in shared) for found in partners)
    left_out = tuple(len(folders[name]) - len(shared) for name in names)
    if not shared or (any(left_out) and not common):
        raise _differ(folders, places)
    return SameItems(places=places, num_left_out=left_out, words=_say(len(shared), used, folders, left_out))


@dataclass(frozen=True, slots=True)
class _Way:
    words: str
    key: Callable[[StoredExample], Hashable]


def _match(first: Rows, other: Rows) -> tuple[list[int], Counter[str]]:
    """Return the place in ``other`` of each row of ``first``, -1 where there is none, and by which ways."""
    found, used = [-1] * len(first), Counter[str]()
    left = set(range(len(other)))
    for way in _WAYS:
        queues: dict[Hashable, deque[int]] = defaultdict(deque)
        for place in sorted(left):
            queues[way.key(other[place])].append(place)
        for place, row in enumerate(first):
            queue = queues.get(way.key(row)) if found[place] < 0 else None
            if queue:
                found[place] = queue.popleft()
                left.discard(found[place])
                used[way.words] += 1
    return found, used


def _prompt_and_answers(row: StoredExample) -> Hashable:
    return row.prompt_sha256, row.reference, _also_right(row)


def _also_right(row: StoredExample) -> frozenset[str]:
    return frozenset(read_accepted(row.metadata) or ())


def _without_system(row: StoredExample) -> Hashable:
    prompt = [message for message in row.prompt if message.role != "system"]
    return sha256_of([prompt, row.tools]), row.reference, _also_right(row)


_WAYS = (
    _Way("example id", lambda row: (row.example_id, _also_right(row))),
    _Way("prompt and expected answer", _prompt_and_answers),
    _Way("prompt apart from the system prompt, and expected answer", _without_system),
)


def _say(num_shared: int, used: Counter[str], folders: Mapping[str, Rows], left_out: Sequence[int]) -> str:
    ways = [way.words for way in _WAYS if used[way.words]]
    parts = [f"{num_shared:,} items are the same by {' or '.join(ways)}."] if ways else []
    parts += [
        f"{number:,} of the {len(rows):,} rows of {name} are left out: not every model has answered them."
        for (name, rows), number in zip(folders.items(), left_out, strict=True)
        if number
    ]
    return " ".join(parts)


def _differ(folders: Mapping[str, Rows], places: Sequence[Sequence[int]]) -> RunError:
    num_shared = len(places[0])
    alone = [
        f"{_lines(rows, set(here))} of {name}"
        for (name, rows), here in zip(folders.items(), places, strict=True)
        if len(rows) > len(here)
    ]
    remedy = (
        f"--common compares on the {num_shared:,} common items."
        if num_shared
        else "Compare models that have answered the same test rows; `aliquot evaluate FILES --against ROWS` "
        "scores answers made elsewhere on rows of yours."
    )
    return RunError(
        f"The models have not answered the same items: {num_shared:,} are common to all, and not in all are "
        f"{'; '.join(alone)}.",
        code="items_differ",
        location=", ".join(folders),
        hint=remedy,
    )


def _lines(rows: Rows, shared: set[int]) -> str:
    alone = sorted(row.line for place, row in enumerate(rows) if place not in shared)
    more = f" and {len(alone) - MAX_NAMED:,} more" if len(alone) > MAX_NAMED else ""
    named = ", ".join(map(str, alone[:MAX_NAMED]))
    return f"line{'' if len(alone) == 1 else 's'} {named}{more}"
