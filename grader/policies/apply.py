"""The policies of a course, one after another, in an order that is always the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from grader.course import Course
from grader.course_policies import Bonus, Dropped, Extension, Policies, TotalRounding
from grader.policies.amounts import exact, number, points_text, rounded
from grader.policies.grades import grade
from grader.policies.lateness import Lateness, Received, deduction, lateness, sentences
from grader.policy_outcome import PolicyKind, PolicyOutcome, PolicyStep
from grader.results import StudentResult


def with_policies(
    course: Course, result: StudentResult, received: Received | None, extensions: Mapping[str, Extension]
) -> StudentResult:
    """The result with what the course's policies make of it; the same where there are none."""
    outcome = apply_policies(course, result, received, extensions)
    return result if outcome == result.policy else replace(result, policy=outcome)


def apply_policies(
    course: Course, result: StudentResult, received: Received | None, extensions: Mapping[str, Extension]
) -> PolicyOutcome | None:
    """What the policies of a course make of a student's points.

    The order: dropped questions, bonus questions, lateness, rounding, grade. Marks stay as they are.

    Args:
        course: With its policies.
        result: All marks of the student.
        received: When the submission came in.
        extensions: Student → a deadline of their own; these win over those of the course pack.

    Returns:
        The steps and what they lead to; None where the course has no policies, or where grading itself broke.
    """
    policies = course.policies
    if policies is None or not policies.change_results or result.status == "failed":
        return None
    total = _Total(result)
    if policies.dropped is not None:
        total.drop(policies.dropped)
    if policies.bonus is not None:
        total.add_bonus(policies.bonus)
    extension = extensions.get(result.student) or _in_pack(policies, result.student)
    found = lateness(policies, received, extension) if policies.deadline is not None else None
    if found is not None:
        total.deduct(policies, found, extension)
    if policies.rounding is not None:
        total.round(policies.rounding)
    final = grade(policies, total.points, total.maximum)
    return PolicyOutcome(
        steps=tuple(total.steps),
        points=float(total.points),
        max_points=float(total.maximum),
        grade=final.text,
        passed=final.passed,
        grade_about=final.about,
        provisional=total.is_open(),
        late=found.state if found else "",
        late_by_s=found.by.total_seconds() if found and found.state == "yes" else 0.0,
        due=found.due.isoformat() if found else "",
        submitted_at=found.submitted.isoformat() if found and found.submitted else "",
        notes=_notes(found, extension),
    )


def _in_pack(policies: Policies, student: str) -> Extension | None:
    return next((extension for extension in policies.extension if extension.student == student), None)


def _notes(found: Lateness | None, extension: Extension | None) -> tuple[str, ...]:
    if found is None:
        return ()
    granted = f"deadline extended to {found.due:%Y-%m-%d %H:%M}" if extension else ""
    if extension and extension.reason:
        granted += f": {extension.reason}"
    return tuple(note for note in (found.note, granted) if note)


class _Total:
    """Points and maximum on their way, with a step for each change."""

    def __init__(self, result: StudentResult) -> None:
        self.steps: list[PolicyStep] = []
        self.points = exact(result.points)
        self.maximum = exact(result.max_points)
        self._questions = {question.id: question for question in result.questions}
        self._most = self.maximum
        self._dropped: tuple[str, ...] = ()

    def drop(self, dropped: Dropped) -> None:
        self._dropped = dropped.questions
        earned = sum((exact(self._questions[ident].points) for ident in dropped.questions), Fraction(0))
        most = self._worth(dropped.questions)
        what = f"Left out: {', '.join(dropped.questions)}."
        if dropped.how == "full":
            self._step("dropped", most - earned, what, f"Everybody gets the full {points_text(most)}.")
            return
        self.maximum -= most
        self._most = self.maximum
        self._step("dropped", -earned, what, "This counts neither for nor against anybody.", self._maximum_is())

    def add_bonus(self, bonus: Bonus) -> None:
        self.maximum -= self._worth(bonus.questions)
        above = max(self.points - self.maximum, Fraction(0))
        what = f"Bonus: {', '.join(bonus.questions)}."
        if bonus.above_maximum:
            self._step("bonus", Fraction(0), what, self._maximum_is(), "Points above it count.")
            return
        self._most = self.maximum
        self._step("bonus", -above, what, self._maximum_is(), "Points above it do not count.")

    def deduct(self, policies: Policies, found: Lateness, extension: Extension | None) -> None:
        amount = deduction(policies.late, found, self.points, self.maximum) if policies.late else Fraction(0)
        self._step("late", -amount, *sentences(policies.late, found, extension))

    def round(self, rule: TotalRounding) -> None:
        step = exact(rule.step)
        target = min(max(rounded(self.points, step, rule.rounding), Fraction(0)), self._most)
        how = {"half-up": "ties up", "half-even": "ties to the even multiple", "up": "up", "down": "down"}
        text = f"The total is rounded to a multiple of {number(step, 4)} ({how[rule.rounding]})."
        self._step("rounding", target - self.points, text)

    def is_open(self) -> bool:
        """Whether a person has to decide something that counts."""
        return any(
            question.status == "review" for ident, question in self._questions.items() if ident not in self._dropped
        )

    def _maximum_is(self) -> str:
        return f"The maximum is {points_text(self.maximum)}."

    def _worth(self, ids: tuple[str, ...]) -> Fraction:
        return sum((exact(self._questions[ident].max_points) for ident in ids), Fraction(0))

    def _step(self, kind: PolicyKind, change: Fraction, *said: str) -> None:
        before = self.points
        self.points += change
        self.steps.append(PolicyStep(kind, float(before), float(change), float(self.points), float(self.maximum), said))
