"""What the questions of this assignment share: the inventory, the names file, and asking in steps."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.errors import KernelUnavailableError
from grader.probe.types import Answer, Array, Request
from grader.probe.value import Value
from grader.scoring import Student
from reference.assignment2 import LETTERS

CSV_NAME = "name_gender_dataset.csv"
"""File of the names, as notebooks read it."""

PROBED = LETTERS + "-" + LETTERS.upper()
"""The characters whose codes are asked for."""

_HEADING = re.compile(
    r"(?:^|[^\w])(?:task|question|aufgabe|exercise|part|teil|2|ii)?\s*[-:.]?\s*(?:2|ii)?\s*\(?([a-h])\)", re.IGNORECASE
)
_COMPACT = re.compile(r"(?<![\w.])(?:2|ii)\s*\.?\s*\(?([a-h])\)?(?![\w])", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A line of the names file. Attributes: name as written; gender ``M`` or ``F``."""

    name: str
    gender: str


@dataclass(frozen=True)
class Step:
    """Result of one evaluated expression.

    Attributes:
        ok: Whether it raised nothing.
        value: Its value; of kind ``none`` when it failed.
        error: The exception, as documented for ``evaluate``.
        data: Everything else that was recorded.
    """

    ok: bool
    value: Value
    error: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def fault(self) -> str:
        """The exception in words, or ``""``."""
        if self.ok:
            return ""
        kind, message = str(self.error.get("type", "error")), str(self.error.get("message", ""))
        return f"{kind}: {message}"[:160] if message else kind


@dataclass(frozen=True)
class Facts:
    """The inventory of a notebook.

    Attributes:
        answer: The kernel's answer, to read values of.
        sections: Index of a cell → letter of the question that it belongs to, as far as headings tell.
    """

    answer: Answer
    sections: Mapping[int, str] = field(default_factory=dict)

    def entries(self, key: str) -> list[Mapping[str, Any]]:
        """A list of the inventory."""
        found = self.answer.data.get(key)
        return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []

    def value(self, described: Any) -> Value:
        """A described value of the inventory."""
        return Value(described, self.answer)

    def in_section(self, cell: Any, letter: str) -> bool:
        """Whether a cell belongs to a question."""
        return isinstance(cell, int) and self.sections.get(cell) == letter


def facts(student: Student) -> Facts:
    """The inventory of a student's notebook; use it with ``student.find``.

    Raises:
        KernelUnavailableError: The kernel cannot be asked.
    """
    answer = student.ask(Request("inventory", timeout_s=180))
    if answer.error is not None:
        message = f"the inventory of {student.notebook.name} failed: {answer.error.get('message', '')[:300]}"
        raise KernelUnavailableError(message)
    return Facts(answer, _sections(student))


def ask(
    student: Student,
    steps: Sequence[Mapping[str, Any]],
    tensors: Mapping[str, Array] | None = None,
    timeout_s: float = 90,
) -> dict[str, Step]:
    """Evaluates steps; all of them have failed when the request as a whole did."""
    if not steps:
        return {}
    answer = student.ask(Request("evaluate", {"steps": list(steps)}, dict(tensors or {}), timeout_s))
    if answer.error is not None:
        failed = {"type": "NoAnswer", "message": answer.error.get("message", "")}
        return {str(step["slot"]): Step(False, Value(None, answer), failed, {}) for step in steps}
    found = {}
    for raw in answer.data.get("steps", ()):
        found[str(raw.get("slot"))] = Step(
            bool(raw.get("ok")), Value(raw.get("value"), answer), raw.get("error") or {}, raw
        )
    return found


def object_of(student: Student, sources: Sequence[str], names: Mapping[str, Any] | None = None) -> int | None:
    """The number of what sources bind to ``probe_net`` in a copy of the namespace; None when they fail.

    Args:
        student: Whose kernel is asked.
        sources: Texts of cells.
        names: Expressions to put in place before, by name.
    """
    params = {"sources": list(sources), "names": dict(names or {}), "budget_s": 10.0, "seed": 0}
    answer = student.ask(Request("rerun", params, timeout_s=100))
    return Value((answer.data.get("names") or {}).get("probe_net"), answer).obj


def names_table(student: Student) -> tuple[Row, ...]:
    """The lines of the names file that the sandbox offered; use it with ``student.find``."""
    with open(student.assets.path("names"), encoding="utf-8-sig", newline="") as stream:
        return tuple(Row(line["Name"], line["Gender"]) for line in csv.DictReader(stream))


def _sections(student: Student) -> dict[int, str]:
    """Cells by question: a markdown heading or a comment in the first lines of a cell begins a question."""
    found: dict[int, str] = {}
    current = ""
    for cell in student.notebook.cells:
        if cell.kind == "markdown":
            letters = list(_letters(cell.source))
            current = letters[-1] if letters else current
        else:
            head = [line for line in cell.source.splitlines()[:3] if line.lstrip().startswith("#")]
            letters = list(_letters("\n".join(head)))
            current = letters[-1] if letters else current
        if current:
            found[cell.index] = current
    return found


def _letters(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = _HEADING.search(line) or _COMPACT.search(line)
        if match:
            yield match.group(1).lower()


def code_of(student: Student, *letters: str, found: Facts | None = None) -> str:
    """The source of all code cells, or of those of some questions when headings tell them apart."""
    known = found.sections if found is not None else {}
    chosen = [c for c in student.notebook.code_cells if known.get(c.index) in letters] if letters else []
    return "\n\n".join(cell.source for cell in (chosen or student.notebook.code_cells))


def cell_name(index: int | None) -> str:
    """``cell N`` for evidence, counted from 1."""
    return f"cell {index + 1}" if isinstance(index, int) else "the notebook"
