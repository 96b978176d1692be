"""Trainings that use the class of a network where an instance is meant, and the instance that puts them right."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.scoring import Student
from rubrics.assignment2.asking import width_of
from rubrics.assignment2.facts import ask, cell_name, facts
from rubrics.assignment2.network import argument_orders, network_classes, sizes_of
from rubrics.source import calls, parsed_cells

_WITHOUT_SELF = re.compile(r"(\w+)\.\w+\(\) missing 1 required positional argument: 'self'")
_BATCH, _LENGTH = 2, 5


@dataclass(frozen=True)
class Uncalled:
    """A class that the notebook uses as if it were a network.

    Attributes:
        kind: The class.
        names: Names that stand for it where a network is meant.
        saw: What happened, for evidence.
    """

    kind: Mapping[str, Any]
    names: tuple[str, ...]
    saw: str


def find_uncalled(student: Student) -> Uncalled | None:
    """The class, where a cell ended because a network's method was called on it; use it with ``student.find``."""
    kinds = network_classes(student.find(facts))
    fault = _fault(student, {"Module", *(str(kind.get("name")) for kind in kinds)})
    for kind in reversed(kinds) if fault else ():
        name = str(kind.get("name"))
        trees = [cell.tree for cell in parsed_cells(student.notebook)]
        names = {target for tree in trees for target in _assigned(tree, name)}
        if not any(isinstance(call.func, ast.Name) for tree in trees for call in calls(tree, name)):
            names.add(name)
        if names:
            return Uncalled(kind, tuple(sorted(names)), f"`{name}` is used as it is, without being called: {fault}")
    return None


def _fault(student: Student, kinds: set[str]) -> str:
    for cell in student.notebook.code_cells:
        message = cell.error_message or ""
        of_class = _WITHOUT_SELF.search(message)
        if (of_class and of_class.group(1) in kinds) or "object has no attribute '_apply'" in message:
            return f"{cell_name(cell.index)}: {message[:100]}"
    return ""


def _assigned(tree: ast.AST, kind: str) -> list[str]:
    """Names that are assigned the class itself."""
    assignments = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    bare = [node for node in assignments if isinstance(node.value, ast.Name) and node.value.id == kind]
    return [target.id for node in bare for target in node.targets if isinstance(target, ast.Name)]


def instance(student: Student, kind: Mapping[str, Any], outputs: int) -> Expr:
    """A new network of a class: with the sizes that take encoded names and give so many numbers, if such are found."""
    width = width_of(student)
    number = int(kind.get("obj") or 0)
    orders = argument_orders(sizes_of(kind), width, outputs=outputs)
    fitting = (args for args in orders if _takes_names(student, _made(number, args), width, outputs))
    return _made(number, next(fitting, orders[0]))


def _made(number: int, args: Sequence[int]) -> Expr:
    return expr.call(expr.obj(number), [expr.value(arg) for arg in args])


def _takes_names(student: Student, network: Expr, width: int, outputs: int) -> bool:
    x = np.zeros((_BATCH, _LENGTH, width), dtype=np.float32)
    called = ask(student, [{"slot": "z", "expr": expr.call(network, [expr.tensor("x")]), "grad": False}], {"x": x})["z"]
    return any(array.size in {_BATCH * outputs, _BATCH * _LENGTH * outputs} for array in called.value.arrays())
