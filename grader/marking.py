"""People's marks from the command line and from tables, checked against the course and what there is to mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.course import Course, Question, load_course
from grader.errors import UsageError, UserError
from grader.gradebook import Provenance, Stored, StoredMark
from grader.keeping import Keeper, marked_hash, outdated
from grader.results import QuestionResult
from grader.scoring.human import HumanMark, read_mark

COLUMNS = ("student", "question", "title", "max_points", "state", "answer", "points", "criteria", "comment", "reason")
"""Of the table of marks; ``points``, ``criteria``, ``comment`` and ``reason`` are the marker's."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MAX_MIB = 50


@dataclass(frozen=True)
class Waiting:
    """A question of a student as markers see it.

    Attributes:
        student: Name of the student.
        shown: The same, or the alias where names are hidden.
        question: The question of the course.
        result: What was computed and marked until now, or None.
        answer: What the student typed.
        mark: The mark that counts, or None.
        outdated: Whether that mark was given for an earlier upload.
    """

    student: str
    shown: str
    question: Question
    result: QuestionResult | None
    answer: str
    mark: StoredMark | None
    outdated: bool

    @property
    def state(self) -> str:
        """``open``, ``marked``, ``check`` (marked for an earlier upload), ``computed`` or ``missing``."""
        if self.mark is not None and self.outdated:
            return "check"
        if self.mark is not None and not still_open(self.result, self.mark.mark):
            return "marked"
        if self.mark is not None or self.result is None or self.result.status == "review":
            return "open"
        return "missing" if self.result.status == "missing" else "computed"


def still_open(result: QuestionResult | None, mark: HumanMark) -> bool:
    """Whether a mark of single criteria leaves one undecided."""
    if mark.points is not None or result is None:
        return False
    return any(criterion.points is None and criterion.id not in mark.criteria for criterion in result.criteria)


class Marking:
    """The marks of a class.

    Args:
        keeper: Gradebook and journals.
        course: Folder of the course pack, or None for the one of the last run.
        anonymous: Whether names are hidden.

    Raises:
        UsageError: The gradebook knows no run of this class.
        UserError: The course pack is wrong.
        StorageError: The gradebook cannot be read or written; so do all methods.
    """

    def __init__(self, keeper: Keeper, course: Path | None = None, *, anonymous: bool = False) -> None:
        last = keeper.book.last_run()
        if last is None:
            message = f"The gradebook {keeper.book.database.name} knows no run of the class {keeper.book.name!r}."
            raise UsageError(message, hint="Grade the submissions first, or give --out, --gradebook or --class-name.")
        self._keeper = keeper
        self.folder = course or Path(str(last.options["course"]))
        self.course: Course = load_course(self.folder)
        self._questions = {question.id: question for question in self.course.questions()}
        self._aliases = keeper.book.students() if anonymous else {}

    def waiting(self, questions: Iterable[str] = ()) -> list[Waiting]:
        """All questions of all students, question by question, in the order of the course."""
        chosen = [self.question(ident) for ident in questions] or list(self._questions.values())
        current = self._keeper.book.current()
        results = self._keeper.book.results(stored.id for stored in current.values())
        marks = self._keeper.marks.effective()
        old = set(outdated(self._keeper, self.course, current))
        found = []
        for question in chosen:
            for student, stored in current.items():
                kept = results.get(stored.id)
                parts = {part.id: part for part in kept.result.questions} if kept is not None else {}
                answer = stored.record.answers.get(question.id, "")
                found.append(
                    Waiting(
                        student,
                        self._aliases.get(student, student),
                        question,
                        parts.get(question.id),
                        answer if isinstance(answer, str) else " ".join(map(str, answer)),
                        marks.get(student, {}).get(question.id),
                        (student, question.id) in old,
                    )
                )
        return found

    def question(self, ident: str) -> Question:
        """A question of the course.

        Raises:
            UsageError: There is none of that id.
        """
        if ident not in self._questions:
            message = f"The course has no question {ident!r}."
            raise UsageError(message, hint=f"It has {', '.join(self._questions)}.")
        return self._questions[ident]

    def student(self, name: str) -> Stored:
        """The upload that counts, of a student given by name or alias.

        Raises:
            UsageError: There is none of that name.
        """
        current = self._keeper.book.current()
        by_alias = {alias: student for student, alias in self._keeper.book.students().items()}
        found = current.get(name) or current.get(by_alias.get(name, ""))
        if found is None:
            names = ", ".join(self._aliases.get(student, student) for student in list(current)[:20]) or "nobody"
            message = f"There is no submission of {name!r}; the class has {names}."
            raise UsageError(message, hint="Give names as the reports' table shows them.")
        return found

    def mark(self, name: str, question: str, entry: Any, by: Provenance, *, seen: int | None = None) -> StoredMark:
        """Adds a mark.

        Args:
            name: Name or alias of the student.
            question: Id of the question.
            entry: As in ``marks.yaml``: points, or a dictionary of points or criteria and a comment.
            by: Who gives it.
            seen: Number of the mark that counted when the marker looked, 0 for none; None: it does not matter.

        Raises:
            UsageError: Student, question, criterion or points do not fit.
            ConflictError: Another mark than ``seen`` counts by now.
        """
        stored, asked = self.student(name), self.question(question)
        mark = read_mark(f"{stored.record.student} {question}", entry, asked)
        mark = HumanMark(mark.points, mark.criteria, self.comment(question, mark.comment))
        marked = marked_hash(stored.record, self.course, question)
        return self._keeper.marks.add(stored.record.student, question, mark, by, marked, seen=seen)

    def confirm(self, name: str, question: str, by: Provenance) -> StoredMark:
        """Gives the mark that counts again, for the present upload.

        Raises:
            UsageError: There is no mark.
        """
        stored = self.student(name)
        mark = self._keeper.marks.effective().get(stored.record.student, {}).get(question)
        if mark is None:
            message = f"{stored.record.student} {question}: there is no mark of a person to confirm."
            raise UsageError(message, hint="`grade status` shows what is marked.")
        marked = marked_hash(stored.record, self.course, question)
        return self._keeper.marks.add(stored.record.student, question, mark.mark, by, marked)

    def take_back(self, name: str, question: str, by: Provenance, *, seen: int | None = None) -> StoredMark:
        """Takes the mark that counts back.

        Raises:
            UsageError: There is none.
            ConflictError: Another mark than ``seen`` counts by now.
        """
        self.question(question)
        return self._keeper.marks.take_back(self.student(name).record.student, question, by, seen=seen)

    def history(self, name: str, question: str) -> list[str]:
        """Who did what to a question's marks, a line each."""
        self.question(question)
        student = self.student(name).record.student
        lines = []
        for event in self._keeper.marks.events(student):
            if event.question == question:
                what = (
                    f"{event.before} → {event.after}" if event.before and event.after else event.before or event.after
                )
                lines.append(f"{event.at:%Y-%m-%d %H:%M} {event.actor} {event.action}: {what}")
        return lines

    def comment(self, question: str, text: str) -> str:
        """A comment, or for ``#2`` the second of the comments used for the question.

        Raises:
            UsageError: There are not so many.
        """
        number = text.strip().removeprefix("#")
        if not text.strip().startswith("#") or not number.isdecimal():
            return text
        known = self._keeper.marks.comments(question)
        if not 1 <= int(number) <= len(known):
            message = f"{question}: there is no comment #{number}; {len(known)} have been used."
            raise UsageError(message, hint=f"`grade marks comments {question}` lists them.")
        return known[int(number) - 1]

    def comments(self, question: str) -> list[str]:
        """Comments used for a question, the most used first."""
        return self._keeper.marks.comments(self.question(question).id)

    # -- tables -----------------------------------------------------------------------------------------------------

    def table(self, waiting: Sequence[Waiting]) -> str:
        """The marks as CSV, for people: what a spreadsheet would take for a formula gets a leading apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for one in waiting:
            mark = one.mark.mark if one.mark is not None else HumanMark()
            criteria = "; ".join(f"{ident}={points:g}" for ident, points in mark.criteria.items())
            points = "" if mark.points is None else f"{mark.points:g}"
            known = (one.shown, one.question.id, one.question.title, f"{one.question.points:g}", one.state, one.answer)
            reason = one.mark.by.reason if one.mark is not None else ""
            writer.writerow([_safe(cell) for cell in (*known, points, criteria, mark.comment, reason)])
        return out.getvalue()

    def take_table(self, path: Path, author: str) -> Taken:
        """Takes marks from a table; a wrong row is told and left out, the others count.

        Raises:
            UsageError: The file cannot be read or lacks a column.
        """
        taken = Taken()
        marks = self._keeper.marks.effective()
        for line, row in _rows(path):
            try:
                entry = _entry(row)
                if entry is None:
                    continue
                student = self.student(row["student"]).record.student
                asked = self.question(row["question"])
                mark = read_mark("", entry, asked)
                before = marks.get(student, {}).get(asked.id)
                comment = self.comment(asked.id, mark.comment)
                if before is not None and before.mark == HumanMark(mark.points, mark.criteria, comment):
                    taken.unchanged += 1
                    continue
                self.mark(student, asked.id, entry, Provenance(author, "csv", row.get("reason", "")))
                taken.students.add(student)
                taken.added += 1
            except UserError as fault:
                taken.refused.append(f"{path.name}, line {line}: {fault}")
        return taken


@dataclass
class Taken:
    """What became of a table. Attributes: marks added, rows that say what counts already, refused rows, students."""

    added: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    students: set[str] = field(default_factory=set)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells; any of the usual delimiters."""
    try:
        if path.stat().st_size > _MAX_MIB * 2**20:
            message = f"{path}: expected a table of at most {_MAX_MIB} MiB."
            raise UsageError(message)
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp1252")
    except OSError as fault:
        message = f"{path}: cannot be read ({fault.strerror})."
        raise UsageError(message, hint="Give the file that `grade marks export` wrote.") from fault
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    lacking = [name for name in ("student", "question", "points") if name not in (reader.fieldnames or ())]
    if lacking:
        message = f"{path}: expected the columns student, question and points, found no {lacking[0]!r}."
        raise UsageError(message, hint="Give the file that `grade marks export` wrote.")
    for row in reader:
        cells = {name: _plain(value or "") for name, value in row.items() if isinstance(name, str)}
        if any(cells.values()):
            yield reader.line_num, cells


def _entry(row: Mapping[str, str]) -> dict[str, Any] | None:
    """A row as an entry of ``marks.yaml``; None where the marker left it empty.

    Raises:
        UsageError: Points are no number, or criteria are not of the form ``2b.loss=1; 2b.decision=0``.
    """
    entry: dict[str, Any] = {}
    if row["points"].strip():
        entry["points"] = _number(row["points"])
    elif row.get("criteria", "").strip():
        pairs = [pair.partition("=") for pair in row["criteria"].split(";") if pair.strip()]
        entry["criteria"] = {ident.strip(): _number(points) for ident, _, points in pairs}
    if not entry:
        return None
    if row.get("comment", "").strip():
        entry["comment"] = row["comment"].strip()
    return entry


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as fault:
        message = f"expected a number of points, found {text.strip()[:40]!r}."
        raise UsageError(message) from fault


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.startswith("'") else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
