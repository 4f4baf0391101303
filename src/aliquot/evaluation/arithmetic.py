"""Arithmetic over the values of graders: ``0.5 * exact + min(overlap, 1 - length) ^ 2``.

A formula is read by recursive descent and written down in postfix order, for a stack of numbers; nothing is
ever executed but the operators and functions named here.

    sum      = product (("+" | "-") product)*
    product  = sign (("*" | "/") sign)*
    sign     = ("+" | "-") sign | power
    power    = atom ["^" sign]                      2 ^ 3 ^ 2 is 2 ^ 9, and -2 ^ 2 is -4, as in mathematics
    atom     = number | name | function "(" sum ("," sum)* ")" | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST_FORMULA = 2_000
DEEPEST = 100
"""Brackets and powers inside one another; many more would exhaust Python's own stack."""

_TOKEN = re.compile(r"\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(.))", re.ASCII | re.DOTALL)

NUMBER, NAME, SIGN = 1, 2, 3
"""Groups of a token."""

FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min, "max": max, "abs": abs, "floor": math.floor, "ceil": math.ceil,
    "exp": math.exp, "sqrt": math.sqrt, "log": math.log,
}  # fmt: skip
OF_MANY = ("min", "max")
OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": math.pow,
}


NEGATE = "negate"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a number or the value of a name goes on the stack, or its top is computed with.

    Attributes:
        word: The name, the operator or the function.
        number: Of a number.
        num_parts: How many values an operator or a function takes from the stack; 0 puts one on it.
    """

    word: str
    number: float | None = None
    num_parts: int = 0


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in postfix order."""

    steps: tuple[Step, ...]

    @property
    def names(self) -> set[str]:
        """The names whose values it needs."""
        return {step.word for step in self.steps if step.number is None and not step.num_parts}

    def compute(self, values: Mapping[str, float]) -> float:
        """Return its value.

        Args:
            values: By name, all that it needs.

        Raises:
            ArithmeticError, ValueError: It has no finite value here: a division by zero, the root of -1 …
        """
        stack: list[float] = []
        for step in self.steps:
            if step.num_parts:
                parts = [stack.pop() for _ in range(step.num_parts)]
                stack.append(_apply(step.word, parts[::-1]))
            else:
                stack.append(values[step.word] if step.number is None else step.number)
        if not math.isfinite(stack[0]):
            raise ValueError("the value is not finite")
        return stack[0]


def read_formula(text: str) -> Formula:
    """Read a formula.

    Raises:
        ValueError: It is none; the message says what was found and where.
    """
    if len(text) > LONGEST_FORMULA:
        raise ValueError(f"the formula has {len(text):,} characters, at most {LONGEST_FORMULA:,} are read")
    return Formula(tuple(_Reader(text).read()))


def _apply(word: str, parts: list[float]) -> float:
    if word == NEGATE:
        return -parts[0]
    return float((OPERATORS.get(word) or FUNCTIONS[word])(*parts))


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, text: str) -> None:
        found = _TOKEN.finditer(text.rstrip())
        self._tokens = [(match.lastindex or 0, match[match.lastindex or 0], match.end()) for match in found]
        self._next = self._depth = 0
        self._steps: list[Step] = []

    def read(self) -> list[Step]:
        self._sum()
        if self._next < len(self._tokens):
            raise self._unexpected("an operator or the end")
        return self._steps

    def _sum(self) -> None:
        with self._deeper():
            self._product()
            while word := self._take("+", "-"):
                self._product()
                self._steps.append(Step(word, num_parts=2))

    def _product(self) -> None:
        self._sign()
        while word := self._take("*", "/"):
            self._sign()
            self._steps.append(Step(word, num_parts=2))

    def _sign(self) -> None:
        is_negative = False
        while word := self._take("+", "-"):
            is_negative ^= word == "-"
        self._power()
        if is_negative:
            self._steps.append(Step(NEGATE, num_parts=1))

    def _power(self) -> None:
        self._atom()
        if self._take("^"):
            with self._deeper():
                self._sign()
            self._steps.append(Step("^", num_parts=2))

    def _atom(self) -> None:
        kind, word = self._look()
        self._next += 1
        if word == "(":
            self._sum()
            self._require(")")
        elif kind == NUMBER:
            self._steps.append(Step(word, number=float(word)))
        elif kind == NAME and word in FUNCTIONS:
            self._call(word)
        elif kind == NAME:
            self._steps.append(Step(word))
        else:
            self._next -= 1
            raise self._unexpected("a number, a name or a bracket")

    def _call(self, word: str) -> None:
        self._require("(")
        self._sum()
        num_parts = 1
        while self._take(","):
            self._sum()
            num_parts += 1
        self._require(")")
        if (num_parts < 2) if word in OF_MANY else (num_parts != 1):
            takes = "two or more values" if word in OF_MANY else "one value"
            raise ValueError(f"{word} takes {takes}, found {num_parts}")
        self._steps.append(Step(word, num_parts=num_parts))

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} parts stand inside one another")
        yield
        self._depth -= 1

    def _look(self) -> tuple[int, str]:
        return self._tokens[self._next][:2] if self._next < len(self._tokens) else (0, "")

    def _take(self, *words: str) -> str:
        kind, word = self._look()
        if kind != SIGN or word not in words:
            return ""
        self._next += 1
        return word

    def _require(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(repr(word))

    def _unexpected(self, expected: str) -> ValueError:
        if self._next >= len(self._tokens):
            return ValueError(f"the formula ends where {expected} is expected")
        _, word, end = self._tokens[self._next]
        return ValueError(f"found {word!r} at character {end - len(word) + 1}, expected {expected}")
