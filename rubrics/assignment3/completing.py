"""Instances of a notebook's classes that it could not make itself, the call of ``super().__init__()`` being put in."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.scoring import Student
from reference.assignment3 import CLASSES, FEATURES
from rubrics.assignment3.objects import Objects
from rubrics.put_right import with_super
from rubrics.repair import Plan, rerun
from rubrics.source import calls, without_magics

MOST_CALLS = 4
"""How many of the notebook's own ways to make an instance are tried."""
_SIZES = ("", f"{CLASSES}", f"3, {CLASSES}", f"{FEATURES}, {CLASSES}")
"""What classes may be made with where the notebook makes none."""


def is_module_class(entry: Mapping[str, Any]) -> bool:
    """Whether a class of the notebook derives from ``nn.Module``."""
    bases = [str(base) for base in entry.get("bases") or ()]
    known = any(base.endswith(("torch.nn.modules.module.Module", "nn.Module")) for base in bases)
    return known and isinstance(entry.get("obj"), int)


def completed_classes(found: Objects) -> list[str]:
    """Sources of the notebook's networks and blocks with the missing calls put in; empty where none is missing."""
    texts = [textwrap.dedent(str(entry.get("source") or "")) for entry in _classes(found)]
    whole = _completed(texts, found)
    return whole if whole != texts else []


def completed_cells(found: Objects, sources: Sequence[str]) -> list[str]:
    """Cells to run again with the missing calls put in, behind the classes; empty where none is missing."""
    classes = completed_classes(found)
    return [*classes, *_completed(sources, found)] if classes else []


def _classes(found: Objects) -> list[Mapping[str, Any]]:
    return [entry for entry in found.entries("classes") if is_module_class(entry)]


def _completed(sources: Sequence[str], found: Objects) -> list[str]:
    whole = list(sources)
    for name in dict.fromkeys(_own_name(entry) for entry in _classes(found)):
        whole = [with_super(without_magics(source), name) or source for source in whole]
    return whole


def _own_name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name")).rpartition(".")[2]


def made_as_written(student: Student, found: Objects, entry: Mapping[str, Any]) -> int | None:
    """The number of an instance, made with a call of the notebook whose cell did not get that far."""
    return _made(student, [], list(_own_calls(found, _own_name(entry))))


def made_completed(student: Student, found: Objects, entry: Mapping[str, Any]) -> int | None:
    """The number of an instance of a class that could not be made without the missing calls, with these put in."""
    name, classes = _own_name(entry), completed_classes(found)
    ways = [*_own_calls(found, name), *(f"{name}({sizes})" for sizes in _SIZES)]
    return _made(student, classes, ways) if classes else None


def _own_calls(found: Objects, name: str) -> Iterator[str]:
    written = [ast.unparse(call) for cell in found.cells for call in calls(cell.tree, name)]
    yield from list(dict.fromkeys(written))[-MOST_CALLS:]


def _made(student: Student, classes: Sequence[str], ways: Sequence[str]) -> int | None:
    for way in ways:
        plan = Plan([*classes, f"probe_net = {way}"], lenient=False, budget_s=10.0)
        described = rerun(student, plan).names.get("probe_net")
        obj = described.get("obj") if isinstance(described, Mapping) else None
        if isinstance(obj, int):
            return obj
    return None
