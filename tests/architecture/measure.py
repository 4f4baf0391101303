"""Measures of the source, taken from its syntax trees. The tests beside it compare them with budgets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)
_CATCH_ALL = {"Exception", "BaseException"}


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the source; nested ones and methods count.

    Attributes:
        place: ``file:name``, the file below ``src/aliquot``.
        num_lines: From ``def`` to the last line, docstring included.
        num_positional: Parameters that a caller may pass by position, ``self`` and ``cls`` not counted.
        nesting: Blocks (if, for, while, with, try, match) inside one another; ``elif`` adds none.
    """

    place: str
    num_lines: int
    num_positional: int
    nesting: int


def list_modules(root: Path = SOURCE / "aliquot") -> list[Path]:
    """Return every Python file of the package."""
    return sorted(root.rglob("*.py"))


def place_of(path: Path) -> str:
    """Return a file's path below the package, as exceptions name it."""
    return path.relative_to(SOURCE / "aliquot").as_posix()


def list_functions() -> list[Function]:
    """Return every function of the package."""
    return [
        function
        for path in list_modules()
        for function in measure_functions(path.read_text(encoding="utf-8"), place_of(path))
    ]


def measure_functions(source: str, file: str) -> Iterator[Function]:
    """Yield the functions of a module's text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _FUNCTIONS):
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            yield Function(
                place=f"{file}:{node.name}",
                num_lines=(node.end_lineno or node.lineno) - node.lineno + 1,
                num_positional=sum(name not in ("self", "cls") for name in names),
                nesting=_deepest(node),
            )


def find_prints(source: str) -> list[int]:
    """Return the lines that call ``print``."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def find_catch_alls(source: str) -> list[int]:
    """Return the lines of handlers that swallow every error: a bare ``raise`` at the end lets it pass."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and not _raises_again(node)
    ]


def count_lines(source: str) -> int:
    """Return the number of lines of a module's text."""
    return len(source.splitlines())


def _deepest(node: ast.AST) -> int:
    depths = [0]
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            continue
        depths.append(_deepest(child) + (isinstance(child, _BLOCKS) and not _is_elif(child, node)))
    return max(depths)


def _is_elif(child: ast.AST, parent: ast.AST) -> bool:
    return isinstance(parent, ast.If) and isinstance(child, ast.If) and parent.orelse == [child]


def _catches_all(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(name, ast.Name) and name.id in _CATCH_ALL for name in names)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
