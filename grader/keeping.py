"""What a run keeps for later ones: where, under which names, and how results are recognised as still valid."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader.course import Course
from grader.gradebook import Database, FileRecord, Gradebook, MarkBook, Record, Stored
from grader.intake import Received, Submission, working_files
from grader.intake.types import NotebookFile, Problem
from grader.journal import JournalStore, digest, files_digest, notebook_digest
from grader.pipeline import Decided
from grader.scoring.human import HumanMark

FOLDER = ".grader"
_DECIDED = TypeAdapter(Decided)


def default_gradebook(out: Path) -> Path:
    """``.grader/gradebook.sqlite`` beside the reports; among them where their parent cannot be written."""
    out = out.absolute()
    beside = out.parent / FOLDER
    writable = os.access(beside if beside.exists() else out.parent, os.W_OK)
    return (beside if writable else out / FOLDER) / "gradebook.sqlite"


@dataclass(frozen=True)
class Keeper:
    """A class's gradebook, marks and journals.

    Attributes:
        book: The gradebook.
        marks: People's marks.
        journals: Executions.
    """

    book: Gradebook
    marks: MarkBook
    journals: JournalStore

    @classmethod
    def open(cls, out: Path, where: str | None = None, name: str = "") -> Keeper:
        """Opens what belongs to a folder of reports.

        Args:
            out: The folder.
            where: File or URL of the gradebook; default: beside the reports.
            name: Name of the class; default: the folder's name, or its whole path in a database that others may use.

        Raises:
            UsageError: ``where`` is no database.
            StorageError: It cannot be opened or written.
        """
        is_url = where is not None and "://" in where
        place = default_gradebook(out) if where is None else Path(where)
        journals = (default_gradebook(out) if is_url else place).parent / "journals"
        database = Database(where if is_url and where is not None else place)
        book = Gradebook(database, name or (str(out.absolute()) if is_url else out.absolute().name))
        return cls(book, MarkBook(book), JournalStore(journals))

    def close(self) -> None:
        """Ends the connections."""
        self.book.database.close()


class StoredDecisions:
    """Decisions in the gradebook, as the pipeline wants them."""

    def __init__(self, book: Gradebook) -> None:
        self._book = book

    def known(self, journal: str, digests: Mapping[str, str]) -> Mapping[str, Decided]:
        """Decisions made for a journal by the same code."""
        found = self._book.decisions(journal)
        texts = {question: found.get(question, {}).get(wanted) for question, wanted in digests.items()}
        return _decided(texts)

    def latest(self, journal: str, questions: Iterable[str]) -> Mapping[str, Decided]:
        """The last decisions made for a journal, by whatever code."""
        found = self._book.decisions(journal)
        return _decided({question: list(found.get(question, {"": None}).values())[-1] for question in questions})

    def keep(self, journal: str, digests: Mapping[str, str], decided: Mapping[str, Decided]) -> None:
        """Remembers decisions; one that a fault of ours left open is made again the next time."""
        texts = {
            (question, digests[question]): _DECIDED.dump_json(decision).decode()
            for question, decision in decided.items()
            if not decision.fault
        }
        self._book.decide(journal, texts)


def _decided(texts: Mapping[str, str | None]) -> dict[str, Decided]:
    found = {}
    for question, text in texts.items():
        if text is not None:
            try:
                found[question] = _DECIDED.validate_json(text)
            except ValidationError:
                continue  # written by another version: decided again
    return found


def record_of(submission: Submission) -> Record:
    """A submission as the gradebook keeps it."""
    received = submission.received
    notebooks = {
        assignment: FileRecord(file.name, file.error, notebook_digest(file.notebook) if file.notebook else "")
        for assignment, file in submission.notebooks.items()
    }
    # Readable notebooks count by their cells: their metadata change with every save.
    cells = {file.path for file in submission.notebooks.values() if file.notebook is not None}
    files = files_digest(
        {
            name: path
            for name, path in working_files(submission, "").items()
            if path not in cells and not name.lower().endswith(("answers.yaml", "answers.yml"))
        }
    )
    names = {assignment: dataclasses.astuple(file) for assignment, file in notebooks.items()}
    return Record(
        student=submission.student,
        content=digest([dict(submission.answers), names, files]),
        answers=dict(submission.answers),
        notebooks=notebooks,
        problems=tuple(map(str, submission.problems)),
        submitted_at=received.submitted_at.isoformat() if received.submitted_at else "",
        late=received.late,
        attempt=received.attempt,
    )


def submission_of(record: Record) -> Submission:
    """A submission without its files: enough to score its journals."""
    return Submission(
        record.student,
        Path(),
        {assignment: NotebookFile(file.name, None, None, file.error) for assignment, file in record.notebooks.items()},
        record.answers,
        tuple(Problem(text) for text in record.problems),
        Received(
            datetime.fromisoformat(record.submitted_at) if record.submitted_at else None, record.late, record.attempt
        ),
    )


def marked_hash(record: Record, course: Course, question: str) -> str:
    """Hash of what a person marks in a question: the typed answer, or the cells of the assignment's notebook."""
    for assignment in course.assignments:
        for candidate in assignment.questions:
            if candidate.id == question and candidate.kind == "code":
                file = record.notebooks.get(assignment.id)
                return digest(["notebook", file.digest if file else ""])
    return digest(["answer", record.answers.get(question, "")])


def outdated(keeper: Keeper, course: Course, current: Mapping[str, Stored]) -> list[tuple[str, str]]:
    """Students and questions whose mark was given for another upload than the one that counts now."""
    found = []
    for student, marks in keeper.marks.effective().items():
        for question, stored in marks.items():
            now = current.get(student)
            if now is not None and stored.marked and stored.marked != marked_hash(now.record, course, question):
                found.append((student, question))
    return sorted(found)


@dataclass(frozen=True)
class Setting:
    """What results of a run depend on besides the submission and its marks.

    Attributes:
        parts: JSON data: course, code, environment, limits, data, seed, options.
    """

    parts: Mapping[str, Any]

    def fingerprint(self, record: Record, marks: Mapping[str, HumanMark], extension: Any) -> str:
        """Hash of everything that a student's result is made of."""
        given = {question: [mark.points, dict(mark.criteria), mark.comment] for question, mark in marks.items()}
        when = [record.submitted_at, record.late, record.attempt]
        return digest([dict(self.parts), record.content, when, list(record.problems), given, repr(extension)])


def code_digest(course_folder: Path) -> str:
    """Hash of all sources that results and reports are made with."""
    package = Path(__file__).parent
    found = hashlib.sha256(metadata.version("grader").encode())
    for root in (package, course_folder.resolve(), package.parent / "reference"):
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".toml", ".j2", ".css", ".js"} and path.is_file():
                found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:32]
