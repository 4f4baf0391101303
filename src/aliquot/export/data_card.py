"""A data card in Markdown with the front matter of the Hugging Face Hub, from a data report.

Every sentence is either in the report or was given by the user; what neither knows is listed as not
stated. Texts from the data are escaped: a label may contain anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from aliquot.core.dataset import DataReport, SplitProfile
from aliquot.export.croissant import DataFile, list_own_files
from aliquot.export.data_wording import (
    describe_conflicts,
    describe_contents,
    describe_majority,
    describe_rows,
    describe_shared,
    list_labels,
    list_splits,
    name_label,
    title_of,
)
from aliquot.export.lengths import describe_sharing
from aliquot.export.percentiles import COLUMNS, list_percentiles
from aliquot.export.source_files import name_hash
from aliquot.export.verdict import FoundKind, group_findings, judge, list_places
from aliquot.export.wording import count, listed, size

MAX_LABELS = 100
TASK_CATEGORIES = {"labels": "text-classification", "text": "text-generation", "document": "text-generation"}
"""Categories of the Hub; the other kinds of answer have none."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_LENGTHS = (
    ("median", "Median"),
    ("p95", "95 % under"),
    ("longest", "Longest"),
    ("num_tokens", "In all"),
    ("num_trained_tokens", "Trained"),
)


def build_data_card(report: DataReport, files: Sequence[DataFile] = ()) -> str:
    """Return the card.

    Args:
        report: What the check found.
        files: The files of rows that lie beside the card, one per split; none beside the checked file.
    """
    parts = [
        _front_matter(report, files),
        f"# {_plain(title_of(report))}",
        _plain(report.about.description or describe_contents(report)),
        *_section("For a paper", [describe_for_paper(report)]),
        *_section("Rows", [_rows(report), _layout(report, files), _fields(report)]),
        *_section("Splits", [_plain(report.split_rule), _splits(report)]),
        *_section(
            "Answers", [_plain(report.task.reason), _labels(report), _plain(describe_majority(report))]
        ),
        *_section("Lengths", [_lengths(report), _percentiles(report), _sharing(report)]),
        *_section("Overlap and contradictions", _overlap(report)),
        *_section("What the test can show", [_power(report)]),
        *_section("What the check found", _findings(report)),
        *_section("How to cite", _citation(report)),
        *_section("Files", [_files(report, files)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def describe_for_paper(report: DataReport) -> str:
    """Return one paragraph for the data section of a paper."""
    sizes = [f"{profile.num_examples:,} for {_purpose(profile)}" for profile in list_splits(report)]
    said = [
        f"The data set comprised {count(report.num_examples, 'prompt')} with a reference answer each"
        f"{f': {listed(sizes)}' if sizes else ''}.",
        f"How they were split: {report.split_rule}",
        _label_shares(report),
        describe_shared(report),
        describe_conflicts(report),
        f"The data are identified by the {name_hash(report)}, {report.file_sha256}.",
    ]
    return _plain(" ".join(filter(None, said)))


def _purpose(profile: SplitProfile) -> str:
    return {"train": "training", "test": "testing"}.get(profile.split, profile.split)


def _label_shares(report: DataReport) -> str:
    labels = list_labels(report)
    total = sum(number for _, number in labels)
    if not total or len(labels) > 10:
        return f"Answers were one of {len(labels)} labels." if total else ""
    shares = [f"{name_label(label)} ({100 * number / total:.1f} %)" for label, number in labels]
    return f"Answers were {'one of the labels ' if len(labels) > 1 else 'always '}{listed(shares)}."


def _front_matter(report: DataReport, files: Sequence[DataFile]) -> str:
    lines = ["---", f"pretty_name: {_yaml(title_of(report))}", *_licence(report.about.licence)]
    if category := TASK_CATEGORIES.get(report.task.task_type):
        lines += ["task_categories:", f"- {category}"]
    lines += ["size_categories:", f"- {_size_category(report.num_examples)}"]
    held = [file for file in files if report.get_split(file.split).num_examples]
    if held:
        lines += ["configs:", "- config_name: default", "  data_files:"]
        for file in held:
            lines += [f"  - split: {file.split}", f"    path: {_yaml(file.path)}"]
    return "\n".join([*lines, "---"])


def _licence(licence: str) -> list[str]:
    """Return the Hub's fields: its identifiers are those of SPDX in small letters."""
    if not licence:
        return []
    if _SPDX.fullmatch(licence):
        return [f"license: {_yaml(licence.lower())}"]
    name = "license_link" if licence.startswith(("http://", "https://")) else "license_name"
    return ["license: other", f"{name}: {_yaml(licence)}"]


def _yaml(text: str) -> str:
    return json.dumps(text)  # a JSON string is a YAML string


def _size_category(number: int) -> str:
    return next((name for bound, name in _SIZES if number < bound), "1M<n<10M" if number < 10**7 else "n>10M")


def _section(title: str, parts: Iterable[str]) -> list[str]:
    kept = [part for part in parts if part]
    return [f"## {title}", *kept] if kept else []


def _rows(report: DataReport) -> str:
    return (
        f"{describe_rows(report)}. Each is a conversation whose last message, the assistant's, is the "
        f"reference. How the file was read: {_plain(report.format_reason)}"
    )


def _layout(report: DataReport, files: Sequence[DataFile]) -> str:
    if not files or not report.fields:
        return ""
    return (
        "The files beside this card hold one JSON object per line: `example_id`, `line` (of the original "
        "file), `messages` and `metadata`. The original file had these fields:"
    )


def _fields(report: DataReport) -> str:
    if not report.fields:
        return ""
    rows = [
        (_plain(field.name), field.kind, f"{field.num_rows:,}", "no" if field.is_metadata else "yes")
        for field in report.fields
        if field.name != "split"
    ]
    return _table(("Field", "Kind", "Rows with a value", "Seen by the model"), rows, numbers={2})


def _splits(report: DataReport) -> str:
    total = report.num_examples
    rows = [
        (one.split, f"{one.num_examples:,}", f"{100 * one.num_examples / total:.1f} %", f"`{one.ids_sha256}`")
        for one in list_splits(report)
    ]
    headings = ("Split", "Examples", "Share", "SHA-256 of the sorted example ids")
    return _table(headings, rows, numbers={1, 2}) if rows else ""


def _labels(report: DataReport) -> str:
    splits, labels = list_splits(report), list_labels(report)
    if not labels:
        return ""
    total = sum(number for _, number in labels) or 1
    rows = [
        (
            _plain(name_label(label)),
            *(f"{one.label_counts.get(label, 0):,}" for one in splits),
            f"{100 * number / total:.1f} %",
        )
        for label, number in labels[:MAX_LABELS]
    ]
    headings = ("Label", *(one.split for one in splits), "Share of all")
    table = _table(headings, rows, numbers=set(range(1, len(splits) + 2)))
    more = len(labels) - MAX_LABELS
    return f"{table}\n\n… and {count(more, 'more label', 'more labels')}." if more > 0 else table


def _lengths(report: DataReport) -> str:
    rows = [
        (one.split, *(f"{getattr(one.tokens, name):,}" for name, _ in _LENGTHS))
        for one in list_splits(report)
        if one.tokens
    ]
    if not rows:
        return ""
    table = _table(("Split", *(title for _, title in _LENGTHS)), rows, numbers=set(range(1, 6)))
    base = f" of {_plain(report.base)}" if report.base else ""
    return f"In tokens, under the chat template{base}.\n\n{table}"


def _percentiles(report: DataReport) -> str:
    rows = list(list_percentiles(report))
    headings = ("Tokens", *(title for _, title in COLUMNS))
    return _table(headings, rows, numbers=set(range(1, len(headings)))) if rows else ""


def _sharing(report: DataReport) -> str:
    trained = report.get_split("train").tokens
    return _plain(describe_sharing(trained)) if trained else ""


def _overlap(report: DataReport) -> list[str]:
    return [_plain(describe_shared(report)), _plain(describe_conflicts(report))]


def _power(report: DataReport) -> str:
    return _plain(report.detectable.sentence) if report.detectable else ""


def _findings(report: DataReport) -> Iterator[str]:
    groups = group_findings(report.findings)
    yield f"{judge(report).sentence}."
    for severity, kinds in groups.items():
        if kinds:
            yield f"### {severity.capitalize()}s" if len(kinds) > 1 else f"### {severity.capitalize()}"
            yield "\n".join(_finding(kind, report) for kind in kinds)


def _finding(kind: FoundKind, report: DataReport) -> str:
    place = _plain("; ".join(list_places(kind, report)))
    said = f"- {_plain(kind.first.message)}{f' ({place})' if place else ''}"
    return f"{said} *{_plain(kind.first.remedy)}*" if kind.first.remedy else said


def _citation(report: DataReport) -> Iterator[str]:
    about = report.about
    makers = [*about.creators, about.organization] if about.organization else list(about.creators)
    known = {
        "Made by": listed(makers),
        "Version": about.version,
        "Licence": about.licence,
        "At": about.url,
    }
    yield "\n".join(f"- {name}: {_plain(text)}" for name, text in known.items() if text)
    if about.citation:
        longest = max(map(len, re.findall("`+", about.citation)), default=0)
        fence = "`" * max(3, longest + 1)  # nothing within can end the block
        yield f"{fence}\n{about.citation}\n{fence}"
    missing = [name for name, given in _ASKED if not getattr(about, given)]
    if missing:
        yield f"Not stated: {listed(missing)}."


_ASKED = (
    ("creators", "creators"),
    ("version", "version"),
    ("licence", "licence"),
    ("web page or DOI", "url"),
    ("citation", "citation"),
)
"""What a reader would look for, and where it is kept; what is missing is said to be missing."""


def _files(report: DataReport, files: Sequence[DataFile]) -> str:
    own = list_own_files(report)
    rows = [(f"`{file.path}`", size(file.num_bytes), f"`{file.sha256}`") for file in (*files, *own)]
    made_from = (
        f"The last {len(own)} are what the others were made from; they are not among them."
        if len(own) > 1
        else f"`{own[0].path}` is what the others were made from; it is not among them."
    )
    return _table(("File", "Size", "SHA-256"), rows, numbers={1}) + (f"\n\n{made_from}" if files else "")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: set[int]) -> str:
    rule = ["--:" if index in numbers else "---" for index in range(len(headings))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is: no emphasis, link, table border or HTML from the data."""
    escaped = re.sub(r"([\\`*\[\]|])", r"\\\1", " ".join(text.split())).replace("<", "&lt;")
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", escaped)
