"""A student's work as it would have gone on without a fault that was deducted already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.notebook import Cell
from grader.probe.types import Answer, Kernel, Request
from grader.scoring import Student

BUDGET_S = 60.0


@dataclass(frozen=True)
class Afterwards:
    """A kernel in which cells ran again with a repair; each question to it says so, and finds that state.

    Attributes:
        kernel: The student's.
        order: Which cells, and which repair; see ``again`` in ``docs/probes.md``.
    """

    kernel: Kernel
    order: Mapping[str, Any]

    def ask(self, request: Request) -> Answer:
        """Asks for the state behind the repair.

        Raises:
            KernelUnavailableError: As the kernel itself does.
        """
        return self.kernel.ask(replace(request, params={**request.params, "after": self.order}))


def went_on(student: Student, cells: Iterable[Cell], repair: str) -> Student | None:
    """The student with some cells run again under a repair, or None where none of them ends well.

    Args:
        student: As the notebook left it. The kernel goes on, too: what has to be seen before must have been asked.
        cells: Cells that failed.
        repair: What is put right, e.g. ``batches``.
    """
    sources = [{"index": cell.index, "source": cell.source} for cell in cells]
    order = {"cells": sources, "repair": repair, "budget_s": BUDGET_S}
    kernel = Afterwards(student.kernel, order)
    answer = kernel.ask(Request("again", timeout_s=4 * BUDGET_S + 60))
    results = {result["index"]: result for result in answer.data.get("results") or ()}
    if not any(result["ok"] for result in results.values()):
        return None
    after = tuple(_ended(cell, results.get(cell.index)) for cell in student.notebook.cells)
    notebook = replace(student.notebook, cells=after)
    return Student(student.name, notebook, kernel, student.answers, student.assets, student.seed, student.outcomes)


def _ended(cell: Cell, result: Mapping[str, Any] | None) -> Cell:
    if result is None:
        return cell
    if result["ok"]:
        return replace(cell, status="ok", error_name="", error_message="", error_line=None)
    error = result["error"] or {}
    return replace(cell, error_name=str(error.get("type", "")), error_message=str(error.get("message", "")))
