"""What a re-grade changes: which students, by how much, through which criteria."""

from __future__ import annotations

from dataclasses import dataclass

from grader.policy_outcome import PolicyOutcome
from grader.results import CriterionResult, QuestionResult, StudentResult


@dataclass(frozen=True)
class Side:
    """A criterion or question before or after. Attributes: points (None: open), what the student reads, how decided."""

    points: float | None
    comment: str
    outcome: str


@dataclass(frozen=True)
class Difference:
    """A criterion, or a question without criteria, that changed.

    Attributes:
        question: Id of the question.
        criterion: Id of the criterion, or of the question where it changed as a whole.
        before: As it was; None when it is new.
        after: As it is; None when it is gone.
    """

    question: str
    criterion: str
    before: Side | None
    after: Side | None


@dataclass(frozen=True)
class Change:
    """A student whose result changed.

    Attributes:
        student: Name of the student.
        before: Points before.
        after: Points after.
        status_before: ``final``, ``provisional`` or ``failed``.
        status_after: The same, after.
        differences: What it came through.
        final_before: Final points and grade by the course's policies, or ``""`` without any.
        final_after: The same, after.
    """

    student: str
    before: float
    after: float
    status_before: str
    status_after: str
    differences: tuple[Difference, ...]
    final_before: str = ""
    final_after: str = ""


def change(before: StudentResult, after: StudentResult) -> Change | None:
    """The change of a student, or None when every point, every comment and the final result stayed as they were."""
    old = {question.id: question for question in before.questions}
    new = {question.id: question for question in after.questions}
    found: list[Difference] = []
    for ident in dict.fromkeys((*old, *new)):
        found += _of_question(ident, old.get(ident), new.get(ident))
    final = (_final(before.policy), _final(after.policy))
    same = before.status == after.status and before.points == after.points and final[0] == final[1]
    if not found and same:
        return None
    return Change(after.student, before.points, after.points, before.status, after.status, tuple(found), *final)


def _final(outcome: PolicyOutcome | None) -> str:
    """``48 / 86, grade 4.25, passed``."""
    if outcome is None:
        return ""
    passed = "" if outcome.passed is None else "passed" if outcome.passed else "not passed"
    parts = (f"{outcome.points:g} / {outcome.max_points:g}", outcome.grade and f"grade {outcome.grade}", passed)
    return ", ".join(part for part in parts if part)


def _of_question(ident: str, before: QuestionResult | None, after: QuestionResult | None) -> list[Difference]:
    old = {criterion.id: criterion for criterion in before.criteria} if before is not None else {}
    new = {criterion.id: criterion for criterion in after.criteria} if after is not None else {}
    found = []
    for criterion in dict.fromkeys((*old, *new)):
        was, now = _criterion(old.get(criterion)), _criterion(new.get(criterion))
        if was != now:
            found.append(Difference(ident, criterion, was, now))
    was, now = _question(before), _question(after)
    return found if found or was == now else [Difference(ident, ident, was, now)]


def _criterion(criterion: CriterionResult | None) -> Side | None:
    return None if criterion is None else Side(criterion.points, criterion.comment, criterion.outcome)


def _question(question: QuestionResult | None) -> Side | None:
    """A question's own points and comments, e.g. those of a person."""
    if question is None:
        return None
    return Side(question.points, " · ".join(question.comments), question.marked_by or question.status)
