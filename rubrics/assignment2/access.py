"""Ways in which a notebook may give the code of a character: functions, methods, dictionaries, strings, arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.value import Value
from grader.scoring import Student
from rubrics.assignment2.facts import Facts, ask, cell_name

_SKIPPED = {"__init__", "__len__", "forward", "__iter__", "__next__", "__repr__", "__str__", "__new__", "collate_fn"}
_ENCODERS = ("OneHotEncoder", "LabelEncoder", "LabelBinarizer", "OrdinalEncoder")


@dataclass(frozen=True)
class Access:
    """A way to the code of a character.

    Attributes:
        how: What it is, for evidence.
        of: Expression for the code of a character.
        cell: Where it was defined.
        stored: Whether later code can use it: a function that returns, or something kept in a variable.
        prelude: Steps to evaluate first.
        rank: Lower ones are tried first.
        bare: Whether it is only a string or list of characters, whose places serve as index numbers.
        table: Whether it is a dictionary with an entry for each letter.
    """

    how: str
    of: Callable[[str], Expr]
    cell: int | None = None
    stored: bool = True
    prelude: tuple[Mapping[str, Any], ...] = ()
    rank: int = 0
    bare: bool = False
    table: bool = False


def accesses(student: Student, found: Facts) -> list[Access]:
    """All candidates; those of 2(c)'s own cells first."""
    every = [*_functions(found), *_methods(found), *_globals(found), *_attributes(student, found), *_locals(found)]
    return sorted(every, key=lambda way: (not found.in_section(way.cell, "c"), way.rank))[:80]


# --- functions ------------------------------------------------------------------------------------------------


def _functions(found: Facts) -> Iterator[Access]:
    listed = set()
    for function in found.entries("functions"):
        number = function.get("obj")
        if function.get("is_method") or not isinstance(number, int):
            continue
        listed.add(number)
        if _gives_nothing(function):
            continue  # it would only be called for what it changes, such as an alphabet that it makes codes of
        nested = not function.get("global")
        for fill in _fills(found, function):
            yield Access(
                f"`{function['name']}` in {cell_name(function.get('cell'))}",
                _calling(expr.obj(number), fill),
                function.get("cell"),
                stored=not nested or bool(function.get("calls")),
                rank=0,
            )
    for entry in found.entries("globals"):
        value = found.value(entry.get("value"))
        if value.kind == "function" and value.data.get("own") and value.obj not in listed:
            yield Access(
                f"`{entry['name']}` in {cell_name(entry.get('cell'))}",
                _calling(expr.var(str(entry["name"])), ({}, 0)),
                entry.get("cell"),
            )


def _gives_nothing(function: Mapping[str, Any]) -> bool:
    """Whether all recorded calls of a function returned None."""
    returned = [record.get("returned") or {} for record in function.get("calls") or ()]
    return bool(returned) and all(one.get("kind") == "none" for one in returned)


Fill = tuple[Mapping[int, Expr], int]
"""Positional arguments beside the character, and the place of the character."""


def _calling(target: Expr, fill: Fill) -> Callable[[str], Expr]:
    others, place = fill
    count = max([place, *others]) + 1

    def of(char: str) -> Expr:
        return expr.call(target, [others.get(at, expr.value(char)) for at in range(count)])

    return of


def _fills(found: Facts, function: Mapping[str, Any], *, skip_self: bool = False) -> list[Fill]:
    """Which parameter takes the character, and what the other required ones take."""
    params = [p for p in function.get("params") or () if p.get("kind") == "positional"]
    if skip_self and params and params[0].get("name") in {"self", "cls"}:
        params = params[1:]
    required = [at for at, param in enumerate(params) if param.get("default") is None]
    if not params or not required:
        return [({}, 0)] if params else []
    if len(required) == 1:
        return [({}, required[0])]
    if len(required) > 4:
        return []
    fills: list[tuple[Mapping[int, Any], int]] = []
    for place in required[:2]:
        others = {}
        for at in required:
            filled = _filled(found, function, str(params[at].get("name"))) if at != place else None
            if filled is not None:
                others[at] = filled
        if len(others) == len(required) - 1:
            fills.append((others, place))
    return fills


def _filled(found: Facts, function: Mapping[str, Any], name: str) -> Expr | None:
    for record in reversed(function.get("calls") or ()):
        number = (record.get("obj_args") or {}).get(name)
        if isinstance(number, int):
            return expr.obj(number)
    names = {str(entry["name"]) for entry in found.entries("globals")}
    if name in names:
        return expr.var(name)
    lower = name.lower()
    for known in sorted(names):
        if lower in known.lower() and found_kind(found, known) in {"dict", "str", "list", "int"}:
            return expr.var(known)
    if any(word in lower for word in ("len", "max", "size", "num", "dim")):
        return expr.value(27 if any(word in lower for word in ("size", "num", "dim")) else 20)
    return None


def found_kind(found: Facts, name: str) -> str:
    """Kind of a global's value, or ``none``."""
    entry = next((entry for entry in found.entries("globals") if entry.get("name") == name), {})
    return found.value(entry.get("value")).kind


def _methods(found: Facts) -> Iterator[Access]:
    kinds = {kind.get("name"): kind for kind in found.entries("classes")}
    for function in found.entries("functions"):
        kind = kinds.get(function.get("class")) if function.get("is_method") else None
        name = str(function.get("name", "")).rsplit(".", 1)[-1]
        if kind is None or name in _SKIPPED or "torch.nn.modules.module.Module" in (kind.get("bases") or ()):
            continue
        is_data = "torch.utils.data.dataset.Dataset" in (kind.get("bases") or ())
        if name.startswith("__") and (is_data or name not in {"__call__", "__getitem__", "__missing__"}):
            continue
        bare = _fills(found, function, skip_self=True)
        for target, prelude, where in _holders(_with_heirs(kind, kinds.values()), name):
            for fill in bare:
                yield Access(
                    f"method `{function['name']}` {where}in {cell_name(function.get('cell'))}",
                    _calling(target, fill),
                    function.get("cell"),
                    prelude=prelude,
                    rank=1,
                )


def _with_heirs(kind: Mapping[str, Any], kinds: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A class with the instances of the classes that inherit from it, where it has none itself."""
    title = f"__main__.{kind.get('name')}"
    heirs = [one for other in kinds if title in (other.get("bases") or ())[1:] for one in other.get("instances") or ()]
    return kind if kind.get("instances") else {**kind, "instances": heirs}


def _holders(kind: Mapping[str, Any], method: str) -> Iterator[tuple[Expr, tuple[Mapping[str, Any], ...], str]]:
    number = kind.get("obj")
    instances = [expr.obj(int(one)) for one in (kind.get("instances") or ())[:1]]
    for instance in instances:
        # A method such as ``fit`` changes its object, which others have to find as it was.
        copied = {"slot": "holder", "expr": expr.call(expr.importing("copy.copy"), [instance]), "quiet": True}
        yield expr.attr(expr.slot("holder"), method), (copied,), ""
    if instances or not isinstance(number, int):
        return
    made = {"slot": "holder", "expr": expr.call(expr.obj(number)), "quiet": True}
    yield expr.attr(expr.slot("holder"), method), (made,), ""
    yield expr.attr(expr.obj(number), method), (), ""


# --- data structures ------------------------------------------------------------------------------------------


def _globals(found: Facts) -> Iterator[Access]:
    strings = []
    matrices = []
    for entry in found.entries("globals"):
        name, value, cell = str(entry["name"]), found.value(entry.get("value")), entry.get("cell")
        if is_alphabet(value):
            strings.append((expr.var(name), f"`{name}` in {cell_name(cell)}", cell))
        elif value.kind in {"tensor", "ndarray"} and _codes_by_place(value):
            matrices.append((expr.var(name), f"`{name}` in {cell_name(cell)}", cell))
        if value.kind in {"list", "tuple"} and 26 <= (value.length or 0) <= 80 and _vectors(value):
            matrices.append((expr.var(name), f"`{name}` in {cell_name(cell)}", cell))
        yield from _structure(expr.var(name), value, f"`{name}` in {cell_name(cell)}", cell)
    for target, how, cell in matrices:
        for alphabet, _, _ in strings:
            index = expr.call(expr.attr(call_list(alphabet), "index"), [expr.value("{char}")])
            yield Access(how, _with_char(expr.item(target, index)), cell, rank=2)
        yield Access(how, _by_place(target), cell, rank=3)


def _codes_by_place(value: Value) -> bool:
    """Whether a matrix may hold a row for each character: a batch's outputs have about as many rows."""
    rows, columns = value.shape if value.shape is not None and len(value.shape) == 2 else (0, 0)
    if 26 <= rows <= 29:
        return True
    array = value.array() if 26 <= rows <= 80 and columns >= 26 else None
    return array is not None and bool(np.isin(array, (0, 1)).all())


def _vectors(value: Value) -> bool:
    shapes = {part.shape if part.kind in {"tensor", "ndarray"} else (part.length,) for part in value.items()}
    return len(shapes) == 1 and next(iter(shapes)) not in {None, (), (None,)}


def call_list(target: Expr) -> Expr:
    """``list(target)``."""
    return expr.call(expr.importing("builtins.list"), [target])


def is_alphabet(value: Value) -> bool:
    """Whether it is a string or list of characters with all letters."""
    if value.kind == "str":
        text = value.text() or ""
        return (
            26 <= len(text) <= 200
            and set("abcdefghijklmnopqrstuvwxyz") <= set(text.lower())
            and len(set(text)) == len(text)
        )
    if value.kind in {"list", "tuple"}:
        texts = {item.text() for item in value.items()}
        return set("abcdefghijklmnopqrstuvwxyz") <= {text.lower() for text in texts if text} and len(texts) <= 200
    return False


def _structure(target: Expr, value: Value, how: str, cell: int | None, *, stored: bool = True) -> Iterator[Access]:
    if value.kind == "dict":
        keys = {key.text() for key, _ in value.pairs()}
        if len([key for key in keys if key and len(key) == 1]) >= 20:
            yield Access(how, lambda char: expr.item(target, expr.value(char)), cell, stored, rank=1, table=True)
    elif is_alphabet(value):
        yield Access(
            how,
            lambda char: expr.call(expr.attr(call_list(target), "index"), [expr.value(char)]),
            cell,
            stored,
            rank=5,
            bare=True,
        )
    elif value.kind == "dataframe":
        array = expr.importing("numpy.asarray")
        yield Access(how, lambda char: expr.call(array, [expr.item(target, expr.value(char))]), cell, stored, rank=2)
        yield Access(
            how,
            lambda char: expr.call(array, [expr.item(expr.attr(target, "loc"), expr.value(char))]),
            cell,
            stored,
            rank=2,
        )
    elif value.type_name in _ENCODERS:
        yield from _encoder(target, value.type_name, how, cell, stored=stored)


def _encoder(target: Expr, kind: str, how: str, cell: int | None, *, stored: bool) -> Iterator[Access]:
    nested = kind in {"OneHotEncoder", "OrdinalEncoder"}

    def of(char: str) -> Expr:
        return expr.call(expr.attr(target, "transform"), [expr.value([[char]] if nested else [char])])

    yield Access(how, lambda char: expr.call(expr.attr(of(char), "toarray")), cell, stored, rank=2)
    yield Access(how, of, cell, stored, rank=3)


def _with_char(template: Expr) -> Callable[[str], Expr]:
    def filled(part: Any, char: str) -> Any:
        if part == "{char}":
            return char
        if isinstance(part, dict):
            return {key: filled(inner, char) for key, inner in part.items()}
        return [filled(inner, char) for inner in part] if isinstance(part, list) else part

    return lambda char: filled(template, char)


def _by_place(target: Expr) -> Callable[[str], Expr]:
    places = {char: at for at, char in enumerate("abcdefghijklmnopqrstuvwxyz-")}
    return lambda char: expr.item(target, expr.value(places.get(char, 10_000)))


def _attributes(student: Student, found: Facts) -> Iterator[Access]:
    """Attributes of the notebook's own objects, and what its classes hold."""
    holders: dict[int, tuple[str, int | None]] = {}
    for kind in found.entries("classes"):
        for number in [*(kind.get("instances") or ())[:2], kind.get("obj")]:
            if isinstance(number, int):
                holders[number] = (str(kind.get("name")), kind.get("cell"))
    steps = [
        {
            "slot": str(number),
            "expr": expr.call(expr.importing("builtins.dict"), [expr.attr(expr.obj(number), "__dict__")]),
        }
        for number in list(holders)[:10]
    ]
    for slot, result in ask(student, steps).items():
        name, cell = holders[int(slot)]
        for key, value in result.value.pairs():
            attribute = key.text() or ""
            if not attribute or attribute.startswith("__"):
                continue
            yield from _structure(expr.attr(expr.obj(int(slot)), attribute), value, f"`{name}.{attribute}`", cell)


def _locals(found: Facts) -> Iterator[Access]:
    """Dictionaries that a function made and did not return: they can be examined, but not used by later code."""
    for function in found.entries("functions"):
        for record in (function.get("calls") or ())[-1:]:
            for name, described in (record.get("locals") or {}).items():
                number = (record.get("locals_obj") or {}).get(name)
                value = found.value(described)
                if isinstance(number, int) and (value.kind == "dict" or is_alphabet(value)):
                    how = f"`{name}` inside `{function['name']}`"
                    yield from _structure(expr.obj(number), value, how, function.get("cell"), stored=False)
