"""What the gradebook takes and gives: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from grader.results import StudentResult
from grader.scoring.human import HumanMark

Source = Literal["command", "file", "csv", "review"]
Role = Literal["first", "second"]


@dataclass(frozen=True)
class FileRecord:
    """An uploaded notebook. Attributes: its name, why it cannot be read or ``""``, hash of its cells or ``""``."""

    name: str
    error: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Record:
    """What a student uploaded, without the files.

    Attributes:
        student: Name of the student.
        content: Hash of all of it.
        answers: Question id → what was typed.
        notebooks: Assignment id → notebook.
        problems: What intake said.
        submitted_at: When it was handed in, as ISO 8601, or ``""``.
        late: Whether the system it came from called it late.
        attempt: Number of the attempt there.
    """

    student: str
    content: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    notebooks: Mapping[str, FileRecord] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    submitted_at: str = ""
    late: bool | None = None
    attempt: int | None = None


@dataclass(frozen=True)
class Stored:
    """A submission in the gradebook. Attributes: its number there, which attempt it is from 1, the record."""

    id: int
    number: int
    record: Record


@dataclass(frozen=True)
class StoredResult:
    """A result in the gradebook.

    Attributes:
        fingerprint: Hash of everything that it was made of.
        journals: Assignment id → key of the journal.
        result: The result without cells and pictures.
        made_at: When it was made.
    """

    fingerprint: str
    journals: Mapping[str, str]
    result: StudentResult
    made_at: datetime


@dataclass(frozen=True)
class Provenance:
    """Who gave a mark, and on what grounds.

    Attributes:
        author: Name of the person, or of the file.
        source: Where the mark came from.
        reason: Why, or ``""``; for staff.
        role: ``second`` for a second marker, whose mark is compared and does not count.
    """

    author: str
    source: Source = "command"
    reason: str = ""
    role: Role = "first"


@dataclass(frozen=True)
class StoredMark:
    """A person's mark in the gradebook.

    Attributes:
        id: Its number.
        student: Name of the student.
        question: Id of the question.
        mark: Points, criteria, comment.
        by: Who gave it.
        marked: Hash of what was marked, or ``""`` when that was not known.
        made_at: When.
        taken_back_at: When it was taken back, or None.
        taken_back_by: By whom.
    """

    id: int
    student: str
    question: str
    mark: HumanMark
    by: Provenance
    marked: str
    made_at: datetime
    taken_back_at: datetime | None = None
    taken_back_by: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happened to marks. Attributes: when, who, what, whose, which question, before and after."""

    at: datetime
    actor: str
    action: str
    student: str
    question: str
    before: str
    after: str
