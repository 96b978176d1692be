"""``students.csv`` beside the students' folders: who they are to the system they came from, and when they handed in."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from grader.intake.names import listing
from grader.intake.tables import read_csv
from grader.intake.types import Identity, Problem, Received

FILE_NAME = "students.csv"
COLUMNS = (
    "id", "name", "login", "email", "registration_number", "source_key", "system", "submitted_at", "late", "attempt",
    "group",
)  # fmt: skip
_IDENTITY = ("name", "login", "email", "registration_number", "source_key", "system", "group")
_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

Row = tuple[Identity, Received]


def write_students(path: Path, rows: Mapping[str, Row]) -> None:
    """Writes a row a student; UTF-8, commas, no byte order mark, every cell as it is."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for student in sorted(rows):
            identity, received = rows[student]
            values = {name: getattr(identity, name) for name in _IDENTITY} | {
                "id": student,
                "submitted_at": received.submitted_at.isoformat() if received.submitted_at else "",
                "late": "" if received.late is None else ("yes" if received.late else "no"),
                "attempt": "" if received.attempt is None else str(received.attempt),
            }
            writer.writerow([values[column] for column in COLUMNS])


def read_students(path: Path) -> tuple[dict[str, Row], list[Problem]]:
    """Reads it back; columns may be missing or in another order, and what cannot be read is reported.

    Returns:
        Student → identity and times, and what was wrong.
    """
    table = read_csv(path)
    if table is None:
        return {}, [Problem("It cannot be read: nobody's identity or time of submission is known.", path.name)]
    place = {title.strip().casefold(): column for column, title in enumerate(table.header)}
    if "id" not in place:
        message = f"Not used: expected a column 'id' with the names of the folders, found {listing(table.header)}."
        return {}, [Problem(message, path.name)]
    rows: dict[str, Row] = {}
    problems: list[Problem] = []
    for record in table.records:
        cells = {title: unicodedata.normalize("NFC", record[column]).strip() for title, column in place.items()}
        student = cells["id"]
        if student in rows:
            problems.append(Problem(f"{student!r} stands in several rows: the first one counts.", path.name))
        elif student:
            identity = Identity(**{name: cells.get(name, "") for name in _IDENTITY})
            rows[student] = (identity, _received(student, cells, path.name, problems))
    return rows, problems


def _received(student: str, cells: Mapping[str, str], where: str, problems: list[Problem]) -> Received:
    moment, attempt = None, None
    late = _TRUTHS.get(cells.get("late", "").casefold())
    try:
        moment = datetime.fromisoformat(cells["submitted_at"]) if cells.get("submitted_at") else None
        attempt = int(cells["attempt"]) if cells.get("attempt") else None
    except ValueError:
        pass
    for column, value in (("submitted_at", moment), ("late", late), ("attempt", attempt)):
        if cells.get(column) and value is None:
            message = f"The {column} of {student!r} is {cells[column][:40]!r}, which cannot be read: unknown."
            problems.append(Problem(message, where))
    return Received(moment, late, attempt)
