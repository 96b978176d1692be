"""Networks that are instantiated without their sizes, told by the errors of the cells, and how these are put right."""

from __future__ import annotations

import ast
import re

from grader.notebook import Cell
from grader.scoring import Student
from grader.scoring.parsing import parse
from rubrics.assignment2.facts import cell_name, facts
from rubrics.assignment2.network import network_classes
from rubrics.source import calls

FILLED = """
def probe_filled(kind):
    import functools, inspect
    made = kind.__init__
    if hasattr(made, "probe_filled"):
        return
    sizes = list(inspect.signature(made).parameters.values())[1:]
    @functools.wraps(made)
    def filling(self, *args, **kwargs):
        for one in sizes[len(args):]:
            if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD and one.name not in kwargs:
                last = any(word in one.name.lower() for word in ("out", "class")) or one.name.lower() in {"o", "c"}
                kwargs[one.name] = probe_outputs if last else 16
        made(self, *args, **kwargs)
    filling.probe_filled = True
    kind.__init__ = filling
"""
"""Source of a function that lets a class take sizes for arguments that are not given."""


def _kinds(student: Student) -> list[str]:
    return [str(kind.get("name")) for kind in network_classes(student.find(facts))]


def wrongly_made(student: Student, broken: Cell) -> bool:
    """Whether a cell ended with a network that was made without its sizes."""
    wrong = broken.error_name == "TypeError" and re.search(r"__init__\(\) (missing|takes)", broken.error_message)
    return bool(wrong) and any(f"{name}.__init__" in broken.error_message for name in _kinds(student))


def without_value(student: Student) -> str:
    """What happened where a network got a size that has no value; ``""`` when it did not happen."""
    kinds = set(_kinds(student))
    for cell in student.notebook.code_cells:
        name = re.search(r"name '(\w+)'", cell.error_message or "") if cell.error_name == "NameError" else None
        if name and name.group(1) in _arguments(cell.source, kinds):
            return f"{cell_name(cell.index)}: {cell.error_message}"
    return ""


def instantiated(student: Student) -> bool:
    """Whether a cell calls a network's class, be it behind a line that failed."""
    kinds = set(_kinds(student))
    return any(_calls(cell.source, kinds) for cell in student.notebook.code_cells)


def _calls(source: str, kinds: set[str]) -> list[ast.Call]:
    try:
        tree = parse(source)
    except SyntaxError:
        return []
    return [call for call in calls(tree, *kinds) if isinstance(call.func, ast.Name)]


def _arguments(source: str, kinds: set[str]) -> set[str]:
    """Names that calls of some classes get as arguments, not inside of further calls."""
    given = [
        value for call in _calls(source, kinds) for value in (*call.args, *(keyword.value for keyword in call.keywords))
    ]
    return {value.id for value in given if isinstance(value, ast.Name)}
