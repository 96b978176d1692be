"""Reports folders as a run writes them, made from numbers."""

from __future__ import annotations

import csv
import functools
import json
from dataclasses import replace
from pathlib import Path

from grader.exporting.reports import read_reports
from grader.exporting.types import Person
from grader.reporting import to_json
from grader.results import StudentResult
from tests.reporting import exams

COLUMNS = (
    "id", "name", "login", "email", "registration_number", "source_key", "system", "submitted_at", "late", "attempt",
    "group",
)  # fmt: skip
# Umlauts, accents, a letter that no accent explains, a comma, a number that begins with zeros, names in another script.
ANNA = {
    "id": "anna", "name": "Anna-Lena Müller", "login": "amuell", "email": "anna@uni.example",
    "registration_number": "0021-700-001", "source_key": "12345", "system": "moodle",
    "submitted_at": "2021-06-18T09:33:12", "late": "no", "attempt": "1",
}  # fmt: skip
JOSE = {
    "id": "josé", "name": "José Łukasz", "login": "jlukas", "email": "jose@uni.example",
    "registration_number": "0021-700-002", "source_key": "12346", "system": "moodle", "late": "yes", "attempt": "2",
}  # fmt: skip
WEI = {
    "id": "wei", "name": "张伟", "login": "wzhang", "email": "wei@uni.example",
    "registration_number": "0021-700-003", "source_key": "12347", "system": "moodle",
}  # fmt: skip
TRIO = (ANNA, JOSE, WEI)


@functools.cache
def _known() -> StudentResult:
    return exams.known_exam().lean()


@functools.cache
def _full() -> StudentResult:
    return exams.full_exam().lean()


@functools.cache
def _open() -> StudentResult:
    return exams.open_exam().lean()


def known(student: str) -> StudentResult:
    """61 of 96 points."""
    return replace(_known(), student=student)


def full(student: str) -> StudentResult:
    """96 of 96 points."""
    return replace(_full(), student=student)


def undecided(student: str) -> StudentResult:
    """86.5 of 96 points so far."""
    return replace(_open(), student=student)


def report(folder: Path, result: StudentResult, name: str = "", page: str = "") -> None:
    """The two files of one student."""
    place = folder / (name or result.student)
    place.mkdir(parents=True)
    (place / "report.json").write_text(json.dumps(to_json(result), ensure_ascii=False), "utf-8")
    (place / "report.html").write_text(page or f"<!DOCTYPE html><p>Report of {result.student} ✓</p>", "utf-8")


def table(path: Path, *rows: dict[str, str], **dialect: str) -> None:
    """``students.csv``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", **dialect)
        writer.writeheader()
        writer.writerows(rows)


def trio(folder: Path) -> Path:
    """Three students: 61, 96 and, with questions open, fewer of 96 points; and what else a run leaves there."""
    report(folder, known("anna"))
    report(folder, full("josé"))
    report(folder, undecided("wei"))
    table(folder / "students.csv", *TRIO)
    (folder / "index.html").write_text("staff's overview", "utf-8")
    (folder / "grades.csv").write_text("staff's table", "utf-8")
    return folder


def trio_people(folder: Path) -> tuple[Person, ...]:
    """The three of them, the one with open questions, too."""
    return read_reports(trio(folder), allow_provisional=True).people


def people(folder: Path, *rows: dict[str, str]) -> tuple[Person, ...]:
    """Students with final results of 61 points."""
    for row in rows:
        if not (folder / row["id"]).exists():
            report(folder, known(row["id"]))
    table(folder / "students.csv", *rows)
    return read_reports(folder).people


def hostile(student: str = "=evil") -> StudentResult:
    """A student whose name and comments try to be formulas, markup and terminal commands."""
    result = known(student)
    first = result.assignments[0]
    question = replace(
        first.questions[2],
        comments=('=HYPERLINK("http://x.example","click")', "+1\ttab\nline \x1b[31mred\x1b[0m <script>x</script> ü"),
    )
    questions = (*first.questions[:2], question, *first.questions[3:])
    return replace(result, assignments=(replace(first, questions=questions), *result.assignments[1:]))
