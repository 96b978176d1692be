"""People's marks: added, taken back, compared, never overwritten; with the history of who did what and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from grader.errors import ConflictError, UsageError
from grader.gradebook.book import Gradebook, now
from grader.gradebook.tables import CommentRow, EventRow, MarkRow, StudentRow
from grader.gradebook.values import Event, Provenance, StoredMark
from grader.scoring.human import HumanMark, Marks

FILE = "file"
Hashes = Mapping[tuple[str, str], str]
"""(Student, question) → hash of what there is to mark."""


class MarkBook:
    """The marks of a class.

    Args:
        book: The gradebook.

    Raises:
        StorageError: The database cannot be read or written; so do all methods.
    """

    def __init__(self, book: Gradebook) -> None:
        self._book, self._database = book, book.database

    def effective(self) -> dict[str, dict[str, StoredMark]]:
        """Student → question → the mark that counts: the last one of a first marker that was not taken back."""
        query = _query(self._book.id).where(MarkRow.taken_back_at.is_(None), MarkRow.role == "first")
        return self._by_student(query)

    def second(self) -> dict[str, dict[str, StoredMark]]:
        """Student → question → the second marker's last mark."""
        query = _query(self._book.id).where(MarkRow.taken_back_at.is_(None), MarkRow.role == "second")
        return self._by_student(query)

    def counting(self) -> Marks:
        """The marks that count, as scoring takes them."""
        return {
            student: {question: stored.mark for question, stored in marks.items()}
            for student, marks in self.effective().items()
        }

    def history(self, student: str, question: str | None = None) -> list[StoredMark]:
        """All marks of a student, also those taken back, the oldest first."""
        with self._database.reading() as connection:
            self._book.student_id(connection, student)
            query = _query(self._book.id).where(StudentRow.name == student)
            if question is not None:
                query = query.where(MarkRow.question == question)
            return [_stored(row) for row in connection.execute(query)]

    def add(
        self, student: str, question: str, mark: HumanMark, by: Provenance, marked: str, *, seen: int | None = None
    ) -> StoredMark:
        """Adds a mark.

        Args:
            student: Name of the student.
            question: Id of the question.
            mark: The mark.
            by: Who gives it.
            marked: Hash of what was marked.
            seen: Number of the mark that counted when the marker looked, 0 for none; None: it does not matter.

        Raises:
            UsageError: There is no such student.
            ConflictError: Another mark than ``seen`` counts by now.
        """
        with self._database.writing() as connection:
            self._unchanged(connection, (student, question), by.role, seen)
            return self._add(connection, (student, question), mark, by, marked)

    def take_back(self, student: str, question: str, by: Provenance, *, seen: int | None = None) -> StoredMark:
        """Takes the mark that counts back; the one before it counts again.

        Args:
            student: Name of the student.
            question: Id of the question.
            by: Who takes it back.
            seen: As in ``add``.

        Returns:
            The mark that was taken back.

        Raises:
            UsageError: There is none.
            ConflictError: Another mark than ``seen`` counts by now.
        """
        with self._database.writing() as connection:
            self._unchanged(connection, (student, question), by.role, seen)
            return self._take_back(connection, student, question, by)

    def sync_file(self, marks: Marks, hashes: Hashes, author: str) -> list[str]:
        """Takes over the staff's file: what is new or changed there is a new mark, what is gone is taken back.

        Args:
            marks: What the file holds, for students of the class.
            hashes: What there is to mark.
            author: The file's name.

        Returns:
            A line on each mark that was taken back.
        """
        by, lines = Provenance(author, "file"), []
        with self._database.writing() as connection:
            query = _query(self._book.id).where(MarkRow.source == FILE, MarkRow.taken_back_at.is_(None))
            known = {(row.name, row.question): _stored(row) for row in connection.execute(query)}
            for student, questions in marks.items():
                for question, mark in questions.items():
                    key = (student, question)
                    before = known.pop(key, None)
                    if before is None or before.mark != mark:
                        self._add(connection, key, mark, by, hashes.get(key, ""))
            for (student, question), stored in known.items():
                self._close(connection, stored.id, author)
                self._note(connection, by, "taken back", (student, question), _told(stored.mark), "")
                lines.append(f"{student} {question}: its mark is no longer in {author} and was taken back")
        return lines

    def events(self, student: str | None = None) -> list[Event]:
        """What happened to marks, the oldest first."""
        query = select(EventRow).where(EventRow.class_id == self._book.id).order_by(EventRow.id)
        if student is not None:
            query = query.where(EventRow.student == student)
        with self._database.reading() as connection:
            return [
                Event(row.at, row.actor, row.action, row.student, row.question, row.before, row.after)
                for row in connection.execute(query)
            ]

    def comments(self, question: str) -> list[str]:
        """Comments used for a question, the most used first."""
        here = (CommentRow.class_id == self._book.id) & (CommentRow.question == question)
        with self._database.reading() as connection:
            return list(connection.scalars(select(CommentRow.text).where(here).order_by(CommentRow.uses.desc())))

    def _by_student(self, query: Select[MarkRow, str]) -> dict[str, dict[str, StoredMark]]:
        found: dict[str, dict[str, StoredMark]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.name, {})[row.question] = _stored(row)
        return found

    def _unchanged(self, connection: Connection, key: tuple[str, str], role: str, seen: int | None) -> None:
        """Refuses to put a mark over one that its giver has not seen."""
        if seen is None:
            return
        mine = _query(self._book.id).where(StudentRow.name == key[0], MarkRow.question == key[1])
        rows = connection.execute(mine.where(MarkRow.taken_back_at.is_(None), MarkRow.role == role)).all()
        if (rows[-1].id if rows else 0) != seen:
            last = _stored(rows[-1]) if rows else None
            told = f"{last.by.author} gave {_told(last.mark)}" if last else "its mark was taken back"
            message = f"question {key[1]} was marked meanwhile: {told}."
            raise ConflictError(message, hint="Load the page again and decide.")

    def _add(
        self, connection: Connection, key: tuple[str, str], mark: HumanMark, by: Provenance, marked: str
    ) -> StoredMark:
        student, question = key
        mark = replace(mark, comment=_storable(mark.comment))
        by = replace(by, author=_storable(by.author), reason=_storable(by.reason))
        owner = self._book.student_id(connection, student)
        mine = _query(self._book.id).where(StudentRow.name == student, MarkRow.question == question)
        before = connection.execute(mine.where(MarkRow.taken_back_at.is_(None), MarkRow.role == by.role)).all()
        values: dict[str, Any] = {
            "student_id": owner,
            "question": question,
            "role": by.role,
            "points": mark.points,
            "criteria": json.dumps(dict(mark.criteria)),
            "comment": mark.comment,
            "author": by.author,
            "reason": by.reason,
            "source": by.source,
            "marked": marked,
            "made_at": now(),
        }
        number = int(connection.execute(insert(MarkRow).values(**values).returning(MarkRow.id)).scalar_one())
        told = _told(_stored(before[-1]).mark) if before else ""
        action = "marked" if by.role == "first" else "marked as second"
        self._note(connection, by, action, key, told, _told(mark))
        self._remember(connection, question, mark.comment)
        return StoredMark(number, student, question, mark, by, marked, values["made_at"])

    def _take_back(self, connection: Connection, student: str, question: str, by: Provenance) -> StoredMark:
        self._book.student_id(connection, student)
        mine = _query(self._book.id).where(StudentRow.name == student, MarkRow.question == question)
        rows = connection.execute(mine.where(MarkRow.taken_back_at.is_(None), MarkRow.role == by.role)).all()
        if not rows:
            message = f"{student} {question}: there is no mark of a person to take back."
            raise UsageError(message, hint="`grade status` shows what is marked.")
        stored = _stored(rows[-1])
        self._close(connection, stored.id, by.author)
        self._note(connection, by, "taken back", (student, question), _told(stored.mark), "")
        return stored

    def _close(self, connection: Connection, number: int, author: str) -> None:
        values = {"taken_back_at": now(), "taken_back_by": author}
        connection.execute(update(MarkRow).where(MarkRow.id == number).values(**values))

    def _note(
        self, connection: Connection, by: Provenance, action: str, key: tuple[str, str], before: str, after: str
    ) -> None:
        values = {"student": key[0], "question": key[1], "before": before, "after": after}
        who = {"class_id": self._book.id, "at": now(), "actor": by.author, "action": action}
        connection.execute(insert(EventRow).values(**who, **values))

    def _remember(self, connection: Connection, question: str, comment: str) -> None:
        """Comments are offered again where the same question is marked."""
        text = comment.strip()
        if not text:
            return
        same = (CommentRow.class_id == self._book.id) & (CommentRow.question == question) & (CommentRow.text == text)
        changed = connection.execute(update(CommentRow).where(same).values(uses=CommentRow.uses + 1))
        if not changed.rowcount:
            values = {"class_id": self._book.id, "question": question, "text": text, "uses": 1}
            connection.execute(insert(CommentRow).values(**values))


def _query(book: int) -> Select[MarkRow, str]:
    return (
        select(MarkRow, StudentRow.name)
        .join(StudentRow, StudentRow.id == MarkRow.student_id)
        .where(StudentRow.class_id == book)
        .order_by(MarkRow.id)
    )


def _stored(row: Any) -> StoredMark:
    return StoredMark(
        row.id,
        row.name,
        row.question,
        HumanMark(row.points, json.loads(row.criteria), row.comment),
        Provenance(row.author, row.source, row.reason, row.role),
        row.marked,
        row.made_at,
        row.taken_back_at,
        row.taken_back_by,
    )


def _storable(text: str) -> str:
    """A text without what databases refuse."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _told(mark: HumanMark) -> str:
    """A mark in words, for the history."""
    parts = [f"{mark.points:g} points"] if mark.points is not None else []
    parts += [f"{criterion} {points:g}" for criterion, points in mark.criteria.items()]
    return ", ".join(parts) + (f" – {mark.comment}" if mark.comment else "")
