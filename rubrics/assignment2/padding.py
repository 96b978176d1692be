"""2(d): how names are brought to one length S."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.probe import expr
from grader.scoring import Outcome, Student, met, not_met, review
from reference.assignment2 import LETTERS
from rubrics.assignment2.alignment import Matrix
from rubrics.assignment2.data import DataSet
from rubrics.assignment2.encoding import hot
from rubrics.assignment2.facts import Step, ask, facts
from rubrics.assignment2.items import Item
from rubrics.assignment2.question_c import Judged

_SURELY = 4
"""So many equal rows are padding: no letter stands so often in a row in a name."""


def padding_outcome(student: Student, data: DataSet, coding: Judged) -> Outcome:
    """``2d.padding``."""
    lengths = sorted({len(item.rows) for item in data.good if item.rows is not None})
    if len(lengths) > 1:
        return _collated(student, data, lengths)
    size = lengths[0]
    longest = max(data.good, key=lambda item: _written_length(data, item))
    if longest.name and _written_length(data, longest) > size:
        return not_met(
            "2d.padding", f"{data.how}: S = {size}, so '{longest.name}' ({len(longest.name)} characters) is cut"
        )
    failing = [item for item in data.items if item.fault and len(item.name) > size]
    if failing:
        return not_met("2d.padding", f"{data.how}: S = {size}, and '{failing[0].name}' fails: {failing[0].fault}")
    saw = f"{data.how}: every item has S = {size}"
    if not data.alignment.layout:
        return _unaligned(data, coding, saw)
    return _padding_rows(data, coding, saw)


def _written_length(data: DataSet, item: Item) -> int:
    """The number of characters of a name that the data set encodes at all; a '-' without a code may be left out."""
    return sum(char not in data.alignment.dropped for char in item.name)


def _unaligned(data: DataSet, coding: Judged, saw: str) -> Outcome:
    """Rows whose characters cannot be told: equal rows at one end of short names still are padding."""
    # where every item is the same name, its own length is not known
    repeated = len({item.rows.tobytes() for item in data.good if item.rows is not None}) == 1
    for item in data.good[: 1 if repeated else None]:
        rows = item.rows
        if rows is None or not item.name or (len(rows) <= len(item.name) and not repeated):
            continue
        spare = _SURELY if repeated else len(rows) - len(item.name)
        ends = [part for part in (rows[-spare:], rows[:spare]) if _constant(part)]
        if not ends:
            return review("2d.padding", f"{saw}, but which rows are padding cannot be told")
        same = {tuple(float(v) for v in part[0]) for part in ends if len(part) >= _SURELY}
        letters = {row: char for char in LETTERS if (row := coding.codes.get(char)) in same}
        # One end may be the name itself, where all of its characters got one code; the other end is its padding then.
        if letters and set(letters) == same:
            return not_met("2d.padding", f"{saw}, but the padding is the code of '{min(letters.values())}'")
    return met("2d.padding", saw)


def _constant(rows: Matrix) -> bool:
    return bool((rows == rows[0]).all())


def _padding_rows(data: DataSet, coding: Judged, saw: str) -> Outcome:
    padding = data.alignment.padding
    filler = {row for row in padding if any(row)}
    codes = data.alignment.codes
    if data.width is None:
        filler = set(padding)
    used = {**coding.codes, **codes}
    for row in filler:
        letter = next((char for char in LETTERS if used.get(char) == row), None)
        if letter is not None:
            return not_met("2d.padding", f"{saw}, but the padding is the code of '{letter}'")
        if used.get("-") == row:
            return review("2d.padding", f"{saw}, but the padding is the code of '-'")
    odd = next((row for row in filler if len(row) > 1 and not hot(row)), None)
    if odd is not None and math.isnan(sum(odd)):
        return not_met("2d.padding", f"{saw}, but the padding is NaN")
    if odd is not None:
        return review("2d.padding", f"{saw}, but the padding is no symbol: its sum is {sum(odd):g}")
    if len(filler) > 2:
        return review("2d.padding", f"{saw}, but the rows beside the name are of {len(filler)} kinds")
    kind = "a padding symbol" if filler else "zeros"
    return met("2d.padding", f"{saw}; {data.alignment.layout}: {kind}")


def _collated(student: Student, data: DataSet, lengths: Sequence[int]) -> Outcome:
    """Items of different lengths: right when a collate function pads all batches to one S."""
    sizes = _batch_sizes(student, data)
    saw = f"{data.how}: items of {lengths[0]} to {lengths[-1]} rows"
    if not sizes:
        return not_met("2d.padding", saw)
    if len(sizes) == 1 and next(iter(sizes)) >= lengths[-1]:
        return met("2d.padding", f"{saw}, which the collate function pads to {sizes.pop()}")
    return not_met("2d.padding", f"{saw}; batches have S = {', '.join(str(size) for size in sorted(sizes)[:6])}")


def _batch_sizes(student: Student, data: DataSet) -> set[int]:
    """Numbers of rows of collated batches: of the shortest names, of the longest, of both."""
    found = student.find(facts)
    known = {entry.get("obj"): entry.get("dataset") for entry in found.entries("datasets")}
    # One that was made for the examination stands for those of its class.
    alike = {entry.get("obj") for entry in found.entries("datasets") if entry.get("type") == data.type_name}
    ours = {data.obj} if data.obj in alike else {data.obj, *alike}
    sizes: set[int] = set()
    ordered = sorted(data.good, key=lambda item: len(item.rows) if item.rows is not None else 0)
    groups = {"short": ordered[:2], "long": ordered[-2:]}
    for loader in found.entries("loaders"):
        inner = loader.get("dataset")
        if not {inner, known.get(inner)} & ours:
            continue
        collate = expr.attr(expr.obj(int(loader["obj"])), "collate_fn")
        steps = [
            {
                "slot": name,
                "expr": expr.call(
                    collate, [expr.sequence("list", [expr.item(data.expr, expr.value(i.index)) for i in group])]
                ),
            }
            for name, group in groups.items()
        ]
        results = ask(student, steps)
        found_sizes = {
            size for name, step in results.items() if (size := _rows_of_batch(step, len(groups[name]))) is not None
        }
        if len(found_sizes) == 1 and all(step.ok for step in results.values()):
            return found_sizes
        sizes |= found_sizes if all(step.ok for step in results.values()) else set()
    return sizes


def _rows_of_batch(step: Step, count: int) -> int | None:
    """S of a batch of ``count`` names, B×S×D or S×B×D."""
    arrays = [array for array in step.value.arrays() if array.ndim >= 2]
    if not arrays:
        return None
    shape = max(arrays, key=lambda array: array.ndim).shape
    return int(shape[1] if shape[0] == count else shape[0])
