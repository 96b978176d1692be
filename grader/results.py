"""What grading says of a student, as plain values: the pipeline makes them, reports show them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from grader.exhibits import Exhibit
from grader.notebook import Cell
from grader.policy_outcome import PolicyOutcome

CriterionOutcome = Literal["met", "partial", "not-met", "carried", "review"]
QuestionKind = Literal["code", "text", "choice"]
QuestionStatus = Literal["graded", "review", "missing"]
StudentStatus = Literal["final", "provisional", "failed"]


def _check_choice(owner: str, field: str, value: str, choices: object) -> None:
    allowed = get_args(choices)
    if value not in allowed:
        message = f"{owner}: {field} is one of {', '.join(allowed)}, got {value!r}"
        raise ValueError(message)


def _check_finite(owner: str, **numbers: float | None) -> None:
    for field, value in numbers.items():
        if value is not None and not math.isfinite(value):
            message = f"{owner}: {field} is a finite number, got {value}"
            raise ValueError(message)


@dataclass(frozen=True)
class CriterionResult:
    """The decision on one criterion.

    Attributes:
        id: Id in the course pack, e.g. ``"1c.feature-map"``.
        points: Points earned (a wrong true/false mark counts below 0), None while ``outcome`` is ``review``.
        max_points: Points that could be earned.
        outcome: How it was decided.
        comment: What the student reads when it was not met, or the note of what was carried forward.
        evidence: What was seen, in a sentence.
        title: What the criterion asks for, or ``""``: the report then reads the id.
        cell: Index of the cell that the evidence is about, or None.
        line: Line of that cell, from 1, or None.
        computed: Points that were computed before a person marked the criterion; None when no person did, or when
            nothing had been decided. For staff, who compare the two.
    """

    id: str
    points: float | None
    max_points: float
    outcome: CriterionOutcome
    comment: str = ""
    evidence: str = ""
    title: str = ""
    cell: int | None = None
    line: int | None = None
    computed: float | None = None

    def __post_init__(self) -> None:
        owner = f"criterion {self.id}"
        _check_choice(owner, "outcome", self.outcome, CriterionOutcome)
        _check_finite(owner, points=self.points, max_points=self.max_points, computed=self.computed)
        if (self.points is None) != (self.outcome == "review"):
            message = f"{owner}: points are None in review and only there, got {self.points} with {self.outcome!r}"
            raise ValueError(message)


@dataclass(frozen=True)
class QuestionResult:
    """One question of the exam.

    Attributes:
        id: e.g. ``"1c"``.
        title: e.g. ``"Network Instantiation"``.
        kind: How it was answered.
        points: What is decided so far.
        max_points: 0 for a mere upload.
        status: ``review`` while something is open, ``missing`` when nothing was handed in.
        comments: What the student reads beside the score.
        criteria: In the order of the course pack.
        marked_by: ``"person"`` when a person's marks won over the computed ones.
        answer: The text that the student typed, or ``""``.
        exhibits: What is worth looking at.
        computed: Points that were computed before a person marked the question as a whole; None when no person did, or
            when something was still open. For staff, who compare the two.
    """

    id: str
    title: str
    kind: QuestionKind
    points: float
    max_points: float
    status: QuestionStatus
    comments: tuple[str, ...] = ()
    criteria: tuple[CriterionResult, ...] = ()
    marked_by: Literal["", "person"] = ""
    answer: str = ""
    exhibits: tuple[Exhibit, ...] = ()
    computed: float | None = None

    def __post_init__(self) -> None:
        owner = f"question {self.id}"
        _check_choice(owner, "kind", self.kind, QuestionKind)
        _check_choice(owner, "status", self.status, QuestionStatus)
        _check_finite(owner, points=self.points, max_points=self.max_points, computed=self.computed)

    @property
    def open_points(self) -> float:
        """Points that a person has still to decide."""
        if self.status != "review":
            return 0.0
        undecided = [criterion.max_points for criterion in self.criteria if criterion.points is None]
        return min(sum(undecided), self.max_points) if undecided else max(self.max_points - self.points, 0.0)


@dataclass(frozen=True)
class ReportPicture:
    """A picture that grading made, e.g. the reference map beside the student's.

    Attributes:
        title: What it shows; also its text for people who cannot see it.
        mime: ``image/png`` or ``image/jpeg``.
        base64: The file.
        caption: A sentence below it.
    """

    title: str
    mime: str
    base64: str
    caption: str = ""


@dataclass(frozen=True)
class AssignmentResult:
    """One assignment.

    Attributes:
        id: e.g. ``"1"``.
        title: e.g. ``"Class Activation Mapping from Pre-Trained Networks"``.
        points: What is decided so far.
        max_points: Sum over its questions.
        questions: In the order of the course pack.
        notebook_name: File name as uploaded, or ``""`` when there was none.
        problems: Sentences for the student, e.g. that time ran out in cell 7.
        cells: The executed notebook; its pictures are shown in the report.
        pictures: Further pictures, not those of the cells.
        stand_ins: Names of the data that were stand-ins.
        fault: Whose fault it is that the notebook or its grading did not end well: ``""``, ``student`` (a cell's own
            error), ``time``, ``memory``, ``output``, ``killed``, ``infrastructure`` or ``rubric``.
    """

    id: str
    title: str
    points: float
    max_points: float
    questions: tuple[QuestionResult, ...] = ()
    notebook_name: str = ""
    problems: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    pictures: tuple[ReportPicture, ...] = ()
    stand_ins: tuple[str, ...] = ()
    fault: str = ""

    def __post_init__(self) -> None:
        _check_finite(f"assignment {self.id}", points=self.points, max_points=self.max_points)

    @property
    def open_points(self) -> float:
        """Points that a person has still to decide."""
        return sum(question.open_points for question in self.questions)


@dataclass(frozen=True)
class StudentResult:
    """One student's exam.

    Attributes:
        student: Name of the student's folder; a stranger's text, shown escaped.
        points: What is decided so far.
        max_points: Sum over the assignments.
        status: ``provisional`` while something is open, ``failed`` when grading itself broke.
        assignments: In the order of the course pack.
        problems: Sentences for the student about the submission as a whole.
        sandbox: Name of the sandbox in which the notebooks ran, or ``""``.
        duration_s: Wall-clock time of the whole submission.
        course: Name of the exam, or ``""``.
        policy: What the course's policies make of the points, or None without policies; ``points`` stay the marks' sum.
    """

    student: str
    points: float
    max_points: float
    status: StudentStatus
    assignments: tuple[AssignmentResult, ...] = ()
    problems: tuple[str, ...] = ()
    sandbox: str = ""
    duration_s: float = 0.0
    course: str = ""
    policy: PolicyOutcome | None = None

    def __post_init__(self) -> None:
        owner = f"student {self.student!r}"
        _check_choice(owner, "status", self.status, StudentStatus)
        _check_finite(owner, points=self.points, max_points=self.max_points, duration_s=self.duration_s)

    @property
    def questions(self) -> tuple[QuestionResult, ...]:
        """All questions of all assignments, in order."""
        return tuple(question for assignment in self.assignments for question in assignment.questions)

    @property
    def open_points(self) -> float:
        """Points that a person has still to decide."""
        return sum(assignment.open_points for assignment in self.assignments)

    def lean(self) -> StudentResult:
        """The same without cells, pictures, exhibits and typed answers: all that the tables of a large class need."""
        return replace(
            self,
            assignments=tuple(
                replace(
                    assignment,
                    cells=(),
                    pictures=(),
                    questions=tuple(replace(question, answer="", exhibits=()) for question in assignment.questions),
                )
                for assignment in self.assignments
            ),
        )
