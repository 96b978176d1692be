"""The gradebook of one class: runs, submissions, decisions, results."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, insert, select, update

from grader.errors import UsageError
from grader.gradebook.database import Database
from grader.gradebook.tables import ClassRow, DecisionRow, ResultRow, RunRow, StudentRow, SubmissionRow
from grader.gradebook.values import Record, Stored, StoredResult
from grader.results import StudentResult

_RECORD: TypeAdapter[Record] = TypeAdapter(Record)
_RESULT: TypeAdapter[StudentResult] = TypeAdapter(StudentResult)
_JOURNALS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])
_MANY = 500
"""Names in one query; databases bound the number of parameters."""


def now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Run:
    """A run as the gradebook knows it. Attributes: number, command, options, begin, end (None: killed or running)."""

    id: int
    command: str
    options: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None


class Gradebook:
    """The gradebook of one class.

    Args:
        database: Where it lies.
        name: Name of the class.

    Raises:
        StorageError: The database cannot be written; so do all methods.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.database, self.name = database, name
        with database.writing() as connection:
            found = connection.scalar(select(ClassRow.id).where(ClassRow.name == name))
            self.id = found or int(_inserted(connection, ClassRow, name=name))

    # -- runs -------------------------------------------------------------------------------------------------------

    def begin_run(self, command: str, options: Mapping[str, Any], version: str) -> int:
        """Notes that a command begins; returns the run's number."""
        with self.database.writing() as connection:
            values = {"command": command, "options": json.dumps(options), "version": version, "summary": ""}
            return _inserted(connection, RunRow, class_id=self.id, started_at=now(), **values)

    def end_run(self, run: int, summary: Mapping[str, Any]) -> None:
        """Notes that a command ended."""
        with self.database.writing() as connection:
            values = {"ended_at": now(), "summary": json.dumps(summary)}
            connection.execute(update(RunRow).where(RunRow.id == run).values(**values))

    def last_run(self, command: str = "run") -> Run | None:
        """The last run of a command, or None."""
        query = select(RunRow).where(RunRow.class_id == self.id, RunRow.command == command).order_by(RunRow.id.desc())
        with self.database.reading() as connection:
            row = connection.execute(query.limit(1)).first()
        if row is None:
            return None
        return Run(row.id, row.command, json.loads(row.options), row.started_at, row.ended_at)

    # -- students ---------------------------------------------------------------------------------------------------

    def enrol(self, students: Sequence[str], run: int | None) -> None:
        """Notes who is in the class now."""
        with self.database.writing() as connection:
            known = self._students(connection)
            fresh = [
                {"class_id": self.id, "name": name, "alias": f"student-{secrets.token_hex(4)}"}
                for name in dict.fromkeys(students)
                if name not in known
            ]
            if fresh:
                connection.execute(insert(StudentRow), fresh)
            if run is not None:
                for part in _parts(students):
                    chosen = StudentRow.name.in_(part)
                    connection.execute(
                        update(StudentRow).where(StudentRow.class_id == self.id, chosen).values(seen_in=run)
                    )

    def students(self) -> dict[str, str]:
        """Name → alias of those in the class at its last run."""
        query = select(StudentRow.name, StudentRow.alias).where(StudentRow.class_id == self.id)
        last = self.last_run()
        if last is not None:
            query = query.where(StudentRow.seen_in == last.id)
        with self.database.reading() as connection:
            return {row.name: row.alias for row in connection.execute(query.order_by(StudentRow.name))}

    def student_id(self, connection: Connection, student: str) -> int:
        """Number of a student.

        Raises:
            UsageError: There is none of that name.
        """
        query = select(StudentRow.id).where(StudentRow.class_id == self.id, StudentRow.name == student)
        found = connection.scalar(query)
        if found is None:
            names = ", ".join(sorted(self._students(connection))[:20]) or "nobody"
            message = f"The gradebook of class {self.name!r} has no student {student!r}; it has {names}."
            raise UsageError(message, hint="Grade the class first, and give names as reports are named.")
        return int(found)

    # -- submissions ------------------------------------------------------------------------------------------------

    def submit(self, record: Record) -> Stored:
        """Notes a submission; the same content again is the same submission."""
        with self.database.writing() as connection:
            student = self.student_id(connection, record.student)
            mine = SubmissionRow.student_id == student
            row = connection.execute(select(SubmissionRow).where(mine, SubmissionRow.content == record.content)).first()
            text = _RECORD.dump_json(record).decode()
            if row is not None:
                same = SubmissionRow.id == row.id
                connection.execute(update(SubmissionRow).where(same).values(last_seen_at=now(), record=text))
                return Stored(row.id, row.number, record)
            number = 1 + int(connection.scalar(select(func.max(SubmissionRow.number)).where(mine)) or 0)
            values = {"student_id": student, "content": record.content, "number": number, "record": text}
            seen = {"first_seen_at": now(), "last_seen_at": now()}
            return Stored(_inserted(connection, SubmissionRow, **values, **seen), number, record)

    def submissions(self, student: str) -> list[Stored]:
        """All that a student uploaded, the last seen at the end."""
        with self.database.reading() as connection:
            mine = SubmissionRow.student_id == self.student_id(connection, student)
            query = select(SubmissionRow).where(mine).order_by(SubmissionRow.last_seen_at, SubmissionRow.id)
            return [_stored(row) for row in connection.execute(query)]

    def current(self) -> dict[str, Stored]:
        """Student → what counts: the upload last seen, of those in the class at its last run."""
        names = self.students()
        query = (
            select(SubmissionRow, StudentRow.name)
            .join(StudentRow, StudentRow.id == SubmissionRow.student_id)
            .where(StudentRow.class_id == self.id)
            .order_by(SubmissionRow.last_seen_at, SubmissionRow.id)
        )
        with self.database.reading() as connection:
            found = {row.name: _stored(row) for row in connection.execute(query) if row.name in names}
        return dict(sorted(found.items()))

    # -- decisions --------------------------------------------------------------------------------------------------

    def decisions(self, journal: str) -> dict[str, dict[str, str]]:
        """Question id → digest → decision as JSON, the last made at the end."""
        query = select(DecisionRow).where(DecisionRow.journal == journal).order_by(DecisionRow.made_at, DecisionRow.id)
        found: dict[str, dict[str, str]] = {}
        with self.database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.question, {})[row.digest] = row.decided
        return found

    def decide(self, journal: str, decided: Mapping[tuple[str, str], str]) -> None:
        """Keeps decisions: (question id, digest) → decision as JSON."""
        if not decided:
            return
        with self.database.writing() as connection:
            for (question, digest), text in decided.items():
                same = (
                    (DecisionRow.journal == journal)
                    & (DecisionRow.question == question)
                    & (DecisionRow.digest == digest)
                )
                changed = connection.execute(update(DecisionRow).where(same).values(decided=text, made_at=now()))
                if not changed.rowcount:
                    values = {"journal": journal, "question": question, "digest": digest}
                    _inserted(connection, DecisionRow, **values, decided=text, made_at=now())

    # -- results ----------------------------------------------------------------------------------------------------

    def keep_result(self, submission: int, run: int, stored: StoredResult) -> None:
        """Adds a result; the last one of a submission counts."""
        lean = stored.result.lean()
        with self.database.writing() as connection:
            _inserted(
                connection,
                ResultRow,
                submission_id=submission,
                run_id=run,
                fingerprint=stored.fingerprint,
                journals=json.dumps(dict(stored.journals)),
                result=_RESULT.dump_json(lean).decode(),
                points=lean.points,
                status=lean.status,
                made_at=stored.made_at,
            )

    def results(self, submissions: Iterable[int]) -> dict[int, StoredResult]:
        """Submission → its last result, for those that have one."""
        found: dict[int, StoredResult] = {}
        with self.database.reading() as connection:
            for part in _parts(list(submissions)):
                last = (
                    select(func.max(ResultRow.id))
                    .where(ResultRow.submission_id.in_(part))
                    .group_by(ResultRow.submission_id)
                )
                for row in connection.execute(select(ResultRow).where(ResultRow.id.in_(last))):
                    found[row.submission_id] = _result(row)
        return found

    def history(self, submission: int) -> list[StoredResult]:
        """All results of a submission, the last one at the end."""
        query = select(ResultRow).where(ResultRow.submission_id == submission).order_by(ResultRow.id)
        with self.database.reading() as connection:
            return [_result(row) for row in connection.execute(query)]

    def _students(self, connection: Connection) -> set[str]:
        return set(connection.scalars(select(StudentRow.name).where(StudentRow.class_id == self.id)))


def _inserted(connection: Connection, table: Any, **values: Any) -> int:
    return int(connection.execute(insert(table).values(**values).returning(table.id)).scalar_one())


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[at : at + _MANY] for at in range(0, len(items), _MANY))


def _stored(row: Any) -> Stored:
    return Stored(row.id, row.number, _RECORD.validate_json(row.record))


def _result(row: Row[Any]) -> StoredResult:
    journals = _JOURNALS.validate_json(row.journals)
    return StoredResult(row.fingerprint, journals, _RESULT.validate_json(row.result), row.made_at)
