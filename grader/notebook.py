"""The executed notebook as plain data: what execution hands to scoring and reporting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

CellStatus = Literal["ok", "error", "timeout", "killed", "not-run"]
"""``killed``: the kernel died in this cell; ``not-run``: the kernel was gone or the time was up before it."""


@dataclass(frozen=True)
class Picture:
    """A picture that a cell displayed. Attributes: mime (``image/png`` or ``image/jpeg``) and base64 text."""

    mime: str
    base64: str


@dataclass(frozen=True)
class Cell:
    """A code or markdown cell after execution.

    Attributes:
        index: Position in the uploaded notebook, from 0; errors and evidence name ``index + 1``.
        kind: ``code`` or ``markdown`` (raw cells count as markdown).
        source: As uploaded.
        status: How its execution ended; ``ok`` for markdown.
        text: Standard output, error stream and plain-text results, bounded.
        error_name: Class of the exception that ended it, or ``""``.
        error_message: That exception's text, bounded.
        error_line: Line within the cell at fault, from 1, or None.
        pictures: What it displayed.
        truncated: Whether output was cut.
        duration_s: Wall-clock time.
    """

    index: int
    kind: Literal["code", "markdown"]
    source: str
    status: CellStatus = "ok"
    text: str = ""
    error_name: str = ""
    error_message: str = ""
    error_line: int | None = None
    pictures: tuple[Picture, ...] = ()
    truncated: bool = False
    duration_s: float = 0.0


@dataclass(frozen=True)
class ExecutedNotebook:
    """A notebook and what its execution showed.

    Attributes:
        name: File name as uploaded.
        cells: In the order of the notebook.
        problems: Sentences for the report, e.g. that time ran out in cell 7.
        fault: Whose fault it is that execution ended early: ``""``, ``student``, ``time``, ``memory``,
            ``output``, ``killed`` or ``infrastructure``.
        duration_s: Wall-clock time of all cells.
        startup_s: Wall-clock time until the kernel was ready.
        stand_ins: Names of the data that were stand-ins, e.g. ``"SVHN"``.
        shortened: Indices of the cells whose training was cut short.
    """

    name: str
    cells: tuple[Cell, ...]
    problems: tuple[str, ...] = ()
    fault: str = ""
    duration_s: float = 0.0
    startup_s: float = 0.0
    stand_ins: tuple[str, ...] = field(default=())
    shortened: tuple[int, ...] = ()

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells alone."""
        return tuple(cell for cell in self.cells if cell.kind == "code")
