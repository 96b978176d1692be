"""Codes that a function computes but does not return, or that a loop computes and throws away."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.notebook import Cell
from grader.probe.types import Request
from grader.probe.value import Value
from grader.scoring import Student
from grader.scoring.parsing import parse
from reference.assignment2 import LETTERS
from rubrics.assignment2.facts import PROBED, Facts, cell_name
from rubrics.assignment2.numbers import numbers_of


@dataclass(frozen=True)
class Hidden:
    """Codes that only exist while the code runs. Attributes: where; character → numbers; cell."""

    how: str
    raw: Mapping[str, npt.NDArray[np.float64]]
    cell: int | None


_CALLS = """
def probe_one(function, char):
    try:
        return function(char)
    except Exception:
        return None
probe_codes = {{char: probe_one({name}, char) for char in {chars!r}}}
"""


def hidden(student: Student, found: Facts) -> list[Hidden]:
    """Encodings that later code cannot use."""
    return [*_from_functions(student, found), *_from_loops(student, found)]


def _from_functions(student: Student, found: Facts) -> Iterator[Hidden]:
    functions = [f for f in found.entries("functions") if not f.get("is_method") and len(f.get("params") or ()) <= 1]
    functions.sort(key=lambda f: not found.in_section(f.get("cell"), "c"))
    for function in functions[:6]:
        source = _returning_locals(str(function.get("source", "")))
        if source is None:
            continue
        name = str(function["name"]).rsplit(".", 1)[-1]
        taking = bool(function.get("params"))
        last = _CALLS.format(name=name, chars=PROBED) if taking else f"probe_codes = {{'a': {name}()}}"
        request = Request("rerun", {"sources": [source, last], "names": {}, "budget_s": 10.0, "seed": 0}, timeout_s=100)
        answer = student.ask(request)
        described = (answer.data.get("names") or {}).get("probe_codes")
        per_char = {key.text() or "": value for key, value in Value(described, answer).pairs()}
        how = f"`{name}` in {cell_name(function.get('cell'))}, which returns nothing"
        yield from (Hidden(how, raw, function.get("cell")) for raw in _by_variable(per_char))


def _returning_locals(source: str) -> str | None:
    """The function with its local variables as result, when it has no result of its own."""
    try:
        tree = parse(textwrap.dedent(source))
    except SyntaxError:
        return None
    if not tree.body or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    function = tree.body[0]
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    if returns or any(isinstance(node, (ast.Yield, ast.YieldFrom, ast.While)) for node in ast.walk(function)):
        return None
    function.body.append(parse("return dict(locals())").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def _by_variable(per_char: Mapping[str, Value]) -> Iterator[dict[str, npt.NDArray[np.float64]]]:
    variables = {char: {key.text() or "": value for key, value in value.pairs()} for char, value in per_char.items()}
    names = {name for held in variables.values() for name in held}
    for name in sorted(names):
        raw = {}
        for char, held in variables.items():
            numbers = numbers_of(held[name]) if name in held else None
            if numbers is not None:
                raw[char] = numbers
        if len(raw) >= 20:
            yield raw
        whole = [held[name] for held in variables.values() if name in held and held[name].kind == "dict"]
        if whole:
            pairs = {key.text() or "": numbers_of(value) for key, value in whole[0].pairs()}
            kept = {key: numbers for key, numbers in pairs.items() if numbers is not None and len(key) == 1}
            if len(kept) >= 20:
                yield kept


# --- loops ----------------------------------------------------------------------------------------------------


def one_hot_in(source: str) -> bool:
    """Whether source makes one-hot vectors: by name, by an identity matrix, or by a one set among zeros."""
    return any(
        word in source for word in ("one_hot", "onehot", "OneHot", ".eye(", ".identity(", "scatter_", "get_dummies")
    ) or (("zeros" in source or "[0" in source) and _sets_one(source))


def _sets_one(source: str) -> bool:
    try:
        tree = parse(source)
    except SyntaxError:
        return "] = 1" in source or "]=1" in source
    return any(
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Subscript)
        and isinstance(node.value, ast.Constant)
        and node.value.value in (1, 1.0)
        for node in ast.walk(tree)
    )


def _from_loops(student: Student, found: Facts) -> Iterator[Hidden]:
    """A loop over an alphabet that makes one-hot vectors without keeping them: codes by the alphabet's order."""
    sizes = _vector_sizes(found)
    texts = {str(e["name"]): t for e in found.entries("globals") if (t := _alphabet(found.value(e.get("value"))))}
    for cell in student.notebook.code_cells:
        if "class " in cell.source or not one_hot_in(_loops(cell.source)):
            continue
        for text in _alphabets(cell, texts):
            size = next((size for size in sizes if size >= len(text)), len(text))
            identity = np.eye(size)
            raw = {char: identity[at] for at, char in enumerate(text) if at < size and len(char) == 1}
            if _converts_case(student, cell):
                raw.update({char.upper(): raw[char] for char in LETTERS if char in raw})
            if len(raw) >= 20:
                yield Hidden(f"the loop in {cell_name(cell.index)}, which keeps no code", raw, cell.index)
                return


def _loops(source: str) -> str:
    """The source outside functions if it has a loop or comprehension; all of it when it cannot be parsed."""
    try:
        tree = parse(source)
    except SyntaxError:
        return source
    kept = [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    repeating = (ast.For, ast.While, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
    if not any(isinstance(inner, repeating) for node in kept for inner in ast.walk(node)):
        return ""
    return ast.unparse(ast.Module(kept, []))


def _converts_case(student: Student, cell: Cell) -> bool:
    earlier = [other.source for other in student.notebook.code_cells if other.index <= cell.index]
    return any(word in source for source in earlier for word in (".lower(", ".casefold("))


def _vector_sizes(found: Facts) -> list[int]:
    """Sizes of single one-hot vectors that a loop left in variables."""
    sizes = []
    for entry in found.entries("globals"):
        numbers = numbers_of(found.value(entry.get("value")))
        if (
            numbers is not None
            and 26 <= numbers.size <= 200
            and numbers.sum() == 1
            and set(np.unique(numbers)) <= {0.0, 1.0}
        ):
            sizes.append(int(numbers.size))
    return sizes


def _alphabet(value: Value) -> tuple[str, ...]:
    parts: tuple[Any, ...] = ()
    if value.kind == "str":
        parts = tuple(value.text() or "")
    elif value.kind in {"list", "tuple"}:
        parts = tuple(item.text() or "" for item in value.items())
    elif value.kind == "dict":
        parts = tuple(key.text() or "" for key, _ in value.pairs())
    return parts if set(LETTERS) <= set(parts) and len(parts) <= 200 else ()


def _alphabets(cell: Cell, known: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    try:
        tree: ast.AST = parse(cell.source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in known:
            yield known[node.id]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and set(LETTERS) <= set(node.value):
            yield tuple(node.value)
