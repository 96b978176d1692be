"""Where in a student's notebook a criterion's evidence points, and the lines around that place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.notebook import Cell
from grader.reporting import text
from grader.results import CriterionResult

_LINES_AROUND = 3
_MOST_MARKED = 3
_MOST_LINES = 26
_LONGEST_LINE = 240
_LONGEST_SOURCE = 200_000
_CELL = re.compile(r"\bcell (\d+)\b", re.IGNORECASE)
_LINE = re.compile(r"\bline (\d+)\b", re.IGNORECASE)
_NAME = re.compile(r"`([A-Za-z_]\w*)[^`]*`")
_NO_STATEMENT = re.compile(r"\s*(?:#|$|import\b|from\b.*\bimport\b)")


@dataclass(frozen=True)
class CodeLine:
    """A line of a cell. Attributes: number from 1 (0: lines are left out here), text, whether it is marked."""

    number: int
    text: str
    at_fault: bool


@dataclass(frozen=True)
class Excerpt:
    """Lines of a cell. Attributes: number of the cell from 1, its lines, numbers of the marked ones."""

    cell: int
    lines: tuple[CodeLine, ...]
    marked: tuple[int, ...]


def excerpt_of(criterion: CriterionResult, pattern: str, cells: Sequence[Cell]) -> Excerpt | None:
    """The student's code that a criterion was lost by, with the line at fault marked; None when no place is known.

    Args:
        criterion: Its ``cell`` and ``line`` count first, then what its evidence names.
        pattern: The course's regular expression of the lines that the criterion is about, or ``""``.
        cells: Of the notebook.
    """
    code = [cell for cell in cells if cell.kind == "code" and len(cell.source) <= _LONGEST_SOURCE]
    if criterion.cell is not None:
        known = next((cell for cell in code if cell.index == criterion.cell), None)
        return _excerpt(known, (criterion.line,) if criterion.line else ()) if known is not None else None
    numbers = [int(number) for number in _CELL.findall(criterion.evidence) if len(number) < 6]
    named = [cell for cell in code if cell.index + 1 in numbers]
    line = _LINE.search(criterion.evidence)
    if len(named) == 1 and line is not None and len(line.group(1)) < 6:
        return _excerpt(named[0], (int(line.group(1)),))
    names = list(dict.fromkeys(_NAME.findall(criterion.evidence)))
    defining = [cell for cell in reversed(code) if _defining(cell, names)]
    for cell in (*named, *defining, *(code if not named else ())):
        if marked := _matching(cell, pattern):
            return _excerpt(cell, marked)
    for cell in (*(cell for cell in named if cell in defining), *defining, *named):
        return _excerpt(cell, _defining(cell, names))
    return None


def _matching(cell: Cell, pattern: str) -> tuple[int, ...]:
    if not pattern:
        return ()
    wanted = re.compile(pattern)
    hits = (number for number, line in _statements(cell) if wanted.search(line))
    return tuple(hits)[:_MOST_MARKED]


def _defining(cell: Cell, names: Sequence[str]) -> tuple[int, ...]:
    """The line that defines or first assigns one of the names."""
    for name in names:
        wanted = re.compile(rf"\s*(?:def|class)\s+{name}\b|[^=(\[]*\b{name}\b[^=(\[]*=(?!=)")
        for number, line in _statements(cell):
            if wanted.match(line):
                return (number,)
    return ()


def _statements(cell: Cell) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(cell.source.split("\n"), start=1):
        if not _NO_STATEMENT.match(line):
            yield number, line[: 2 * _LONGEST_LINE]


def _excerpt(cell: Cell, marked: Sequence[int]) -> Excerpt:
    lines = text.visible(cell.source).split("\n")
    inside = tuple(number for number in marked if 1 <= number <= len(lines))
    wanted = {
        number for centre in inside or (1 + _LINES_AROUND,) for number in range(centre - _LINES_AROUND, centre + 4)
    }
    return Excerpt(cell.index + 1, tuple(_windows(lines, wanted, inside))[:_MOST_LINES], inside)


def _windows(lines: Sequence[str], wanted: set[int], marked: Sequence[int]) -> Iterator[CodeLine]:
    last = 0
    for number, line in enumerate(lines, start=1):
        if number not in wanted:
            continue
        if last and number > last + 1:
            yield CodeLine(0, "…", False)
        yield CodeLine(number, text.clip(line, _LONGEST_LINE), number in marked)
        last = number


def around(cell: Cell, centre: int | None, lines_around: int) -> tuple[CodeLine, ...]:
    """The lines around the one at which a cell failed; the first ones when that is unknown."""
    lines = text.visible(cell.source).split("\n")
    fault = centre if centre is not None and 1 <= centre <= len(lines) else None
    first, last = max((fault or 1) - lines_around, 1), min((fault or 1) + lines_around, len(lines))
    return tuple(
        CodeLine(number, text.clip(lines[number - 1], _LONGEST_LINE), number == fault)
        for number in range(first, last + 1)
    )
