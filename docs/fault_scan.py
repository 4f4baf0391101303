"""Find every error and finding in the source, with its texts, for the page of errors.

A fault is a call of an error class, of ``Finding`` or of ``Problem`` with a code. Where a function only
passes a code on (``def _report(code, message)``), its callers are the places where the fault is named.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ERROR_KINDS = ("InputError", "MachineError", "ModelError", "RunError", "Interrupted")
FINDING_KINDS = ("Finding", "Problem")
_KINDS = (*ERROR_KINDS, *FINDING_KINDS)

VALUE = "{…}"

Texts = dict[str, ast.expr]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """An error or a finding as the source raises it; ``{…}`` stands for a value that is filled in."""

    code: str
    kind: str
    message: str
    remedy: str
    severity: str


@dataclass(frozen=True, slots=True)
class _Maker:
    """A function that makes a fault whose code is one of its parameters."""

    kind: str
    parameters: tuple[str, ...]
    defaults: Texts
    texts: Texts


def find_faults(folder: Path) -> list[Fault]:
    """Return the faults of every module below a folder, sorted, each once."""
    sources = (path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    return sorted({fault for source in sources for fault in scan(source)})


def scan(source: str) -> Iterator[Fault]:
    """Yield the faults of one module's text."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    makers = {function.name: maker for function in functions for maker in _find_makers(function)}
    for function in functions:
        for call in _list_calls(function):
            kind, texts = _read_call(call, makers)
            if "code" in texts and not _is_one_of(texts["code"], _list_parameters(function)):
                names = _list_assignments(function, before=call.lineno)
                yield from _as_faults(kind, texts, _list_assignments(tree) | names)


def as_template(node: ast.expr | None, names: Texts, depth: int = 0) -> str:
    """Return a text as written in the source; names are followed to what they were assigned."""
    match node:
        case None:
            return ""
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in names and depth < 5:
            return as_template(names[name], names, depth + 1)
        case ast.JoinedStr(values=parts):
            return "".join(as_template(part, names, depth) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return as_template(left, names, depth) + as_template(right, names, depth)
        case ast.IfExp(body=body, orelse=other):
            return f"{as_template(body, names, depth)} / {as_template(other, names, depth)}".strip(" /")
        case _:
            return VALUE


def _find_makers(function: Function) -> Iterator[_Maker]:
    parameters = _list_parameters(function)
    for call in _list_calls(function):
        texts = _bind(call, ("message",))
        if _name_of(call) in _KINDS and _is_one_of(texts.get("code"), parameters):
            yield _Maker(_name_of(call), parameters, _list_defaults(function), texts)


def _read_call(call: ast.Call, makers: dict[str, _Maker]) -> tuple[str, Texts]:
    """Return the kind and the texts of a fault; no texts for any other call."""
    name = _name_of(call)
    if name in _KINDS:
        return name, _bind(call, ("message",))
    if name not in makers:
        return "", {}
    maker = makers[name]
    given = maker.defaults | _bind(call, maker.parameters)
    return maker.kind, {
        text: given.get(value.id, value) if isinstance(value, ast.Name) else value
        for text, value in maker.texts.items()
    }


def _as_faults(kind: str, texts: Texts, names: Texts) -> Iterator[Fault]:
    for code in as_template(texts["code"], names).split(" / "):
        if code != VALUE:
            yield Fault(
                code=code,
                kind=kind,
                message=as_template(texts.get("message"), names),
                remedy=as_template(texts.get("hint") or texts.get("remedy"), names),
                severity=as_template(texts.get("severity"), names) or "error",
            )


def _bind(call: ast.Call, parameters: Iterable[str]) -> Texts:
    by_place = dict(zip(parameters, call.args, strict=False))
    return by_place | {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def _list_parameters(function: Function) -> tuple[str, ...]:
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return tuple(argument.arg for argument in arguments if argument.arg not in ("self", "cls"))


def _list_defaults(function: Function) -> Texts:
    named = [*function.args.posonlyargs, *function.args.args]
    by_place = zip(reversed(named), reversed(function.args.defaults), strict=False)
    by_name = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    pairs = [*by_place, *by_name]
    return {argument.arg: default for argument, default in pairs if default is not None}


def _list_assignments(node: ast.Module | Function, before: int | None = None) -> Texts:
    """Return what names were last assigned: in a module's body, or in a function above a line."""
    nodes = node.body if before is None else ast.walk(node)
    assignments = [node for node in nodes if isinstance(node, ast.Assign)]
    return {
        target.id: assignment.value
        for assignment in sorted(assignments, key=lambda assignment: assignment.lineno)
        if before is None or assignment.lineno < before
        for target in assignment.targets
        if isinstance(target, ast.Name)
    }


def _list_calls(function: Function) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call)]


def _name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_one_of(node: ast.expr | None, names: Iterable[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names
