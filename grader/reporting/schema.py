"""report.json: the contract ``grader.report/1`` as a model, and results in its form."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
