"""Blackboard Learn: points of one column in a grade file that was downloaded there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.errors import UsageError
from grader.exporting import files, matching, wording
from grader.exporting.sheet import Sheet
from grader.exporting.types import Export, Person

SYSTEM = "blackboard"


def fill_grade_file(
    people: Sequence[Person],
    grades: Path,
    column: str,
    out: Path,
    *,
    feedback: bool = False,
    accept_maximum: bool = False,
) -> Export:
    """Fills the points of one column; every other cell, the encoding and the delimiter stay as they were.

    Args:
        people: Those who get a report.
        grades: The downloaded file: CSV, or the tab-separated UTF-16 text that is named ``.xls``.
        column: Title of the column, with or without what Blackboard adds in brackets and after ``|``.
        out: The file to upload.
        feedback: Whether the total goes into "Feedback to Learner", too.
        accept_maximum: Whether another maximum than the exam's is all right.

    Raises:
        UsageError: It is no grade file, the column is not in it, or its maximum is not the exam's.
    """
    sheet = Sheet(grades, "a grade file of Blackboard")
    header = sheet.header
    if "Username" not in header:
        message = (
            f"{grades}: expected a grade file of Blackboard with a column 'Username', found {', '.join(header[:6])}."
        )
        raise UsageError(message, hint="Download it under Work Offline.")
    place = _column(sheet, column)
    rows = [row for row in range(1, len(sheet)) if sheet.cell(row, header.index("Username"))]
    pairs, left_out = matching.match(people, [_target(sheet, row) for row in rows], SYSTEM)
    export = Export(left_out=left_out)
    where = f"{grades}, column {header[place]!r}"
    wording.check_maximum(_maximum(header[place]), [person for person, _ in pairs], where, accept=accept_maximum)
    mark = sheet.decimal_mark([place])
    for person, target in pairs:
        sheet.fill(target.place, place, wording.points(person.total.points, mark))
        if feedback:
            _feedback(sheet, target.place, person)
        export.exported.append(person.student)
    if len(rows) > len(export.exported):
        export.notes.append(f"{len(rows) - len(export.exported)} of {len(rows)} rows stay as they were")
    if export.exported:
        files.write_file(out, sheet.encoded())
        export.written = out
    return export


def _column(sheet: Sheet, wanted: str) -> int:
    graded = {place: title for place, title in enumerate(sheet.header) if "|" in title}
    exact = [place for place, title in graded.items() if title == wanted.strip()]
    found = exact or [place for place, title in graded.items() if title.partition(" [")[0] == wanted.strip()]
    if len(found) != 1:
        known = ", ".join(map(repr, graded.values())) or "none"
        message = (
            f"{sheet.path}: expected one column {wanted!r} with a number after '|', found {len(found)} among {known}."
        )
        raise UsageError(message, hint="Give the title as in the header with --column.")
    return found[0]


def _target(sheet: Sheet, row: int) -> matching.Target:
    cells = dict(zip(sheet.header, sheet.row(row), strict=False))
    name = f"{cells.get('First Name', '')} {cells.get('Last Name', '')}".strip()
    login = cells["Username"]
    return matching.Target(
        row,
        f"row {row + 1}, {name or login}",
        source_key=(login,),
        login=(login,),
        registration_number=(cells.get("Student ID", ""),),
        name=(name,),
    )


def _maximum(title: str) -> float | None:
    """96 for ``DL Exam [Total Pts: 96 Score] |123456``."""
    inside = title.partition("Total Pts: ")[2].partition(" ")[0].rstrip("]").replace(",", ".")
    try:
        return float(inside)
    except ValueError:
        return None


def _feedback(sheet: Sheet, row: int, person: Person) -> None:
    header = sheet.header
    if "Feedback to Learner" not in header:
        return
    sheet.fill(row, header.index("Feedback to Learner"), wording.one_line(wording.total_line(person.total)))
    if "Feedback Format" in header and not sheet.cell(row, header.index("Feedback Format")):
        sheet.fill(row, header.index("Feedback Format"), "PLAIN_TEXT")
