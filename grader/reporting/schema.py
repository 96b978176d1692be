"""report.json: the contract ``grader.report/1`` as a model, and results in its form."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from grader.policy_outcome import LateState, PolicyKind, PolicyOutcome
from grader.results import (
    AssignmentResult,
    CriterionOutcome,
    QuestionKind,
    QuestionResult,
    QuestionStatus,
    StudentResult,
    StudentStatus,
)

SCHEMA = "grader.report/1"


class _Part(BaseModel):
    """Later versions may add keys; readers ignore what they do not know."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class CriterionModel(_Part):
    """A criterion; ``points`` is null while a person has to decide."""

    id: str = Field(min_length=1)
    points: float | None
    max_points: float
    outcome: CriterionOutcome
    comment: str
    evidence: str

    @model_validator(mode="after")
    def _points_fit_the_outcome(self) -> CriterionModel:
        if (self.points is None) != (self.outcome == "review"):
            message = f"criterion {self.id}: points are null just in review, got {self.points} with {self.outcome!r}"
            raise ValueError(message)
        return self


class QuestionModel(_Part):
    """A question; ``marked_by`` is ``"person"`` when a person's marks won."""

    id: str = Field(min_length=1)
    title: str
    kind: QuestionKind
    points: float
    max_points: float = Field(ge=0)
    status: QuestionStatus
    comments: list[str]
    criteria: list[CriterionModel]
    marked_by: Literal["", "person"] = ""


class AssignmentModel(_Part):
    """An assignment; its points are the sum of its questions'."""

    id: str = Field(min_length=1)
    title: str
    points: float
    max_points: float = Field(ge=0)
    questions: list[QuestionModel]
    notebook: str = ""
    problems: list[str] = []
    stand_ins: list[str] = []
    fault: str = ""


class PolicyStepModel(_Part):
    """A step from the sum of the marks to the final points."""

    kind: PolicyKind
    points_before: float
    change: float
    points_after: float
    max_points: float
    sentence: str


class PolicyModel(_Part):
    """The final result of a course with policies; ``provisional`` while something that counts is open."""

    steps: list[PolicyStepModel]
    points: float
    max_points: float = Field(gt=0)
    grade: str
    passed: bool | None
    grade_about: str
    provisional: bool
    late: LateState
    late_by_s: float = Field(ge=0)
    due: str
    submitted_at: str

    @model_validator(mode="after")
    def _steps_are_a_chain(self) -> PolicyModel:
        ends = [step.points_after for step in self.steps]
        for step, end in zip(self.steps, [*[step.points_before for step in self.steps[1:]], self.points], strict=True):
            fits = abs(step.points_before + step.change - step.points_after) <= 1e-6
            if not fits or abs(step.points_after - end) > 1e-6:
                message = f"policy: the steps do not lead to {self.points}, they pass {ends}"
                raise ValueError(message)
        return self


class ReportModel(_Part):
    """A whole report.json."""

    report_schema: Literal["grader.report/1"] = Field(alias="schema")
    student: str
    points: float
    max_points: float = Field(ge=0)
    status: StudentStatus
    assignments: list[AssignmentModel]
    problems: list[str] = []
    sandbox: str = ""
    duration_s: float = 0.0
    policy: PolicyModel | None = None

    @model_validator(mode="after")
    def _totals_are_sums(self) -> ReportModel:
        parts: list[tuple[str, float, float]] = [
            (f"assignment {part.id}", part.points, sum(question.points for question in part.questions))
            for part in self.assignments
        ]
        parts.append(("the exam", self.points, sum(part.points for part in self.assignments)))
        for name, total, summed in parts:
            if abs(total - summed) > 1e-6:
                message = f"the points of {name} are {total}, its parts sum to {summed}"
                raise ValueError(message)
        return self


def to_json(result: StudentResult) -> dict[str, Any]:
    """The result as ``report.json`` holds it: plain data, keys in the order of the contract."""
    return {
        "schema": SCHEMA,
        "student": result.student,
        "points": float(result.points),
        "max_points": float(result.max_points),
        "status": result.status,
        "assignments": [_assignment(assignment) for assignment in result.assignments],
        "problems": list(result.problems),
        "sandbox": result.sandbox,
        "duration_s": round(result.duration_s, 3),
        **({"policy": _policy(result.policy)} if result.policy is not None else {}),
    }


def _policy(outcome: PolicyOutcome) -> dict[str, Any]:
    """Without the notes: they are for the staff, and this file may go to the student."""
    return {
        "steps": [
            {
                "kind": step.kind,
                "points_before": step.points_before,
                "change": step.change,
                "points_after": step.points_after,
                "max_points": step.max_points,
                "sentence": step.sentence,
            }
            for step in outcome.steps
        ],
        "points": outcome.points,
        "max_points": outcome.max_points,
        "grade": outcome.grade,
        "passed": outcome.passed,
        "grade_about": " ".join(outcome.grade_about),
        "provisional": outcome.provisional,
        "late": outcome.late,
        "late_by_s": outcome.late_by_s,
        "due": outcome.due,
        "submitted_at": outcome.submitted_at,
    }


def _assignment(assignment: AssignmentResult) -> dict[str, Any]:
    return {
        "id": assignment.id,
        "title": assignment.title,
        "points": float(assignment.points),
        "max_points": float(assignment.max_points),
        "questions": [_question(question) for question in assignment.questions],
        "notebook": assignment.notebook_name,
        "problems": list(assignment.problems),
        "stand_ins": list(assignment.stand_ins),
        "fault": assignment.fault,
    }


def _question(question: QuestionResult) -> dict[str, Any]:
    return {
        "id": question.id,
        "title": question.title,
        "kind": question.kind,
        "points": float(question.points),
        "max_points": float(question.max_points),
        "status": question.status,
        "comments": list(question.comments),
        "criteria": [
            {
                "id": criterion.id,
                "points": None if criterion.points is None else float(criterion.points),
                "max_points": float(criterion.max_points),
                "outcome": criterion.outcome,
                "comment": criterion.comment,
                "evidence": criterion.evidence,
            }
            for criterion in question.criteria
        ],
        "marked_by": question.marked_by,
    }
