"""Rows that nearly repeat one another, within and across splits, as findings; nothing is removed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from aliquot.core.dataset import Finding, Split
from aliquot.data.findings import first_lines
from aliquot.data.near_duplicates import COMMON_SHARE, Cluster, NearDuplicates, find_near_duplicates


def check_near_duplicates(
    texts: Sequence[str], lines: Sequence[int], splits: Sequence[Split | None], *, seed: int = 0
) -> list[Finding]:
    """Return what is to be said about rows that are nearly equal in what distinguishes them.

    Args:
        texts: The user's text of each row, without the system prompt.
        lines: The line of each row.
        splits: The split of each row.
        seed: Of the hash functions.
    """
    found = find_near_duplicates(texts, max_word_share=COMMON_SHARE, seed=seed)
    findings = []
    if found.clusters:
        findings.append(_describe_clusters(found, lines))
    crossing = [row for cluster in found.clusters for row in _list_test_rows(cluster, splits)]
    if crossing:
        findings.append(_describe_crossing(crossing, lines, splits))
    return findings


def _list_test_rows(cluster: Cluster, splits: Sequence[Split | None]) -> list[int]:
    """Return the test rows of a cluster that has rows of train or validation, too."""
    test = [row for row in cluster.members if splits[row] == "test"]
    return test if len(test) < len(cluster.members) else []


def _describe_clusters(found: NearDuplicates, lines: Sequence[int]) -> Finding:
    rows = list(chain.from_iterable(cluster.members for cluster in found.clusters))
    largest = found.clusters[0]
    first, second = (lines[row] for row in largest.members[:2])
    clusters = "1 cluster" if len(found.clusters) == 1 else f"{len(found.clusters):,} clusters"
    message = (
        f"{len(rows):,} of {len(lines):,} prompts nearly repeat another one: they form {clusters}, the "
        f"largest of {len(largest.members):,} (lines {first:,} and {second:,}, for example). Words that "
        "half of the prompts share were not compared."
    )
    if found.num_unfinished:
        message += f" The search was bounded: {found.num_unfinished:,} prompts may have further ones."
    return Finding(
        code="near_duplicate",
        severity="note",
        message=message,
        lines=first_lines(lines[row] for row in rows),
        count=len(rows),
        remedy="They are kept. If a cluster is one item measured often, give its rows one group "
        "(data.group_key), so that they stay in one split.",
    )


def _describe_crossing(
    crossing: Sequence[int], lines: Sequence[int], splits: Sequence[Split | None]
) -> Finding:
    num_test = sum(split == "test" for split in splits)
    return Finding(
        code="near_duplicate_in_train",
        severity="warning",
        message=f"The prompts of {len(crossing):,} of {num_test:,} test rows stand in one cluster of "
        "near-duplicates with rows of train: there the test may measure memory rather than skill.",
        lines=first_lines(lines[row] for row in crossing),
        count=len(crossing),
        remedy="They are kept. For a claim about new items, split by group (data.group_key).",
    )
