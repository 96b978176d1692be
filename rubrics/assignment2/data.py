"""The student's data set: found among the notebook's objects, or made from its class, and sampled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.value import Value
from grader.scoring import Student
from rubrics.assignment2.alignment import Alignment, Matrix, Sample, align
from rubrics.assignment2.constructing import argument_sets
from rubrics.assignment2.facts import Facts, Row, ask, facts, names_table
from rubrics.assignment2.items import Item, read_item

_TORCH_DATASET = "torch.utils.data.dataset.Dataset"
WRAPPERS = {"Subset", "ConcatDataset"}
MANY = 10
READ_AS_MISSING = {"nan": "nanne", "null": "nulle", "none": "nonne", "na": "nah", "": "anna"}
"""Lower-case names that readers of CSV take for missing values, and what is written in their place."""


@dataclass(frozen=True)
class DataSet:
    """The data set that 2(d) is judged by.

    Attributes:
        expr: How to reach it.
        obj: Its number.
        type_name: Its class.
        subclass: Whether it is a ``torch.utils.data.Dataset``.
        own: Whether the notebook defines its class.
        length: ``len`` of it, or None when that fails.
        items: Sampled items.
        alignment: How names are laid out in them.
        how: How it was had, for evidence.
        sizes: Lengths of containers that it holds, by attribute.
        rows: Number of names that it was made with, where the examination made it.
        clean: Whether its names were made lower-case and free of '-', to look past a fault of 2(c).
        misfed: Whether the notebook made it with other things than names, and this is one made with names.
    """

    expr: Expr
    obj: int | None
    type_name: str
    subclass: bool
    own: bool
    length: int | None
    items: tuple[Item, ...]
    alignment: Alignment
    how: str
    sizes: Mapping[str, int]
    clean: bool = False
    rows: int = 0
    misfed: bool = False

    @property
    def good(self) -> tuple[Item, ...]:
        """Items that hold an encoded name."""
        return tuple(item for item in self.items if item.rows is not None)

    @property
    def width(self) -> int | None:
        """D: the number of columns of the items, or None when they are index numbers."""
        widths = {
            item.rows.shape[1] for item in self.good if item.rows is not None and item.x is not None and item.x.ndim > 1
        }
        return widths.pop() if len(widths) == 1 else None

    @property
    def one_hot(self) -> bool:
        """Whether all rows are one-hot or zero."""
        rows = [item.rows for item in self.good if item.rows is not None]
        return bool(rows) and self.width is not None and self.width > 2 and all(_one_hot(part) for part in rows)


def one_code_for_all(data: DataSet | None) -> bool:
    """Whether the rows are one-hot, but hardly differ: the characters have no codes of their own."""
    if data is None or not data.one_hot:
        return False
    kinds = {tuple(row) for item in data.good if item.rows is not None for row in item.rows if row.any()}
    return len(kinds) < 5


def _one_hot(rows: Matrix) -> bool:
    return bool(np.isin(rows, (0, 1)).all() and (rows.sum(axis=1) <= 1).all() and rows.any())


def find_data_set(student: Student) -> DataSet | None:
    """The data set of names; use it with ``student.find``."""
    found = student.find(facts)
    failing: DataSet | None = None
    for expression, entry, how in _instances(found):
        failing = examined(student, found, expression, entry, how)
        if failing is not None and (failing.good or not any(item.fault for item in failing.items)):
            return _with_names(student, found, failing)
        if failing is not None:
            break
    # an instance of which every item fails may have been given the wrong arguments
    for kind in _classes(found):
        made = constructed(student, found, kind)
        if made is not None and (failing is None or 2 * len(made.good) > len(made.items)):
            return made
    return failing


def _with_names(student: Student, found: Facts, data: DataSet) -> DataSet:
    """The data set, or one of its class made with names where the notebook encodes two texts only: the genders."""
    texts = {item.rows.tobytes() for item in data.good if item.rows is not None}
    if data.alignment.layout or len(texts) > 2 or len(data.good) < MANY:
        return data
    for kind in _classes(found):
        made = constructed(student, found, kind) if kind.get("name") == data.type_name else None
        if made is not None and made.alignment.layout and made.alignment.right:
            return replace(made, misfed=True)
    return data


def classes_of(student: Student) -> list[Mapping[str, Any]]:
    """The notebook's data set classes."""
    return _classes(student.find(facts))


def _is_dataset_class(kind: Mapping[str, Any]) -> bool:
    bases = [str(base) for base in kind.get("bases") or ()]
    methods = set(kind.get("methods") or ())
    if "torch.nn.modules.module.Module" in bases:
        return False
    inherits = bool(re.match(r"class\s+\w+\s*\(.*\bDataset\b", str(kind.get("source", ""))))
    return _TORCH_DATASET in bases or inherits or {"__len__", "__getitem__"} <= methods


def _classes(found: Facts) -> list[Mapping[str, Any]]:
    kinds = [kind for kind in found.entries("classes") if _is_dataset_class(kind)]
    return sorted(
        kinds, key=lambda kind: (found.in_section(kind.get("cell"), "d"), kind.get("cell") or 0), reverse=True
    )


def _instances(found: Facts) -> Iterator[tuple[Expr, Mapping[str, Any], str]]:
    """Candidates, the likeliest first: own classes before library ones, the whole before its parts."""
    half_made = _half_made(found)
    entries = [
        entry
        for entry in found.entries("datasets")
        if str(entry.get("type")) not in WRAPPERS and entry.get("obj") not in half_made
    ]
    known = {entry.get("obj") for entry in entries}
    used = {loader.get("dataset") for loader in found.entries("loaders")}
    # Of equals, the one that was trained on: for predictions some are made with targets that mean nothing.
    shuffled = {loader.get("dataset") for loader in found.entries("loaders") if loader.get("shuffle")}

    def rank(entry: Mapping[str, Any]) -> tuple[bool, bool, int, bool]:
        number, length = entry.get("obj"), entry.get("length")
        size = length if isinstance(length, int) else -1
        return bool(entry.get("own_class")), number in used, size, number in shuffled

    for entry in sorted(entries, key=rank, reverse=True)[:4]:
        yield expr.obj(int(entry["obj"])), entry, f"`{(entry.get('names') or [entry.get('type')])[0]}`"
    for kind in _classes(found):
        for number in kind.get("instances") or ():
            if number not in known | half_made:
                entry = {
                    "obj": number,
                    "type": kind.get("name"),
                    "own_class": True,
                    "mro": kind.get("bases"),
                    "attrs": {},
                }
                yield expr.obj(int(number)), entry, f"an instance of `{kind.get('name')}`"


def _half_made(found: Facts) -> set[Any]:
    """Numbers of objects whose constructor failed; the error keeps them alive."""
    calls = (
        call
        for function in found.entries("functions")
        if str(function.get("name")).endswith("__init__")
        for call in function.get("calls") or ()
    )
    return {(call.get("obj_args") or {}).get("self") for call in calls if call.get("error") is not None}


def examined(
    student: Student, found: Facts, expression: Expr, entry: Mapping[str, Any], how: str, *, clean: bool = False
) -> DataSet | None:
    """An object's length and sampled items as a data set of names; None when a library's object holds none.

    Args:
        student: Whose kernel is asked.
        found: The inventory.
        expression: How to reach the object.
        entry: What the inventory says of it.
        how: How it was had, for evidence.
        clean: Whether its names were made lower-case and free of '-'.
    """
    table = student.find(names_table)
    if clean:
        table = tuple(Row(_cleaned(row.name), row.gender) for row in table)
    length = ask(student, [{"slot": "n", "expr": expr.call(expr.importing("builtins.len"), [expression])}])["n"]
    count = int(length.value.number() or 0) if length.ok and length.value.number() is not None else None
    indices = _indices(table, count if count and count > 0 else len(table))
    steps = [{"slot": f"i{index}", "expr": expr.item(expression, expr.value(index))} for index in indices]
    items = [read_item(index, result) for index, result in zip(indices, ask(student, steps).values(), strict=False)]
    sizes = _sizes(found, entry)
    base = DataSet(
        expression,
        entry.get("obj"),
        str(entry.get("type")),
        _TORCH_DATASET in (entry.get("mro") or ()),
        bool(entry.get("own_class")),
        count,
        (),
        Alignment("", right=False),
        how,
        sizes,
        clean,
    )
    named = _named(student, base, items, table)
    if not base.own and not any(item.rows is not None for item in named):
        return None
    samples = [Sample(item.name, item.rows) for item in named if item.rows is not None and item.name]
    return replace(base, items=tuple(named), alignment=align(samples) if samples else base.alignment)


def _cleaned(name: str) -> str:
    plain = name.lower().replace("-", "")
    return READ_AS_MISSING.get(plain, plain)


def _indices(table: Sequence[Row], length: int) -> list[int]:
    """First, last, longest, hyphenated and some others."""
    names = [row.name for row in table[:length]]
    order = sorted(range(len(names)), key=lambda at: -len(names[at]))
    hyphens = [at for at, name in enumerate(names) if "-" in name]
    chosen = [*range(min(4, length)), length - 1, *order[:4], *order[-3:], *hyphens[:5], *hyphens[-3:]]
    spread = np.random.default_rng(7).choice(length, size=min(28, length), replace=False)
    chosen += [int(at) for at in spread]
    for letter in "abcdefghijklmnopqrstuvwxyz":
        for case in (str.lower, str.upper):
            chosen += [at for at, name in enumerate(names) if case(letter) in name][:1]
    return list(dict.fromkeys(at for at in chosen if 0 <= at < length))


def _sizes(found: Facts, entry: Mapping[str, Any]) -> dict[str, int]:
    sizes = {}
    for name, described in (entry.get("attrs") or {}).items():
        value = found.value(described)
        shape = value.shape
        size = value.length if value.length is not None else (shape[0] if shape else None)
        if size is not None and value.kind not in {"str", "dict", "module", "function"}:
            sizes[str(name)] = size
    return sizes


# --- which name an item encodes -------------------------------------------------------------------------------


def _named(student: Student, base: DataSet, items: Sequence[Item], table: Sequence[Row]) -> list[Item]:
    """The items with their names: by the file's order, else by what the data set holds."""
    in_order = [
        replace(item, name=table[item.index].name, gender=table[item.index].gender) if item.index < len(table) else item
        for item in items
    ]
    if not any(item.rows is not None for item in items) or _explained(in_order):
        return in_order
    genders: dict[str, set[str]] = {}
    for row in table:
        genders.setdefault(row.name.lower(), set()).add(row.gender)
    for names in _held_names(student, base, [item.index for item in items], set(genders)):
        held = [
            replace(
                item,
                name=names.get(item.index, ""),
                gender="".join(genders.get(names.get(item.index, "").lower(), set())),
            )
            for item in items
        ]
        if _explained(held):
            return held
    return in_order


def _explained(items: Sequence[Item]) -> bool:
    samples = [Sample(item.name, item.rows) for item in items if item.rows is not None and item.name]
    return bool(samples) and bool(align(samples).layout)


def _held_names(student: Student, base: DataSet, indices: Sequence[int], known: set[str]) -> Iterator[dict[int, str]]:
    """Names by index, from the lists, arrays and tables that the data set or the notebook holds."""
    found = student.find(facts)
    places: list[Expr] = []
    for name, size in base.sizes.items():
        if size == base.length:
            places.append(expr.attr(base.expr, name))
    for entry in found.entries("globals"):
        if found.value(entry.get("value")).length == base.length:
            places.append(expr.var(str(entry["name"])))
    as_list = expr.importing("builtins.list")
    for place in places[:12]:
        reached = [
            place,
            expr.call(as_list, [place]),
            expr.attr(place, "values"),
            expr.call(expr.attr(place, "reset_index"), [], {"drop": expr.value(True)}),
        ]
        for way in reached[:3]:
            steps: list[dict[str, Any]] = [{"slot": "all", "expr": way, "quiet": True}]
            steps += [{"slot": str(at), "expr": expr.item(expr.slot("all"), expr.value(at))} for at in indices]
            answers = ask(student, steps)
            names = {at: text for at in indices if (text := _name_in(answers[str(at)].value, known))}
            if len(names) >= 0.8 * len(indices):
                yield names
                break


def _name_in(value: Value, known: set[str]) -> str:
    items = (
        value.items()
        if value.kind in {"list", "tuple"}
        else [Value(i, value._answer) for i in value.data.get("items") or ()]
    )
    for part in (value, *items):
        text = part.text()
        if text and text.strip().lower() in known:
            return text.strip()
    return ""


# --- when there is no instance, or when it fails because of an earlier fault -----------------------------------


def constructed(student: Student, found: Facts, kind: Mapping[str, Any], *, clean: bool = False) -> DataSet | None:
    """An instance made with plausible arguments, the first that yields encoded names or at least a length."""
    number = kind.get("obj")
    if not isinstance(number, int):
        return None
    params = [
        param
        for param in (kind.get("methods") or {}).get("__init__", [])
        if param.get("name") != "self" and param.get("default") is None and param.get("kind") == "positional"
    ]
    table = student.find(names_table)[:400]
    if clean:
        table = tuple(Row(_cleaned(row.name), row.gender) for row in table)
    slot = "made clean" if clean else "made"
    entry: dict[str, Any] = {
        "obj": None,
        "type": kind.get("name"),
        "own_class": True,
        "mro": kind.get("bases"),
        "attrs": {},
    }
    weak: DataSet | None = None
    for args in argument_sets(found, [str(param.get("name")) for param in params], table):
        made = ask(student, [{"slot": slot, "expr": expr.call(expr.obj(number), args)}])[slot]
        if not made.ok or made.value.obj is None:
            continue
        how = f"`{kind.get('name')}`, which was instantiated for the examination"
        entry["obj"] = made.value.obj
        candidate = examined(student, found, expr.obj(made.value.obj), dict(entry), how, clean=clean)
        if candidate is None:
            continue
        candidate = replace(candidate, rows=len(table))
        targets = {tuple(item.target) for item in candidate.good if item.target is not None}
        if candidate.alignment.layout and len(targets) > 1:
            return candidate
        weak = candidate if weak is None or (candidate.alignment.layout and not weak.alignment.layout) else weak
    return weak
