"""What intake hands on: frozen values, free of open files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

MIB = 1024 * 1024


@dataclass(frozen=True)
class Problem:
    """Something in the uploads that a person should know of.

    Attributes:
        message: What was found, in a sentence.
        where: The file or folder, as the uploader named it.
        hint: The next step, or ``""``.
    """

    message: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.where}:" if self.where else "", self.message, self.hint) if part)


@dataclass(frozen=True)
class AssignmentHint:
    """How the notebook of an assignment is recognised.

    Attributes:
        id: Id of the assignment, e.g. ``"1"``.
        names: Regular expressions, searched without regard to case in the file's stem. They see the stem without time
            stamps, copy marks and version words, once as it is and once with ``_ - . +`` turned into spaces; anchor
            (``^i$``) where a short pattern would match too much.
        content: Regular expressions, searched in the source of all cells; the share that matches is the score.
    """

    id: str
    names: tuple[str, ...] = ()
    content: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotebookFile:
    """An uploaded notebook of one assignment.

    Attributes:
        name: File name as uploaded.
        path: Where the file lies, or None when it could not be unpacked or opened.
        notebook: Normalised nbformat v4.5 notebook without saved outputs (they prove nothing and can be huge; the file
            still has them), or None when it cannot be read.
        error: Why it cannot be read, or ``""``.
    """

    name: str
    path: Path | None
    notebook: NotebookNode | None
    error: str = ""


@dataclass(frozen=True)
class Identity:
    """Who a student is to the system that the submission came from; what it does not tell is ``""``.

    Attributes:
        name: Full name, as the system shows it.
        login: User name.
        email: E-mail address.
        registration_number: Number of the university; text, since it may begin with zeros.
        source_key: What the system itself calls the student or the submission, e.g. Moodle's participant number.
        system: Name of the importer, e.g. ``"moodle"``.
        group: Name of the group that handed in together.
    """

    name: str = ""
    login: str = ""
    email: str = ""
    registration_number: str = ""
    source_key: str = ""
    system: str = ""
    group: str = ""


@dataclass(frozen=True)
class Received:
    """When and how a submission came in; what nobody knows is None. No points are taken off by itself.

    Attributes:
        submitted_at: Time of the submission that counts; without a time zone where the system names none.
        late: Whether the system itself says that it came late.
        attempt: Number of the attempt that counts, from 1.
    """

    submitted_at: datetime | None = None
    late: bool | None = None
    attempt: int | None = None


@dataclass(frozen=True)
class Submission:
    """All that one student uploaded.

    Attributes:
        student: The folder's name, Unicode NFC; unique within the intake.
        folder: A folder with the student's regular files and no links: the original one where it is harmless, a copy
            in the workspace otherwise.
        notebooks: Assignment id → notebook; an assignment without any is absent.
        answers: Question id → text, or list of ``right``, ``wrong``, ``unanswered``.
        problems: What was mended, refused, left out or not graded.
        received: When and how it came in, where ``students.csv`` says so.
    """

    student: str
    folder: Path
    notebooks: Mapping[str, NotebookFile] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    received: Received = Received()


@dataclass(frozen=True)
class Intake:
    """A class as uploaded.

    Attributes:
        submissions: One a student, ordered by name.
        problems: What belongs to no student.
        marks: The staff's ``marks.yaml`` beside the students, or None.
        identities: Student → who that is to the system the class came from; students without an entry in
            ``students.csv`` are absent.
        extensions: The staff's ``extensions.yaml`` beside the students, or None.
    """

    submissions: tuple[Submission, ...]
    problems: tuple[Problem, ...] = ()
    marks: Path | None = None
    identities: Mapping[str, Identity] = field(default_factory=dict)
    extensions: Path | None = None


@dataclass(frozen=True)
class Limits:
    """How much one student may upload; a class archive is bounded a student, too.

    Attributes:
        student_bytes: Size of all unpacked files of a student.
        student_entries: Files and folders of a student.
        class_entries: Entries of an archive that holds a whole class.
        ratio: Unpacked to packed size, above which an archive of more than ``ratio_from_bytes`` is taken for a bomb.
        ratio_from_bytes: Unpacked size from which ``ratio`` is looked at.
        nesting: Archives inside a student's upload may lie this many levels deep.
        depth: Folders inside a student's upload may lie this many levels deep.
        name_bytes: Length of a file name in UTF-8; longer ones are shortened.
        notebook_bytes: Size of a notebook file.
        notebook_containers: Lists and objects in a notebook's JSON.
        notebook_items: Commas in a notebook's JSON.
        answers_bytes: Size of ``answers.yaml``.
    """

    student_bytes: int = 500 * MIB
    student_entries: int = 10_000
    class_entries: int = 1_000_000
    ratio: int = 250
    ratio_from_bytes: int = 50 * MIB
    nesting: int = 2
    depth: int = 16
    name_bytes: int = 200
    notebook_bytes: int = 100 * MIB
    notebook_containers: int = 1_000_000
    notebook_items: int = 5_000_000
    answers_bytes: int = 256 * 1024


def size_text(size_bytes: int) -> str:
    """A size for people, e.g. ``"500 MiB"``."""
    if size_bytes >= MIB:
        return f"{size_bytes / MIB:.0f} MiB"
    return f"{size_bytes / 1024:.0f} KiB" if size_bytes >= 1024 else f"{size_bytes} bytes"
