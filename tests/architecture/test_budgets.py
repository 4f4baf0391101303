"""Size and shape of the source, against the budgets that starlette, httpx and import-linter keep.

A budget asks a question. Where the longer way is the clearer one, name it below with the reason; an
exception that is no longer needed fails too.
"""

from __future__ import annotations

import statistics

from tests.architecture import measure

TOO_LONG: dict[str, str] = {}
"""Functions over 60 lines: ``file:name`` → reason."""

TOO_NESTED: dict[str, str] = {}
"""Functions with more than three blocks inside one another."""

TOO_MANY_PARAMETERS: dict[str, str] = {}
"""Functions with more than five positional parameters."""

TOO_BIG: dict[str, str] = {}
"""Files over 400 lines."""

PRINTS: dict[str, str] = {
    "cli/render.py": "the one place that writes for people",
}
"""Files that may call print."""

CATCH_ALLS: dict[str, str] = {
    "cli/app.py": "edge of the command line: what gets there is a bug, and is told as one",
    "evaluation/sandboxed.py": "edge of somebody else's code: whatever a grader raises is what it gave",
    "worker/process.py": "edge of every worker process: the error becomes its last line and its exit code",
}
"""Files with a handler for every error: process edges, where it becomes a message or a log line."""

FORBIDDEN_NAMES = {"utils", "util", "helper", "helpers", "manager", "common", "misc"}


def test_half_of_the_functions_have_at_most_10_lines_and_nine_tenths_at_most_30():
    lengths = [function.num_lines for function in measure.list_functions()]
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=10)[8] <= 30


def test_at_most_one_function_in_twenty_has_more_than_40_lines():
    functions = measure.list_functions()
    long = [function.place for function in functions if function.num_lines > 40]
    assert len(long) <= 0.05 * len(functions), long


def test_no_function_has_more_than_60_lines():
    long = {function.place for function in measure.list_functions() if function.num_lines > 60}
    _require_only(long, TOO_LONG)


def test_no_function_nests_more_than_three_blocks():
    nested = {function.place for function in measure.list_functions() if function.nesting > 3}
    _require_only(nested, TOO_NESTED)


def test_no_function_takes_more_than_five_parameters_by_position():
    many = {function.place for function in measure.list_functions() if function.num_positional > 5}
    _require_only(many, TOO_MANY_PARAMETERS)


def test_no_file_has_more_than_400_lines():
    big = {place for place, source in _sources() if measure.count_lines(source) > 400}
    _require_only(big, TOO_BIG)


def test_nothing_prints_but_the_renderer():
    printing = {place for place, source in _sources() if measure.find_prints(source)}
    _require_only(printing, PRINTS, may_be_absent=True)


def test_every_error_is_caught_only_at_process_edges():
    catching = {place for place, source in _sources() if measure.find_catch_alls(source)}
    _require_only(catching, CATCH_ALLS)


def test_every_module_is_named_after_what_it_holds():
    vague = [
        place
        for place, _ in _sources()
        if FORBIDDEN_NAMES
        & {word for part in place.removesuffix(".py").split("/") for word in part.split("_")}
    ]
    assert vague == []


def test_no_folder_is_empty_for_later():
    folders = {path.parent for path in measure.list_modules()}
    empty = [
        measure.place_of(folder)
        for folder in folders
        if not any(path.name != "__init__.py" for path in folder.rglob("*.py"))
    ]
    assert empty == []


def _sources() -> list[tuple[str, str]]:
    return [(measure.place_of(path), path.read_text(encoding="utf-8")) for path in measure.list_modules()]


def _require_only(found: set[str], allowed: dict[str, str], *, may_be_absent: bool = False) -> None:
    """Assert that everything found is a named exception, and that every named exception is found."""
    assert found <= set(allowed), f"over budget: {sorted(found - set(allowed))}"
    if not may_be_absent:
        assert set(allowed) <= found, f"no longer needed: {sorted(set(allowed) - found)}"
