"""Workbooks for people: a sheet a question and an overview."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from grader.exporting import files, wording
from grader.exporting.types import Export, Person
from grader.reporting import text
from grader.reporting.schema import CriterionModel, QuestionModel, ReportModel

Row = Mapping[str, str | float | None]
_LONGEST_CELL = 32_767
_LONGEST_TITLE = 31
_NARROWEST, _WIDEST = 8, 60
_WRAPPED = Alignment(wrap_text=True, vertical="top")


def grade_workbook(people: Sequence[Person], out: Path, titles: Mapping[str, str] | None = None) -> Export:
    """Writes the class as a workbook: an overview, then a sheet a question with criteria and comments.

    Args:
        people: Those who get a report.
        out: The file.
        titles: Criterion id → what it asks for, where the course tells.
    """
    export = Export(exported=[person.student for person in people])
    if not people:
        return export
    overview: list[Row] = []
    sheets: dict[str, list[Row]] = {}
    for person in people:
        report = person.report()
        overview.append(_overview(person, report))
        for question in wording.questions(report):
            sheets.setdefault(question.id, []).append(_question(person, question, titles or {}))
    write_workbook(out, [("overview", overview), *sheets.items()])
    export.written = out
    return export


def write_workbook(out: Path, sheets: Sequence[tuple[str, Sequence[Row]]]) -> None:
    """Writes tables as sheets: texts as texts, never as formulas, with a frozen header.

    Raises:
        UsageError: The file cannot be written.
    """
    names = _sheet_names([name for name, _ in sheets])
    with files.writing(out) as file, pd.ExcelWriter(file, engine="openpyxl") as writer:
        for name, (_, rows) in zip(names, sheets, strict=True):
            table = pd.DataFrame([{_cell(key): _cell(value) for key, value in row.items()} for row in rows])
            table.to_excel(writer, sheet_name=name, index=False)
            # The library may have changed the name.
            _dress(writer.book.worksheets[-1])


def _overview(person: Person, report: ReportModel) -> Row:
    identity = person.identity
    questions = list(wording.questions(report))
    return {
        "student": identity.id,
        "name": identity.name,
        "login": identity.login,
        "email": identity.email,
        "registration number": identity.registration_number,
        "group": identity.group,
        **{question.id: question.points for question in questions},
        **{f"assignment {part.id}": part.points for part in report.assignments},
        "total": person.total.points,
        "max": person.total.max_points,
        "grade": person.total.grade,
        "status": person.status,
        "open": " ".join(question.id for question in questions if question.status == "review"),
        "submitted at": identity.submitted_at,
        "late": identity.late,
        "attempt": identity.attempt,
    }


def _question(person: Person, question: QuestionModel, titles: Mapping[str, str]) -> Row:
    row: dict[str, str | float | None] = {
        "student": person.identity.id,
        "name": person.identity.name,
        "registration number": person.identity.registration_number,
        "points": question.points,
        "max": question.max_points,
        "status": question.status,
        "marked by": question.marked_by,
        "comments": "\n".join(question.comments),
    }
    for criterion in question.criteria:
        row |= _criterion(criterion, titles.get(criterion.id, ""))
    return row


def _criterion(criterion: CriterionModel, title: str) -> Row:
    head = f"{criterion.id}: {title}" if title else criterion.id
    return {
        head: criterion.points,
        f"{criterion.id} outcome": criterion.outcome,
        f"{criterion.id} comment": "\n".join(filter(None, [criterion.comment, criterion.evidence])),
    }


def _cell(value: str | float | None) -> str | float | None:
    """Texts without what a workbook cannot hold, and none that a spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    return text.clip(text.cell_for_people(text.visible(value)), _LONGEST_CELL)


def _sheet_names(wanted: Sequence[str]) -> Iterator[str]:
    taken: set[str] = {"history"}  # Excel keeps this name for itself.
    for name in wanted:
        base = re.sub(r"[\[\]:*?/\\']", "-", text.visible(name)).strip()[:_LONGEST_TITLE] or "untitled"
        candidate, number = base, 2
        while candidate.casefold() in taken:
            tail = f" ({number})"
            candidate, number = base[: _LONGEST_TITLE - len(tail)] + tail, number + 1
        taken.add(candidate.casefold())
        yield candidate


def _dress(sheet: Worksheet) -> None:
    """Header, widths, and a style only for the cells that need one: styles are what large workbooks spend time on."""
    sheet.freeze_panes = "B2"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = _WRAPPED
    for number, column in enumerate(sheet.iter_cols(), start=1):
        longest = _NARROWEST
        for cell in column[1:]:
            if isinstance(cell.value, str):
                longest = max(longest, len(cell.value))
                if cell.value[:1].isdigit():
                    cell.number_format = "@"  # A number that is text stays so when somebody edits it.
                if len(cell.value) > _WIDEST or "\n" in cell.value:
                    cell.alignment = _WRAPPED
        sheet.column_dimensions[get_column_letter(number)].width = min(longest + 2, _WIDEST)
