"""A folder of reports → the people who get them. Nothing is computed again."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.errors import UsageError
from grader.exporting import students
from grader.exporting.types import Identity, LeftOut, Person, Total
from grader.reporting.schema import ReportModel
from grader.results import StudentStatus


@dataclass(frozen=True)
class ClassReports:
    """What is to be exported.

    Attributes:
        people: In the order of ``students.csv``, then by name.
        left_out: Whose results must not go out, and why.
        absent: Names in ``students.csv`` of whom there is no report.
    """

    people: tuple[Person, ...]
    left_out: tuple[LeftOut, ...]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A report of the folder, without its questions."""

    folder: Path
    student: str
    total: Total
    status: StudentStatus


def read_reports(folder: Path, *, table: Path | None = None, allow_provisional: bool = False) -> ClassReports:
    """Reads every ``report.json`` below ``folder`` and who the students are.

    Args:
        folder: What a run wrote.
        table: The table of the students; ``students.csv`` in ``folder`` when it is None.
        allow_provisional: Whether results with open questions are exported, too.

    Raises:
        UsageError: There are no reports, or the table is wrong.
    """
    paths = sorted(folder.glob("*/report.json")) if folder.is_dir() else []
    if not paths:
        message = f"{folder}: expected reports as <student>/report.json, found none."
        raise UsageError(message, hint="Give the folder that `grade SUBMISSIONS` wrote with --reports.")
    table = table or (folder / students.FILE_NAME if (folder / students.FILE_NAME).is_file() else None)
    roster = students.read_students(table) if table else students.Roster({})
    by_student: dict[str, list[_Found]] = defaultdict(list)
    left_out: list[LeftOut] = []
    for path in paths:
        try:
            found = _read(path)
        except (OSError, ValidationError, ValueError) as fault:
            left_out.append(LeftOut(path.parent.name, f"{path} is not a report: {_first_line(fault)}"))
        else:
            by_student[unicodedata.normalize("NFC", found.student)].append(found)
    people: list[Person] = []
    for student in sorted(by_student, key=roster.place):
        listed = roster.people(student)
        why = _reason(by_student[student], listed, allow_provisional)
        if why:
            left_out.append(LeftOut(student, why))
        else:
            people += _people(by_student[student][0], listed or [Identity(student)])
    return ClassReports(tuple(people), tuple(left_out), tuple(roster.without(by_student)))


def total(report: ReportModel) -> Total:
    """What counts in the end; the one place that knows where a report says it."""
    final = report.policy
    if final is None:
        return Total(report.points, report.max_points)
    return Total(final.points, final.max_points, final.grade, final.passed)


def _read(path: Path) -> _Found:
    report = ReportModel.model_validate_json(path.read_bytes())
    waiting = report.status == "final" and report.policy is not None and report.policy.provisional
    status: StudentStatus = "provisional" if waiting else report.status
    return _Found(path.parent, report.student, total(report), status)


def _reason(found: Sequence[_Found], listed: Sequence[Identity], allow_provisional: bool) -> str:
    """Why nothing may go out to the student, or ``""``."""
    if len(found) > 1:
        return f"several reports bear this name: {', '.join(sorted(report.folder.name for report in found))}"
    if students.ambiguous(listed):
        return f"{students.FILE_NAME} has several people with this id, and no group that they share"
    if found[0].status == "failed":
        return "grading failed; there is no result"
    if found[0].status == "provisional" and not allow_provisional:
        return "the result is provisional: something is still open (--allow-provisional exports it all the same)"
    return ""


def _people(found: _Found, identities: Sequence[Identity]) -> Iterator[Person]:
    for identity in identities:
        yield Person(identity, found.folder, found.total, found.status)


def _first_line(fault: Exception) -> str:
    if isinstance(fault, ValidationError):
        first = fault.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}"
    return str(fault).partition("\n")[0]
