"""Plain tables: the class for people, and nbgrader's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.exporting import files, wording
from grader.exporting.types import Export, Person
from grader.reporting import text

_NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


def grade_table(people: Sequence[Person], out: Path) -> Export:
    """Writes the class as CSV for people: who they are, a column a question and an assignment, total, grade, status.

    No cell can be taken for a formula. Points are those decided so far.
    """
    export = Export(exported=[person.student for person in people])
    if not people:
        return export
    columns: dict[str, None] = {}
    totals: dict[str, None] = {}
    cells: list[dict[str, str]] = []
    undecided: list[str] = []
    for person in people:
        report = person.report()
        own = {question.id: wording.points(question.points) for question in wording.questions(report)}
        parts = {f"assignment {part.id}": wording.points(part.points) for part in report.assignments}
        columns |= dict.fromkeys(own)
        totals |= dict.fromkeys(parts)
        cells.append(own | parts)
        undecided.append(" ".join(question.id for question in wording.questions(report) if question.status == "review"))
    who = ("id", "name", "login", "email", "registration_number", "group")
    when = ("submitted_at", "late", "attempt")
    rows: list[Iterable[str]] = [[*who, *columns, *totals, "total", "max", "grade", "status", "open", *when]]
    for person, own, waiting in zip(people, cells, undecided, strict=True):
        rows.append(
            [
                *(text.cell_for_people(getattr(person.identity, field)) for field in who),
                *(own.get(column, "") for column in (*columns, *totals)),
                wording.points(person.total.points),
                wording.points(person.total.max_points),
                text.cell_for_people(person.total.grade),
                person.status,
                waiting,
                *(text.cell_for_people(getattr(person.identity, field)) for field in when),
            ]
        )
    # With a mark, so that spreadsheets read umlauts as such.
    files.write_file(out, _csv(rows).encode("utf-8-sig"))
    export.written = out
    return export


def nbgrader_grades(people: Sequence[Person], out: Path, prefix: str = "assignment") -> Export:
    """Writes a row a student and assignment, in the columns of nbgrader's own export, without any quotes.

    Args:
        people: Those who get a report.
        out: The file.
        prefix: What stands before the course's numbers in nbgrader's names of assignments.
    """
    export = Export(exported=[person.student for person in people])
    lines = [",".join(_NBGRADER)]
    changed = False
    for person in people:
        report = person.report()
        changed = changed or person.total.points != report.points
        last, first = _names(person.identity.name)
        student = person.identity.login or person.identity.id
        for part in report.assignments:
            points = wording.points(part.points)
            cells = [f"{prefix}{part.id}", "", person.identity.submitted_at, student, last, first]
            cells += [person.identity.email, points, "0", points, wording.points(part.max_points)]
            lines.append(",".join(wording.one_line(cell).replace(",", " ").replace('"', "'") for cell in cells))
    if changed:
        export.notes.append("scores are the assignments' own, without what the course's policies take off or add")
    if people:
        files.write_file(out, "".join(f"{line}\n" for line in lines).encode("utf-8"))
        export.written = out
    return export


def _names(name: str) -> tuple[str, str]:
    """Last and first name where a comma tells; otherwise the whole is the last name, for nobody knows."""
    last, _, first = name.partition(",")
    return last.strip(), first.strip()


def _csv(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
