"""Rows that nearly repeat one another, within and across splits, as findings; nothing is removed."""

from __future__ import annotations

import numpy as np

from aliquot.core.dataset import Finding
from aliquot.data.findings import describe_rows
from aliquot.data.near_duplicates import COMMON_SHARE, NearDuplicates, find_near_duplicates
from aliquot.data.table import TEST, ExampleTable

MAX_ROWS = 20_000
"""Rows up to which the search, some seconds, is made unasked."""


def check_near_duplicates(table: ExampleTable, *, is_wanted: bool | None = None) -> list[Finding]:
    """Return what is to be said about rows whose user texts are nearly equal in what distinguishes them.

    Args:
        table: All examples.
        is_wanted: Whether to search; None for tables of up to ``MAX_ROWS``, and a note for larger ones.
    """
    if is_wanted is False:
        return []
    if is_wanted is None and len(table) > MAX_ROWS:
        message = f"Near-duplicates were not searched among {len(table):,} rows (unasked up to {MAX_ROWS:,})."
        remedy = "Set data.near_duplicates to search them: about half a minute for 100,000 rows."
        return [Finding(code="near_duplicates_not_searched", severity="note", message=message, remedy=remedy)]
    found = find_near_duplicates(table.user_texts(), max_word_share=COMMON_SHARE)
    findings = _describe_clusters(table, found) if found.clusters else []
    return [*findings, *_describe_crossing(table, find_crossing(table, found))]


def find_crossing(table: ExampleTable, found: NearDuplicates) -> np.ndarray:
    """Return the test rows that stand in one cluster with rows of train or validation."""
    crossing = []
    for cluster in found.clusters:
        members = np.array(cluster.members)
        is_test = table.split_N[members] == TEST
        if is_test.any() and not is_test.all():
            crossing.append(members[is_test])
    return np.sort(np.concatenate(crossing)) if crossing else np.array([], np.int64)


def _describe_clusters(table: ExampleTable, found: NearDuplicates) -> list[Finding]:
    rows = np.sort(np.concatenate([cluster.members for cluster in found.clusters]))
    largest = found.clusters[0]
    first, second = (table.line_N[row] for row in largest.members[:2])
    clusters = "1 cluster" if len(found.clusters) == 1 else f"{len(found.clusters):,} clusters"
    message = (
        f"{len(rows):,} of {len(table):,} prompts nearly repeat another one: they form {clusters}, the "
        f"largest of {len(largest.members):,} (lines {first:,} and {second:,}, for example). Words that "
        "half of the prompts share were not compared."
    )
    if found.num_unfinished:
        message += f" The search was bounded: {found.num_unfinished:,} prompts may have further ones."
    return describe_rows(
        table,
        rows,
        code="near_duplicate",
        severity="note",
        message=message,
        remedy="They are kept. If a cluster is one item measured often, give its rows one group "
        "(data.group_key), so that they stay in one split.",
    )


def _describe_crossing(table: ExampleTable, crossing: np.ndarray) -> list[Finding]:
    if not len(crossing):
        return []
    return describe_rows(
        table,
        crossing,
        code="near_duplicate_in_train",
        severity="warning",
        message=f"The prompts of {len(crossing):,} of {len(table.find('test')):,} test rows stand in "
        "clusters of near-duplicates together with rows of train: there the test may measure memory rather "
        "than skill.",
        remedy="They are kept. For a claim about new items, split by group (data.group_key).",
    )
