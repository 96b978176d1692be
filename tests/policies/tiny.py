"""A tiny course, results of it, and times by a clock."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.course import Course, load_course
from grader.course_policies import Extension
from grader.policies import apply_policies
from grader.policy_outcome import PolicyOutcome
from grader.results import AssignmentResult, CriterionResult, QuestionResult, StudentResult

PACK = """
schema = "grader.course/1"
title = "Tiny exam"
points = 20

[[assignment]]
id = "1"
title = "Everything"
points = 20
notebook = false

[[assignment.question]]
id = "1a"
title = "First"
kind = "text"
points = 10
criteria = [{ id = "1a.all", points = 10, about = "all of it", comment = "it is missing" }]

[[assignment.question]]
id = "1b"
title = "Second"
kind = "text"
points = 6
criteria = [{ id = "1b.all", points = 6, about = "all of it", comment = "it is missing" }]

[[assignment.question]]
id = "1c"
title = "Third"
kind = "text"
points = 4
criteria = [{ id = "1c.all", points = 4, about = "all of it", comment = "it is missing" }]
"""
QUESTIONS = {"1a": 10.0, "1b": 6.0, "1c": 4.0}
DEADLINE = "deadline = 2026-01-31T12:00:00+01:00\n[policies.late]\n"


@dataclass(frozen=True)
class Came:
    """When a submission came in."""

    submitted_at: datetime | None = None
    late: bool | None = None
    attempt: int | None = None


def came(iso: str) -> Came:
    return Came(datetime.fromisoformat(iso))


def course(policies: str = "") -> Course:
    """The tiny course with the lines of its ``[policies]``."""
    return Course.model_validate(tomllib.loads(f"{PACK}\n[policies]\n{policies}"))


def pack(folder: Path, policies: str) -> Path:
    """The folder of a course pack with these policies."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course.toml").write_text(f"{PACK}\n{policies}", encoding="utf-8")
    return folder


def loaded(folder: Path, policies: str) -> Course:
    return load_course(pack(folder, policies))


def result(
    points: dict[str, float] | None = None, *, student: str = "alice", undecided: tuple[str, ...] = ()
) -> StudentResult:
    """Someone's marks: 8 + 5 + 2 of 20 by default."""
    marks = {"1a": 8.0, "1b": 5.0, "1c": 2.0} | (points or {})
    questions = tuple(_question(ident, marks[ident], most, ident in undecided) for ident, most in QUESTIONS.items())
    total = sum(question.points for question in questions)
    part = AssignmentResult("1", "Everything", total, 20.0, questions)
    return StudentResult(student, total, 20.0, "provisional" if undecided else "final", (part,), course="Tiny exam")


def _question(ident: str, points: float, most: float, undecided: bool) -> QuestionResult:
    outcome = "met" if points == most else "not-met" if points == 0 else "partial"
    criterion = CriterionResult(f"{ident}.all", points, most, outcome)
    if undecided:
        criterion = CriterionResult(f"{ident}.all", None, most, "review")
    return QuestionResult(
        ident, ident, "text", 0.0 if undecided else points, most, "review" if undecided else "graded", (), (criterion,)
    )


def outcome(
    policies: str,
    *,
    of: StudentResult | None = None,
    at: str | Came | None = None,
    extensions: dict[str, Extension] | None = None,
) -> PolicyOutcome:
    """What policies make of a result."""
    received = came(at) if isinstance(at, str) else at
    found = apply_policies(course(policies), of or result(), received, extensions or {})
    assert found is not None
    return found


def changes(found: PolicyOutcome) -> dict[str, float]:
    return {step.kind: step.change for step in found.steps}
