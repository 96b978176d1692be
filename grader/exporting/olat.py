"""OLAT and OpenOlat: bulk assessment and return files of course elements, and a correction sheet for tests."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import UsageError
from grader.exporting import files, wording
from grader.exporting.types import Export, LeftOut, Person
from grader.exporting.workbook import write_workbook
from grader.reporting import page, text
from grader.reporting.schema import QuestionModel

_PASSED = {True: "y", False: "n", None: ""}
IdentifierField = Literal["login", "email", "registration_number", "id"]


@dataclass(frozen=True)
class Entry:
    """What a person types into OLAT for one question of one student.

    Attributes:
        name: Full name.
        login: User name.
        registration_number: Text.
        points: ``""`` while somebody has still to decide.
        comment: ``""`` then, too: half a decision is not to be pasted.
    """

    name: str
    login: str
    registration_number: str
    points: str
    comment: str


@dataclass(frozen=True)
class QuestionEntries:
    """A question of the correction sheet. Attributes: its id, title, maximum and entries."""

    id: str
    title: str
    max_points: str
    entries: tuple[Entry, ...]


def bulk_assessment(
    people: Sequence[Person], out: Path, *, identifier: IdentifierField = "login", pass_points: float | None = None
) -> Export:
    """Text for the field of OLAT's bulk assessment: identifier, score, passed, comment, divided by tabs.

    Args:
        people: Those who get a report.
        out: The file.
        identifier: By what OLAT shall find them.
        pass_points: From how many points on somebody has passed; None takes what the course says, if anything.

    Raises:
        UsageError: Nobody has such an identifier.
    """
    export = Export()
    lines: list[str] = []
    for person, ident in identified(people, identifier, export):
        passed = person.total.passed if pass_points is None else person.total.points >= pass_points
        comment = wording.one_line(f"See your report. {wording.total_line(person.total)}")
        # OLAT divides lines at tabs and knows no quotes.
        lines.append("\t".join([ident, wording.points(person.total.points), _PASSED[passed], comment]))
        export.exported.append(person.student)
    if lines:
        files.write_file(out, "".join(f"{line}\n" for line in lines).encode("utf-8"))
        export.written = out
    return export


def return_files(people: Sequence[Person], out: Path, *, identifier: IdentifierField = "login") -> Export:
    """ZIP of return files for a task element: ``<identifier>/report.html``.

    Raises:
        UsageError: Nobody has such an identifier.
    """
    export = Export()
    members: list[tuple[str, Path]] = []
    for person, ident in identified(people, identifier, export):
        if not files.is_folder_name(ident):
            export.left_out.append(LeftOut(person.student, f"{ident!r} cannot be the name of a folder in a ZIP"))
        elif person.page_fault:
            export.left_out.append(LeftOut(person.student, person.page_fault))
        else:
            members.append((f"{ident}/report.html", person.page))
            export.exported.append(person.student)
    if members:
        files.write_zip(out, members)
        export.written = out
    return export


def correction_sheet(people: Sequence[Person], out: Path, title: str = "") -> Export:
    """Points and comments for OLAT's correction tool, question by question, people in the order of the class.

    Args:
        people: In the order of ``students.csv``, which an import writes in OLAT's.
        out: A page with buttons that copy (``.html``), a workbook (``.xlsx``) or one table (``.csv``).
        title: Name of the exam.

    Raises:
        UsageError: The file's name ends otherwise.
    """
    if out.suffix.lower() not in {".html", ".xlsx", ".csv"}:
        message = f"{out}: expected a name that ends with .html, .xlsx or .csv, found {out.suffix or 'no ending'!r}."
        raise UsageError(message)
    export = Export(exported=[person.student for person in people])
    if not people:
        return export
    sheets = _by_question(people)
    if out.suffix.lower() == ".html":
        content = page.render("correction.html.j2", "correction.css", "correction.js", title=title, sheets=sheets)
        files.write_file(out, content.encode("utf-8"))
    elif out.suffix.lower() == ".csv":
        files.write_file(out, _table(sheets).encode("utf-8-sig"))
    else:
        write_workbook(out, [(sheet.id, _rows(sheet)) for sheet in sheets])
    export.written = out
    return export


def identified(people: Sequence[Person], field: IdentifierField, export: Export) -> Iterator[tuple[Person, str]]:
    """People with what identifies them; those without, or with somebody else's, are left out.

    Raises:
        UsageError: Nobody has such an identifier.
    """
    idents = [getattr(person.identity, field) for person in people]
    if people and not any(idents):
        message = f"expected {field.replace('_', ' ')}s of the students in students.csv, found none."
        raise UsageError(message, hint="Give the table with --students, or --identifier id to use the reports' names.")
    counts = Counter(ident.casefold() for ident in idents)
    for person, ident in zip(people, idents, strict=True):
        if not ident:
            export.left_out.append(LeftOut(person.student, f"no {field.replace('_', ' ')} is known"))
        elif counts[ident.casefold()] > 1:
            export.left_out.append(LeftOut(person.student, f"several students have {ident!r}"))
        elif wording.one_line(ident) != ident:
            export.left_out.append(LeftOut(person.student, f"{ident!r} cannot stand in a line of a table"))
        else:
            yield person, ident


def _by_question(people: Sequence[Person]) -> list[QuestionEntries]:
    heads: dict[str, QuestionModel] = {}
    entries: dict[str, list[Entry]] = {}
    for person in people:
        for question in wording.questions(person.report()):
            heads.setdefault(question.id, question)
            entries.setdefault(question.id, []).append(_entry(person, question))
    return [
        QuestionEntries(ident, head.title, wording.points(head.max_points), tuple(entries[ident]))
        for ident, head in heads.items()
    ]


def _entry(person: Person, question: QuestionModel) -> Entry:
    undecided = question.status == "review"
    return Entry(
        name=person.name,
        login=person.identity.login,
        registration_number=person.identity.registration_number,
        points="" if undecided else wording.points(question.points),
        comment="" if undecided else "\n".join(map(text.visible, question.comments)),
    )


def _rows(sheet: QuestionEntries) -> list[dict[str, str | float | None]]:
    return [
        {
            "name": entry.name,
            "login": entry.login,
            "registration number": entry.registration_number,
            f"points (of {sheet.max_points})": float(entry.points) if entry.points else None,
            "comment": entry.comment,
            "open": "" if entry.points else "yes",
        }
        for entry in sheet.entries
    ]


def _table(sheets: Sequence[QuestionEntries]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["question", "title", "name", "login", "registration number", "points", "max", "comment", "open"])
    for sheet in sheets:
        for entry in sheet.entries:
            cells = [sheet.id, sheet.title, entry.name, entry.login, entry.registration_number]
            safe = [text.cell_for_people(cell) for cell in [*cells, entry.comment]]
            writer.writerow([*safe[:-1], entry.points, sheet.max_points, safe[-1], "" if entry.points else "yes"])
    return out.getvalue()
