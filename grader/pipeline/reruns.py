"""A notebook that ends its kernel runs again without the cell at fault, so that the other cells count."""

from __future__ import annotations

from dataclasses import replace

from nbformat import NotebookNode

from grader.notebook import Cell, ExecutedNotebook

FATAL = {"time", "memory", "output", "killed"}
RUNS = 3
"""How often a notebook runs at most."""
SKIPPED = "pass  # left out: this cell had ended the kernel when the notebook ran first"


def culprit(executed: ExecutedNotebook) -> int | None:
    """Index of the cell that ended the kernel, or None when the kernel lived on."""
    if executed.fault not in FATAL:
        return None
    ended = [cell.index for cell in executed.cells if cell.status in {"killed", "timeout"}]
    rest = [cell for cell in executed.cells if cell.status == "not-run"]
    if any(cell.status == "killed" for cell in executed.cells):
        return next(cell.index for cell in executed.cells if cell.status == "killed")
    return ended[-1] if ended and rest else None


def without(notebook: NotebookNode, index: int) -> NotebookNode:
    """A copy of the notebook in which one cell does nothing."""
    copied: NotebookNode = NotebookNode(notebook)
    copied.cells = [
        NotebookNode({**cell, "source": SKIPPED}) if at == index else cell for at, cell in enumerate(notebook.cells)
    ]
    return copied


def merged(first: ExecutedNotebook | None, again: ExecutedNotebook) -> ExecutedNotebook:
    """The second run, in which the cells left out keep what the first run showed of them."""
    if first is None:
        return again
    ended = {cell.index: cell for cell in first.cells if cell.status in {"killed", "timeout"}}
    cells: tuple[Cell, ...] = tuple(ended.get(cell.index, cell) for cell in again.cells)
    note = "The notebook was run again without the cell that had ended it, so that the other cells could be graded."
    problems = tuple(dict.fromkeys((*first.problems, note, *again.problems)))
    return replace(
        again, cells=cells, problems=problems, fault=first.fault, duration_s=first.duration_s + again.duration_s
    )
