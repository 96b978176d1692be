"""Tiny notebooks, run with a kernel side that only echoes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from grader.execution import Job, LiveNotebook, open_notebook
from grader.notebook import ExecutedNotebook
from grader.sandbox import Backend, Limits

ECHO = Path(__file__).with_name("echo_kernel_side")
SMALL = Limits(cell_timeout_s=60, notebook_timeout_s=120, memory_mib=700, disk_mib=64)


def job(*cells: str, limits: Limits = SMALL, **options: Any) -> Job:
    """A notebook of these code cells; a cell that begins with ``#md`` is markdown."""
    nodes = [
        nbformat.v4.new_markdown_cell(cell[3:]) if cell.startswith("#md") else nbformat.v4.new_code_cell(cell)
        for cell in cells
    ]
    given = {"student_files": None, "assets": Path("/nonexistent"), "limits": limits, "kernel_side": ECHO, **options}
    return Job(nbformat.v4.new_notebook(cells=nodes), "assignment.ipynb", **given)


@contextlib.contextmanager
def opened(backend: Backend, *cells: str, **options: Any) -> Iterator[LiveNotebook]:
    with open_notebook(job(*cells, **options), backend) as live:
        yield live


def executed(backend: Backend, *cells: str, **options: Any) -> ExecutedNotebook:
    with opened(backend, *cells, **options) as live:
        return live.executed


def within(**limits: Any) -> Limits:
    """The small limits with some of them changed."""
    return replace(SMALL, **limits)


def statuses(notebook: ExecutedNotebook) -> list[str]:
    return [cell.status for cell in notebook.cells]
