import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.evaluation.arithmetic import FUNCTIONS, read_formula


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3 / 4", 2.25),
        ("-2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("2 ^ -1", 0.5),
        ("1 - - - 1", 0),
        ("10 - 3 - 2", 5),
        ("min(1, 2, a) + max(b, .5e1)", 5.25),
        ("abs(-3) + floor(1.7) + ceil(1.2)", 6),
        ("sqrt(16) + log(exp(1))", 5),
        ("1" + " + 1" * 400, 401),
    ],
)
def test_formulas_have_the_values_that_mathematics_gives_them(text, value):
    assert read_formula(text).compute({"a": 0.25, "b": 0.5}) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the formula ends where"),
        ("1 +", "the formula ends where"),
        ("a.b", "found '.' at character 2"),
        ("a[0]", "found '['"),
        ("__import__('os')", "found '('"),
        ("1 2", "found '2' at character 3"),
        ("2 ** 3", "found '*'"),
        ("min(1)", "min takes two or more values, found 1"),
        ("abs(1, 2)", "abs takes one value, found 2"),
        ("sqrt", "expected"),
        ("(" * 200 + "1" + ")" * 200, "inside one another"),
        ("2" + " ^ 2" * 200, "inside one another"),
        ("1+" * 2000 + "1", "characters"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text, words):
    with pytest.raises(ValueError) as caught:
        read_formula(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text", ["1 / 0", "sqrt(-1)", "log(0)", "(-8) ^ 0.5", "10 ^ 999", "exp(1e6)", "1e308 * 10"]
)
def test_a_value_that_is_none_is_an_error_and_no_infinity(text):
    with pytest.raises((ArithmeticError, ValueError)):
        read_formula(text).compute({})


@given(st.text(alphabet="ab_.0123456789+-*/^(), []'\"=:;\n\t\\", max_size=60) | st.text(max_size=60))
def test_no_text_ends_the_reader_with_another_error_or_reaches_an_attribute(text):
    try:
        formula = read_formula(text)
    except ValueError:
        return
    assert all(name.isidentifier() for name in formula.names)
    try:
        value = formula.compute(dict.fromkeys(formula.names, 0.5))
    except (ArithmeticError, ValueError):
        return
    assert isinstance(value, float) and math.isfinite(value)


NUMBERS = st.floats(0, 100).map(lambda number: f"{number:.3f}")
FORMULAS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"-{one}"),
        st.tuples(st.sampled_from(["abs", "floor", "ceil"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
        st.tuples(inner, inner).map(lambda parts: f"min({parts[0]}, {parts[1]})"),
    ),
    max_leaves=12,
)


@given(FORMULAS)
def test_formulas_agree_with_python_where_both_write_them_alike(text):
    names = {"min": min, "abs": abs, "floor": math.floor, "ceil": math.ceil}
    try:
        expected = float(eval(text, {"__builtins__": {}}, names))
    except ArithmeticError:
        with pytest.raises((ArithmeticError, ValueError)):
            read_formula(text).compute({})
        return
    assert read_formula(text).compute({}) == pytest.approx(expected)


def test_every_function_named_by_the_api_is_there():
    assert set(FUNCTIONS) == {"min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log"}
