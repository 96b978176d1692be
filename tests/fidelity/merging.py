"""Merges two changed versions of a notebook, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def merged(base: Sequence[str], one: Sequence[str], other: Sequence[str]) -> list[str] | None:
    """The base with the changes of both; None when they touch, or when cells were added or removed."""
    if not len(base) == len(one) == len(other):
        return None
    cells = []
    for root, left, right in zip(base, one, other, strict=True):
        cell = _merged_cell(root, left, right)
        if cell is None:
            return None
        cells.append(cell)
    return cells


def _merged_cell(root: str, left: str, right: str) -> str | None:
    if left in {root, right}:
        return right
    if right == root:
        return left
    lines = root.splitlines(keepends=True)
    changes = sorted([*_changes(lines, left), *_changes(lines, right)])
    result: list[str] = []
    at = 0
    for begin, end, new in changes:
        if begin < at or (begin == at and result and begin == end):
            return None
        result += lines[at:begin]
        result += new
        at = end
    return "".join([*result, *lines[at:]])


def _changes(lines: list[str], changed: str) -> list[tuple[int, int, list[str]]]:
    """Replaced stretches of the base: begin, end, new lines."""
    new = changed.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, lines, new, autojunk=False)
    return [(a, b, new[c:d]) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]


def difference(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines differ; a large number when the cells cannot be compared."""
    if len(one) != len(other):
        return 10**6
    return sum(
        max(end - begin, len(new))
        for left, right in zip(one, other, strict=True)
        if left != right
        for begin, end, new in _changes(left.splitlines(keepends=True), right)
    )
