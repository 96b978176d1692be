"""Who gets what, and who was left out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from grader.reporting.schema import ReportModel
from grader.results import StudentStatus


@dataclass(frozen=True)
class Identity:
    """Who a student is to the system that the submissions came from: a row of ``students.csv``.

    Attributes:
        id: The student's name in ``report.json``.
        name: Full name.
        login: User name.
        email: E-mail address.
        registration_number: Text; it may begin with zeros.
        source_key: What the system calls the student or the submission, e.g. Moodle's participant number.
        system: Name of the importer, e.g. ``"moodle"``.
        submitted_at: When the submission came in, as written there.
        late: Whether it came late, as written there.
        attempt: Which attempt counts, as written there.
        group: Name of the group that handed in together.
        listed: Whether ``students.csv`` has the student; otherwise only ``id`` is known.
    """

    id: str
    name: str = ""
    login: str = ""
    email: str = ""
    registration_number: str = ""
    source_key: str = ""
    system: str = ""
    submitted_at: str = ""
    late: str = ""
    attempt: str = ""
    group: str = ""
    listed: bool = False


@dataclass(frozen=True)
class Total:
    """What counts in the end.

    Attributes:
        points: Points of the exam.
        max_points: Points that could be earned.
        grade: As it is written, or ``""`` where the course has no grades.
        passed: Whether the exam is passed, or None where the course does not say.
    """

    points: float
    max_points: float
    grade: str = ""
    passed: bool | None = None


@dataclass(frozen=True)
class Person:
    """Somebody who gets a report; the members of a group share one.

    Attributes:
        identity: Who that is.
        folder: Holds ``report.json`` and ``report.html``.
        total: What counts in the end.
        status: ``final`` or ``provisional``.
    """

    identity: Identity
    folder: Path
    total: Total
    status: StudentStatus

    @property
    def student(self) -> str:
        """The name in ``report.json``, with the member's own where a group shares it."""
        identity = self.identity
        return f"{identity.id} ({identity.name or identity.login})" if identity.group else identity.id

    @property
    def name(self) -> str:
        """The full name, or the student's name of the reports."""
        return self.identity.name or self.identity.id

    @property
    def page(self) -> Path:
        """The report that people read."""
        return self.folder / "report.html"

    @property
    def page_fault(self) -> str:
        """Why the page cannot be handed out, or ``""``."""
        if not self.page.is_file():
            return f"{self.page} is missing"
        return "" if os.access(self.page, os.R_OK) else f"{self.page} cannot be read"

    def report(self) -> ReportModel:
        """The whole report, read anew: a class of thousands is never held at once.

        Raises:
            OSError: It is gone.
            ValidationError: It was changed meanwhile.
        """
        return ReportModel.model_validate_json(self.folder.joinpath("report.json").read_bytes())


@dataclass(frozen=True)
class LeftOut:
    """Somebody whose results were not exported. Attributes: the name in the reports, and why."""

    student: str
    why: str


@dataclass
class Export:
    """What an export did.

    Attributes:
        written: The file or folder; None when nobody was left to write.
        exported: Students whose results are in it.
        left_out: Those who are not; all others are.
        notes: What somebody should know before uploading the file.
    """

    written: Path | None = None
    exported: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nobody was left out."""
        return not self.left_out
