"""Canvas: points of one assignment in a gradebook that was exported there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grader.errors import UsageError
from grader.exporting import files, matching, wording
from grader.exporting.sheet import Sheet, number
from grader.exporting.types import Export, LeftOut, Person

SYSTEM = "canvas"
_ASSIGNMENT = re.compile(r"(?P<title>.*) \((?P<id>\d+)\)")
_EXCUSED = "EX"


def fill_gradebook(
    people: Sequence[Person], gradebook: Path, assignment: str, out: Path, *, accept_maximum: bool = False
) -> Export:
    """Fills the points of one assignment; header rows, ids and every other cell stay as they were.

    Args:
        people: Those who get a report.
        gradebook: The exported CSV.
        assignment: ``Title (id)`` as in the header; title or id alone where one column fits.
        out: The file to import.
        accept_maximum: Whether other points possible than the exam's are all right.

    Raises:
        UsageError: It is no gradebook, the assignment is not in it, or its maximum is not the exam's.
    """
    sheet = Sheet(gradebook, "a gradebook of Canvas")
    header = sheet.header
    if "ID" not in header:
        message = f"{gradebook}: expected a gradebook of Canvas with a column 'ID', found {', '.join(header[:6])}."
        raise UsageError(message, hint="Export it under Grades, and do not change its header.")
    column = _assignment(sheet, assignment)
    ident = header.index("ID")
    # Only people have an id; the rows of points possible and of the posting policy do not.
    rows = [row for row in range(1, len(sheet)) if sheet.cell(row, ident).isdecimal()]
    pairs, left_out = matching.match(people, [_target(sheet, row) for row in rows], SYSTEM)
    export = Export(left_out=left_out)
    maximum = _maximum(sheet, column, set(rows))
    where = f"{gradebook}, column {header[column]!r}"
    wording.check_maximum(maximum, [person for person, _ in pairs], where, accept=accept_maximum)
    mark = sheet.decimal_mark(range(ident + 1, len(header)))
    for person, target in pairs:
        if sheet.cell(target.place, column).upper() == _EXCUSED:
            export.left_out.append(LeftOut(person.student, f"{target.label} is excused ({_EXCUSED})"))
            continue
        sheet.fill(target.place, column, wording.points(person.total.points, mark))
        export.exported.append(person.student)
    if len(rows) > len(export.exported):
        export.notes.append(f"{len(rows) - len(export.exported)} of {len(rows)} rows stay as they were")
    if export.exported:
        files.write_file(out, sheet.encoded())
        export.written = out
    return export


def _assignment(sheet: Sheet, wanted: str) -> int:
    columns = {place: title for place, title in enumerate(sheet.header) if _ASSIGNMENT.fullmatch(title)}
    exact = [place for place, title in columns.items() if title == wanted.strip()]
    found = exact or [
        place
        for place, title in columns.items()
        if (match := _ASSIGNMENT.fullmatch(title)) and wanted.strip() in (match["title"], match["id"])
    ]
    if len(found) != 1:
        known = ", ".join(map(repr, columns.values())) or "none"
        message = f"{sheet.path}: expected one assignment {wanted!r}, found {len(found)} among {known}."
        raise UsageError(message, hint="Give its title with the number, as in the header, with --assignment.")
    return found[0]


def _target(sheet: Sheet, row: int) -> matching.Target:
    cells = dict(zip(sheet.header, sheet.row(row), strict=False))
    name = cells.get("Student") or f"{cells.get('FirstName', '')} {cells.get('LastName', '')}".strip()
    login = cells.get("SIS Login ID", "")
    return matching.Target(
        row,
        f"row {row + 1}, {name}",
        source_key=(cells["ID"],),
        login=(login,),
        email=(login,) if "@" in login else (),
        registration_number=(cells.get("SIS User ID", ""),),
        name=(name,),
    )


def _maximum(sheet: Sheet, column: int, people: set[int]) -> float | None:
    """Points possible: the only number above the people."""
    for row in range(1, len(sheet)):
        if row in people:
            break
        if (value := number(sheet.cell(row, column))) is not None:
            return value
    return None
