"""How many rows are held out, and what is too few."""

from __future__ import annotations

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Finding
from aliquot.data.table import TEST, VALIDATION, ExampleTable

TEST_FRACTION, VALIDATION_FRACTION = 0.2, 0.1
MIN_HELD_OUT, MAX_HELD_OUT = 50, 500
"""Bounds for test and validation where rows allow: less tells nothing apart, more gains little."""
MIN_TRAIN_ROWS = 10
"""OpenAI's minimum for a training file."""


def test_size(num_rows: int, settings: DataSettings) -> int:
    """Return how many rows to hold out for the test when the file has no split of its own."""
    if settings.test_fraction is not None:
        return round(settings.test_fraction * num_rows)
    if settings.without_test:
        return 0
    return _bounded(TEST_FRACTION * num_rows, num_rows // 3)


def validation_size(num_rows: int, settings: DataSettings) -> int:
    """Return how many of the training rows choose the checkpoint."""
    if settings.validation_fraction is not None:
        return round(settings.validation_fraction * num_rows)
    return _bounded(VALIDATION_FRACTION * num_rows, num_rows // 5)


def check_sizes(table: ExampleTable, settings: DataSettings) -> list[Finding]:
    """Return what is wrong or weak about the sizes of the splits."""
    num_test = int((table.split_N == TEST).sum())
    if table.has_plain_texts and len(table) - num_test < MIN_TRAIN_ROWS:
        return [_describe_few_texts(len(table), num_test)]
    findings = []
    if len(table) - num_test < MIN_TRAIN_ROWS:
        found = f"The training rows have {len(table) - num_test} example(s)"
        message = f"{found}, but must have at least {MIN_TRAIN_ROWS}."
        remedy = "Add rows; a few hundred are a good start."
        findings.append(Finding(code="too_few_examples", severity="error", message=message, remedy=remedy))
    if num_test == 0 and not settings.without_test:
        remedy = 'Mark rows "test", or remove the split key from all rows, or set data.without_test.'
        message = "No row is held out for a test, so the result could not be measured."
        findings.append(Finding(code="no_test", severity="error", message=message, remedy=remedy))
    findings += _check_few(num_test)
    if not (table.split_N == VALIDATION).any():
        message = "No row is held out for validation; the last checkpoint is kept instead of the best."
        findings.append(Finding(code="no_validation", severity="note", message=message))
    return findings


def _describe_few_texts(num_texts: int, num_test: int) -> Finding:
    texts = "1 document" if num_texts == 1 else f"{num_texts} documents"
    return Finding(
        code="too_few_examples",
        severity="error",
        message=f"There is too little text: it makes {texts}, of which {num_texts - num_test} would be "
        f"trained; expected at least {MIN_TRAIN_ROWS} beside the test.",
        remedy="Add text: a .txt file is cut into documents at blank lines, from 1,000 characters on; in "
        "JSON Lines each row is one.",
    )


def check_test_size(table: ExampleTable) -> list[Finding]:
    """Return what is wrong or weak about the test where nothing is trained."""
    num_test = int((table.split_N == TEST).sum())
    if not num_test:
        remedy = 'Mark the rows to be answered "test", or remove the split key from all rows.'
        message = "No row is marked as a test row, so there is nothing to score."
        return [Finding(code="no_test", severity="error", message=message, remedy=remedy)]
    return _check_few(num_test)


def _check_few(num_test: int) -> list[Finding]:
    if not 0 < num_test < MIN_HELD_OUT:
        return []
    message = f"The test has only {num_test} rows; scores will be uncertain."
    remedy = f"Have at least {MIN_HELD_OUT} test rows if you can."
    return [Finding(code="few_test_rows", severity="warning", message=message, remedy=remedy)]


def _bounded(wanted: float, most: int) -> int:
    return min(max(round(wanted), MIN_HELD_OUT), MAX_HELD_OUT, most)
