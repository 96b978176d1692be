"""Moodle: the offline grading worksheet and the ZIP of feedback files of an assignment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.exporting import files, matching, wording
from grader.exporting.sheet import Sheet, number
from grader.exporting.types import Export, LeftOut, Person

SYSTEM = "moodle"
# The titles that Moodle's language packs give; other languages are told by what the columns hold.
_TITLES: Mapping[str, frozenset[str]] = {
    "name": frozenset({"full name", "vollständiger name", "nom complet", "nome completo", "nombre completo"}),
    "email": frozenset({"email address", "e-mail-adresse", "adresse de courriel", "indirizzo email"}),
    "grade": frozenset({"grade", "bewertung", "note", "valutazione", "calificación"}),
    "maximum": frozenset(
        {"maximum grade", "bestwertung", "note maximale", "valutazione massima", "calificación máxima"}
    ),
    "changeable": frozenset({"grade can be changed", "bewertung kann geändert werden", "la note peut être modifiée"}),
    "feedback": frozenset({"feedback comments", "feedback als kommentar", "feedback par commentaires"}),
}
_NO = frozenset({"no", "nein", "non"})
_PARTICIPANT = re.compile(r"(\d+)\s*$")


@dataclass(frozen=True)
class Wanted:
    """What the command line says of a worksheet.

    Attributes:
        grade: Title of the column for the points, or ``""`` to find it.
        feedback: Title of the column for the comments, or ``""`` to find it.
        comments: Whether comments are written.
        replace_comments: Whether comments that are there already are replaced.
        accept_maximum: Whether another maximum grade than the exam's is all right.
    """

    grade: str = ""
    feedback: str = ""
    comments: bool = True
    replace_comments: bool = False
    accept_maximum: bool = False


@dataclass(frozen=True)
class _Columns:
    """Places of the columns that matter; the identifier is the first one. None: there is none."""

    grade: int | None
    maximum: int | None
    name: int | None
    email: int | None
    changeable: int | None
    feedback: int | None


class Worksheet:
    """A grading worksheet that was downloaded, in any language.

    Attributes:
        sheet: Its cells.
        targets: Its participants.
    """

    def __init__(self, path: Path) -> None:
        self.sheet = Sheet(path, "a grading worksheet of Moodle")
        self._participants = {
            row: match[1]
            for row in range(1, len(self.sheet))
            if (match := _PARTICIPANT.search(self.sheet.cell(row, 0)))
        }
        if not self._participants:
            message = (
                f"{path}: expected a grading worksheet whose first column ends with participants' numbers, found the "
                f"columns {', '.join(self.sheet.header[:6])}."
            )
            raise UsageError(message, hint="Download it from the assignment's list of submissions.")
        self.columns = self._columns()
        self.targets = [self._target(row, key) for row, key in self._participants.items()]

    def participant(self, target: matching.Target) -> str:
        """The number of the participant in this assignment."""
        return self._participants[target.place]

    def name(self, target: matching.Target) -> str:
        """The full name, or the word for participants where the names are hidden."""
        if self.columns.name is not None and (name := self.sheet.cell(target.place, self.columns.name)):
            return name
        return _PARTICIPANT.sub("", self.sheet.cell(target.place, 0)).strip() or "Participant"

    def locked(self, target: matching.Target) -> bool:
        """Whether Moodle says that the grade cannot be changed."""
        column = self.columns.changeable
        return column is not None and self.sheet.cell(target.place, column).casefold() in _NO

    def _target(self, row: int, key: str) -> matching.Target:
        name = self._cell(row, self.columns.name)
        label = f"row {row + 1}, {name or self.sheet.cell(row, 0)}"
        email = self._cell(row, self.columns.email)
        return matching.Target(row, label, (key,), email=(email,), name=(name,))

    def _cell(self, row: int, column: int | None) -> str:
        return "" if column is None else self.sheet.cell(row, column)

    def _columns(self) -> _Columns:
        by_title = {part: self._titled(titles) for part, titles in _TITLES.items()}
        maximum = by_title["maximum"] if by_title["maximum"] is not None else self._maximum()
        grade = by_title["grade"]
        if grade is None and maximum is not None:
            grade = maximum - 1  # Moodle writes them side by side.
        email = by_title["email"]
        if email is None:
            email = self._only(lambda cells: all("@" in cell for cell in cells))
        name = by_title["name"]
        if name is None and email != 1 and self._tells_people_apart(1):
            name = 1
        return _Columns(grade, maximum, name, email, by_title["changeable"], by_title["feedback"])

    def _titled(self, titles: Iterable[str]) -> int | None:
        places = [place for place, title in enumerate(self.sheet.header) if title.casefold() in titles]
        return places[0] if places else None

    def _maximum(self) -> int | None:
        """The one column with the same number everywhere, right of one that holds numbers or nothing."""
        found = []
        for place in range(2, len(self.sheet.header)):
            values = {number(self.sheet.cell(row, place)) for row in self._participants}
            before = [self.sheet.cell(row, place - 1) for row in self._participants]
            if len(values) == 1 and (values.pop() or 0) > 0 and all(number(cell or "0") is not None for cell in before):
                found.append(place)
        return found[0] if len(found) == 1 else None

    def _only(self, fits: Callable[[list[str]], bool]) -> int | None:
        found = [
            place for place in range(1, len(self.sheet.header)) if (cells := self.sheet.column(place)) and fits(cells)
        ]
        return found[0] if len(found) == 1 else None

    def _tells_people_apart(self, column: int) -> bool:
        """Names differ from row to row; the status of a submission does not."""
        cells = self.sheet.column(column)
        return len(cells) > 2 and len(set(cells)) * 2 > len(cells) and not any("@" in cell for cell in cells)


def fill_worksheet(people: Sequence[Person], worksheet: Path, out: Path, wanted: Wanted) -> Export:
    """Fills the points and comments into a worksheet that was downloaded; every other cell stays as it was.

    Raises:
        UsageError: It is no worksheet, a column cannot be found, or its maximum is not the exam's.
    """
    page = Worksheet(worksheet)
    grade = _column(page, wanted.grade, page.columns.grade, "--grade-column")
    pairs, left_out = matching.match(people, page.targets, SYSTEM)
    export = Export(left_out=left_out)
    _check_maximum(page, [person for person, _ in pairs], accept=wanted.accept_maximum)
    feedback = _feedback_column(page, wanted, export)
    mark = page.sheet.decimal_mark([column for column in (page.columns.maximum, grade) if column is not None])
    for person, target in pairs:
        if page.locked(target):
            export.left_out.append(LeftOut(person.student, f"Moodle says that the grade of {target.label} is locked"))
            continue
        page.sheet.fill(target.place, grade, wording.points(person.total.points, mark))
        if feedback is not None:
            _comment(page, target, feedback, person, wanted, export)
        export.exported.append(person.student)
    _note_others(page, len(export.exported), export)
    if export.exported:
        # What the file's encoding lacks is written as HTML has it, which comments are.
        files.write_file(out, page.sheet.encoded("xmlcharrefreplace"))
        export.written = out
    return export


def feedback_files(people: Sequence[Person], out: Path, worksheet: Path | None = None) -> Export:
    """ZIP of feedback files: ``<name>_<participant>_assignsubmission_file_/report.html``.

    Args:
        people: Those who get a report.
        out: The archive.
        worksheet: A worksheet of the same assignment; without it, ``students.csv`` must have Moodle's numbers.

    Raises:
        UsageError: There is no participant's number to be had.
    """
    export = Export()
    members = []
    for person, name, participant in _participants(people, worksheet, export):
        if person.page_fault:
            export.left_out.append(LeftOut(person.student, person.page_fault))
            continue
        members.append((f"{_folder(name)}_{participant}_assignsubmission_file_/report.html", person.page))
        export.exported.append(person.student)
    if members:
        files.write_zip(out, members)
        export.written = out
    return export


def _participants(
    people: Sequence[Person], worksheet: Path | None, export: Export
) -> Iterable[tuple[Person, str, str]]:
    if worksheet is not None:
        page = Worksheet(worksheet)
        pairs, left_out = matching.match(people, page.targets, SYSTEM)
        export.left_out += left_out
        yield from ((person, page.name(target), page.participant(target)) for person, target in pairs)
        return
    keys = Counter(_own_key(person) for person in people)
    if people and set(keys) == {""}:
        message = "expected participants' numbers of Moodle in students.csv (system moodle, source_key), found none."
        raise UsageError(message, hint="Give a worksheet of the assignment with --worksheet.")
    for person in people:
        key = _own_key(person)
        if not key:
            export.left_out.append(LeftOut(person.student, "no participant's number is known"))
        elif keys[key] > 1:
            export.left_out.append(LeftOut(person.student, f"several students have the participant's number {key}"))
        else:
            yield person, person.name, key


def _own_key(person: Person) -> str:
    """The participant's number, or ``""``."""
    key = person.identity.source_key
    return key if person.identity.system == SYSTEM and key.isdecimal() else ""


def _folder(name: str) -> str:
    """Moodle reads the second part between underscores as the number, so names hold none."""
    kept = re.sub(r'[_/\\:*?"<>|\x00-\x1f]', " ", name).strip(" .~")
    return kept or "Participant"


def _column(page: Worksheet, title: str, found: int | None, option: str) -> int:
    header = page.sheet.header
    if title:
        places = [place for place, name in enumerate(header) if name.casefold() == title.casefold()]
        if len(places) == 1:
            return places[0]
        message = f"{page.sheet.path}: expected one column {title!r}, found {len(places)} among {', '.join(header)}."
        raise UsageError(message)
    if found is None:
        message = f"{page.sheet.path}: cannot tell which column takes the points, found {', '.join(header)}."
        raise UsageError(message, hint=f"Name it with {option}.")
    return found


def _feedback_column(page: Worksheet, wanted: Wanted, export: Export) -> int | None:
    if not wanted.comments:
        return None
    if wanted.feedback:
        return _column(page, wanted.feedback, None, "--feedback-column")
    if page.columns.feedback is None:
        export.notes.append("the worksheet has no column for comments that could be told; --feedback-column names it")
    return page.columns.feedback


def _check_maximum(page: Worksheet, people: list[Person], *, accept: bool) -> None:
    column = page.columns.maximum
    if column is None:
        return
    for row in page.sheet.column(column)[:1]:
        where = f"{page.sheet.path}, column {page.sheet.header[column]!r}"
        wording.check_maximum(number(row), people, where, accept=accept)


def _comment(
    page: Worksheet, target: matching.Target, column: int, person: Person, wanted: Wanted, export: Export
) -> None:
    if page.sheet.cell(target.place, column) and not wanted.replace_comments:
        export.notes.append(
            f"{target.label} has a comment already, which stays as it was (--replace-comments writes the new one)"
        )
        return
    page.sheet.fill(target.place, column, wording.html_feedback(person))


def _note_others(page: Worksheet, found: int, export: Export) -> None:
    others = len(page.targets) - found
    if others:
        export.notes.append(f"{others} of {len(page.targets)} rows stay as they were")
