"""Notebooks that were written and labelled without knowing the rubrics; only the fidelity harness grades them.

A file is named ``assignmentN_….toml`` and holds a table for each notebook::

    [[case]]
    name = "what it is, unique in its assignment"
    lost = { "1e.relu" = "not-met", "1d.normalize" = ["partial", 0.5] }
    faults = 2
    notebook = '''
    cells, divided by lines that start with `# %%`; a markdown cell begins with `#md`
    '''

A notebook that differs from another one in a few places has, instead of ``notebook``, the other one's name and the
texts to replace, each with its replacement, wherever they occur::

    base = "name of another notebook of the assignment"
    changes = [["old text", "new text"]]

``lost`` (criterion → kind, or kind and share kept), ``faults`` (else the number of lost criteria), ``answers``
(question → typed answer) and ``images`` (how many house numbers there are for training and testing; else as many as
students get) may be missing: a notebook without ``lost`` is right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fidelity.cases import Case, Label

_HERE = Path(__file__).parent
_CELL = re.compile(r"^# %%.*\n", re.MULTILINE)


def stored(assignment: str, folder: Path = _HERE) -> list[Case]:
    """The labelled notebooks of an assignment.

    Args:
        assignment: Its number.
        folder: Where the files lie.

    Raises:
        ValueError: If a name occurs twice, or a text to replace is not there.
    """
    files = sorted(folder.glob(f"assignment{assignment}_*.toml"))
    tables = [table for file in files for table in tomllib.loads(file.read_text(encoding="utf-8"))["case"]]
    notebooks = {table["name"]: _cells(table["notebook"]) for table in tables if "notebook" in table}
    found = [_case(assignment, table, notebooks) for table in tables]
    names = [case.name for case in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the stored notebooks of assignment {assignment} need names of their own; twice: {twice}")
    return found


def _case(assignment: str, table: dict[str, Any], notebooks: Mapping[str, tuple[str, ...]]) -> Case:
    lost = {criterion: _label(given) for criterion, given in table.get("lost", {}).items()}
    answers = table.get("answers", {})
    cells = notebooks.get(table["name"]) or _changed(table, notebooks[table["base"]])
    images = tuple(table["images"]) if "images" in table else None
    return Case(table["name"], assignment, cells, lost, answers, table.get("faults", len(lost)), images)


def _changed(table: dict[str, Any], cells: tuple[str, ...]) -> tuple[str, ...]:
    for old, new in table["changes"]:
        if not any(old in cell for cell in cells):
            raise ValueError(f"{table['name']}: expected {old!r} in {table['base']}")
        cells = tuple(cell.replace(old, new) for cell in cells)
    return cells


def _label(given: str | list[Any]) -> Label:
    if isinstance(given, str):
        return Label(given, 0.0 if given == "not-met" else None)
    kind, fraction = given
    return Label(kind, float(fraction))


def _cells(text: str) -> tuple[str, ...]:
    return tuple(cell.strip("\n") + "\n" for cell in _CELL.split(text) if cell.strip())
