"""What a course's policies make of a student's points, as plain values that reports show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

PolicyKind = Literal["dropped", "bonus", "late", "rounding"]
LateState = Literal["", "no", "yes", "unknown"]


@dataclass(frozen=True)
class PolicyStep:
    """One step from the sum of the marks to the final points.

    Attributes:
        kind: Which policy it is.
        points_before: Points before it.
        change: Points added; below 0 where it takes some off.
        points_after: Points after it.
        max_points: The maximum after it.
        sentences: What happened and why, for the student.
    """

    kind: PolicyKind
    points_before: float
    change: float
    points_after: float
    max_points: float
    sentences: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


@dataclass(frozen=True)
class PolicyOutcome:
    """The final result.

    Attributes:
        steps: In the order in which they were taken; the first begins at the sum of the marks.
        points: Final points.
        max_points: Final maximum; bonus questions may lead above it.
        grade: As it is written, e.g. ``"4.75"``, or ``""`` where the course has no grades.
        passed: Whether the exam is passed, or None where the course does not say.
        grade_about: How the grade was reached, in sentences.
        provisional: Whether something that counts is still open, so that points and grade may change.
        late: Whether the submission came after the deadline (and its grace time); ``""`` without a deadline.
        late_by_s: Seconds after the deadline of a late submission, else 0.
        due: The student's deadline in ISO 8601, or ``""``.
        submitted_at: When the submission came in, in ISO 8601, or ``""`` where it is not known or does not matter.
        notes: For the staff alone, e.g. the reason of an extension.
    """

    steps: tuple[PolicyStep, ...]
    points: float
    max_points: float
    grade: str = ""
    passed: bool | None = None
    grade_about: tuple[str, ...] = ()
    provisional: bool = False
    late: LateState = ""
    late_by_s: float = 0.0
    due: str = ""
    submitted_at: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = [self.points, self.max_points, self.late_by_s]
        numbers += [number for step in self.steps for number in (step.points_before, step.change, step.points_after)]
        if not all(map(math.isfinite, numbers)):
            message = f"the numbers of a final result are finite, got {numbers}"
            raise ValueError(message)
