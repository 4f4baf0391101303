"""Chemical formulas as answers: ``composition-1``, which reads a formula as its reduced form.

A small reader of its own, since pymatgen, the usual library, brings dozens of packages for this one thing;
tests hold the two rules that matter, nesting and reduction, against examples worked by hand.
"""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction

_SYMBOLS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr
Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir
Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl
Mc Lv Ts Og D T
"""
ELEMENTS = frozenset(_SYMBOLS.split())
"""Symbols of the elements, with deuterium and tritium, which count as elements of their own."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
_TOKEN = re.compile(
    rf"(?P<open>[(\[{{{{])|(?P<close>[)\]}}}}])(?P<times>{_NUMBER})?|(?P<element>[A-Z][a-z]?)(?P<amount>{_NUMBER})?"
)
_PART = re.compile(rf"(?P<factor>{_NUMBER})?(?P<formula>.+)")
_DOTS = re.compile("[·•∙⋅*]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
MAX_LENGTH = 200


def read_formula(text: str) -> str | None:
    """Return a formula's elements by alphabet with their smallest whole ratio, or None when it is none.

    Read are decimals, brackets inside one another, subscripts, and parts joined by a centred dot with a
    factor before them (hydrates); a full stop is a decimal point. Refused are charges, ranges, variables
    (``x``), unknown elements, words before or after.

    >>> read_formula("CuSO4·5H2O"), read_formula("Fe4O6"), read_formula("La0.5Sr0.5MnO3")
    ('Cu H10 O9 S', 'Fe2 O3', 'La Mn2 O6 Sr')
    """
    plain = unicodedata.normalize("NFKC", text.strip())
    if not plain or len(plain) > MAX_LENGTH:
        return None
    total: dict[str, Fraction] = {}
    for part in _DOTS.split(plain):
        match = _PART.fullmatch(part.strip())
        amounts = match and _read_part(match["formula"])
        if not match or not amounts:
            return None
        _add(total, amounts, Fraction(match["factor"] or 1))
    return _reduce(total)


def _read_part(formula: str) -> dict[str, Fraction] | None:
    groups: list[tuple[str, dict[str, Fraction]]] = [("", {})]
    place = 0
    while place < len(formula):
        token = _TOKEN.match(formula, place)
        if token is None:
            return None
        place = token.end()
        if token["open"]:
            groups.append((_CLOSES[token["open"]], {}))
        elif token["close"]:
            closes, inner = groups.pop()
            if closes != token["close"] or not inner:
                return None
            _add(groups[-1][1], inner, Fraction(token["times"] or 1))
        elif token["element"] not in ELEMENTS:
            return None
        else:
            _add(groups[-1][1], {token["element"]: Fraction(1)}, Fraction(token["amount"] or 1))
    return groups[0][1] if len(groups) == 1 else None


def _add(into: dict[str, Fraction], amounts: dict[str, Fraction], times: Fraction) -> None:
    for element, amount in amounts.items():
        into[element] = into.get(element, Fraction(0)) + amount * times


def _reduce(amounts: dict[str, Fraction]) -> str | None:
    present = {element: amount for element, amount in amounts.items() if amount}
    if not present:
        return None
    scale = math.lcm(*(amount.denominator for amount in present.values()))
    whole = {element: int(amount * scale) for element, amount in sorted(present.items())}
    divisor = math.gcd(*whole.values())
    return " ".join(
        element if amount == divisor else f"{element}{amount // divisor}" for element, amount in whole.items()
    )
