"""The measures find what they are for: each is shown a planted fault and an innocent twin."""

from __future__ import annotations

from tests.architecture.measure import find_catch_alls, find_prints, measure_functions

NESTED = """\
def deep(a, b, *, c):
    if a:
        for x in b:
            while x:
                with c:
                    pass
"""

FLAT = """\
def flat(self, a, b):
    if a:
        pass
    elif b:
        pass
    elif a and b:
        pass
"""


def test_blocks_inside_one_another_are_counted():
    (function,) = measure_functions(NESTED, "x.py")
    assert (function.nesting, function.num_lines, function.num_positional) == (4, 6, 2)


def test_a_chain_of_elif_is_one_block_and_self_is_no_parameter():
    (function,) = measure_functions(FLAT, "x.py")
    assert (function.place, function.nesting, function.num_positional) == ("x.py:flat", 1, 2)


def test_a_nested_function_counts_for_itself():
    source = "def outer():\n    if 1:\n        def inner():\n            if 2:\n                pass\n"
    assert {function.place: function.nesting for function in measure_functions(source, "x.py")} == {
        "x.py:outer": 1,
        "x.py:inner": 1,
    }


def test_print_is_found_and_a_method_called_print_is_not():
    assert find_prints("print('x')\nconsole.print('y')\n") == [1]


def test_handlers_that_swallow_everything_are_found():
    swallow = "try:\n    f()\nexcept Exception:\n    pass\n"
    bare = "try:\n    f()\nexcept:\n    pass\n"
    among = "try:\n    f()\nexcept (OSError, BaseException):\n    pass\n"
    assert [find_catch_alls(source) for source in (swallow, bare, among)] == [[3], [3], [3]]


def test_a_handler_that_cleans_up_and_raises_again_is_innocent():
    assert find_catch_alls("try:\n    f()\nexcept BaseException:\n    g()\n    raise\n") == []
    assert find_catch_alls("try:\n    f()\nexcept OSError:\n    pass\n") == []
