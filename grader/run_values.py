"""What a run is told, and what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grader.intake import Origin
from grader.pipeline import Graded, Timing
from grader.results import StudentResult
from grader.sandbox import Limits


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        source: Folder or ZIP of uploads.
        out: Folder for the reports.
        course: Folder of the course pack.
        sandbox: ``auto``, ``docker``, ``bubblewrap`` or ``local``.
        jobs: Notebooks at the same time.
        gpus: GPUs that notebooks are run on: ``auto``, ``none``, or numbers and UUIDs with commas.
        only: Grade these students alone; empty for all.
        seed: Seed of the run.
        marks: The staff's marks, or None for the file beside the students.
        extensions: Deadlines of single students, or None for the file beside the students.
        policies: Whether the course's policies are applied.
        limits: What a notebook may use.
        origin: Which platform the submissions were exported from.
        keep: Whether journals and gradebook are used; without them everything is executed and nothing kept.
        gradebook: File or URL of the gradebook; None for the one beside the reports.
        class_name: Name of the class in the gradebook; ``""`` for the name of the folder of reports.
        fresh: Execute again what has a journal.
        anonymous: Whether names are hidden in all that is printed and written.
        language: Of the students' reports.
        reveal: Whether reports show right answers and the reference's pictures.
    """

    source: Path
    out: Path
    course: Path
    sandbox: str = "auto"
    jobs: int = 2
    gpus: str = "auto"
    only: tuple[str, ...] = ()
    seed: int = 0
    marks: Path | None = None
    extensions: Path | None = None
    policies: bool = True
    limits: Limits = field(default_factory=Limits)
    origin: Origin = field(default_factory=Origin)
    keep: bool = True
    gradebook: str | None = None
    class_name: str = ""
    fresh: bool = False
    anonymous: bool = False
    language: str = "en"
    reveal: bool = False


@dataclass
class Summary:
    """How a run ended.

    Attributes:
        results: Results of the students that were graded, without cells and pictures.
        failed: Student → why grading failed; a fault of ours, never of the student's.
        faults: Student → faults of single questions (rubric bugs), which are open now.
        not_graded: Students whom an interruption left out.
        problems: What belongs to no student.
        timing: Summed over all students.
        wall_s: Wall-clock time of the run.
        interrupted: Whether it was stopped by Ctrl-C.
        unchanged: Students whose result of an earlier run still holds.
        gradebook: Where the gradebook lies, or ``""``.
    """

    results: list[StudentResult] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    not_graded: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    timing: Timing = field(default_factory=Timing)
    wall_s: float = 0.0
    interrupted: bool = False
    unchanged: int = 0
    gradebook: str = ""

    @property
    def complete(self) -> bool:
        """Whether every submission was graded."""
        return not self.failed and not self.faults and not self.not_graded


class Watcher(Protocol):
    """Is told how the run goes; called from several threads."""

    def begin(self, students: Sequence[str], sandbox: str) -> None:
        """The run begins."""

    def doing(self, student: str, what: str) -> None:
        """A student's submission has come to this point."""

    def done(self, student: str, graded: Graded | None) -> None:
        """A student is graded, or could not be (None)."""
