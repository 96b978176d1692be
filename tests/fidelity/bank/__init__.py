"""Notebooks that were written and labelled without knowing the rubrics; only the fidelity harness grades them.

A file is named ``assignmentN_….toml`` and holds a table for each notebook::

    [[case]]
    name = "what it is, unique in its assignment"
    lost = { "1e.relu" = "not-met", "1d.normalize" = ["partial", 0.5] }
    faults = 2
    notebook = '''
    cells, divided by lines that start with `# %%`; a markdown cell begins with `#md`
    '''

``lost`` (criterion → kind, or kind and share kept), ``faults`` (else the number of lost criteria) and ``answers``
(question → typed answer) may be missing: such a notebook is right.
"""

from __future__ import annotations

import re
import tomllib
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
        ValueError: If a name occurs twice.
    """
    files = sorted(folder.glob(f"assignment{assignment}_*.toml"))
    found = [
        _case(assignment, table) for file in files for table in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
    ]
    names = [case.name for case in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the stored notebooks of assignment {assignment} need names of their own; twice: {twice}")
    return found


def _case(assignment: str, table: dict[str, Any]) -> Case:
    lost = {criterion: _label(given) for criterion, given in table.get("lost", {}).items()}
    answers = table.get("answers", {})
    return Case(table["name"], assignment, _cells(table["notebook"]), lost, answers, table.get("faults", len(lost)))


def _label(given: str | list[Any]) -> Label:
    if isinstance(given, str):
        return Label(given, 0.0 if given == "not-met" else None)
    kind, fraction = given
    return Label(kind, float(fraction))


def _cells(text: str) -> tuple[str, ...]:
    return tuple(cell.strip("\n") + "\n" for cell in _CELL.split(text) if cell.strip())
