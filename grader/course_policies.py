"""The ``[policies]`` of a course pack: what is done with the points once all questions are marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from grader.course_grades import (
    BoundaryScale,
    NotNegative,
    PassMark,
    Percent,
    Positive,
    Rounding,
    Scale,
    SwissScale,
    no_repeats,
)
from grader.policy_times import moment, zone_named
from grader.policy_times import written_time as _written_time

AttemptRule = Literal["best", "last", "first"]
Time = Annotated[datetime, BeforeValidator(_written_time)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Late(_Entry):
    """What lateness costs. Without ``points`` and ``percent`` only ``cut_off_hours`` does anything.

    Attributes:
        grace_minutes: Within them after the deadline nothing is deducted; they do not move the deadline.
        per: What the deduction is for: a ``day``, an ``hour``, or ``once`` for any lateness.
        points: Deduction in points.
        percent: Deduction in percent.
        percent_of: Of the final ``maximum``, or of the ``points`` that the student has.
        count: Whether days and hours count when they have ``started`` or when they are ``completed``.
        at_most: Largest deduction, in the unit of the deduction.
        cut_off_hours: Later than this after the deadline, the submission is worth 0 points.
        step: The deduction is rounded to a multiple of it; 0 for no rounding.
        rounding: How.
    """

    grace_minutes: NotNegative = 0
    per: Literal["day", "hour", "once"] = "day"
    points: Positive | None = None
    percent: Percent | None = None
    percent_of: Literal["maximum", "points"] = "maximum"
    count: Literal["started", "completed"] = "started"
    at_most: Positive | None = None
    cut_off_hours: Positive | None = None
    step: NotNegative = 0
    rounding: Rounding = "half-up"

    @model_validator(mode="after")
    def _consistent(self) -> Late:
        if self.points is not None and self.percent is not None:
            message = "a deduction is given in points or in percent, found both"
            raise ValueError(message)
        deducts = self.points is not None or self.percent is not None
        if not deducts and self.cut_off_hours is None:
            message = "expected points, percent or cut_off_hours, found none of them"
            raise ValueError(message)
        if not deducts and self.at_most is not None:
            message = "at_most limits a deduction, but neither points nor percent is given"
            raise ValueError(message)
        if self.percent is not None and self.at_most is not None and self.at_most > 100:
            message = f"at_most is in percent here, expected at most 100, found {self.at_most:g}"
            raise ValueError(message)
        if self.cut_off_hours is not None and self.cut_off_hours * 60 <= self.grace_minutes:
            message = (
                f"cut_off_hours = {self.cut_off_hours:g} ends before grace_minutes = {self.grace_minutes:g} are over"
            )
            raise ValueError(message)
        return self


class Extension(_Entry):
    """A student's own deadline.

    Attributes:
        deadline: The new one.
        minutes: Or: minutes after everybody's.
        reason: For the staff alone.
    """

    deadline: Time | None = None
    minutes: Positive | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Extension:
        if (self.deadline is None) == (self.minutes is None):
            message = "expected either a deadline or minutes"
            raise ValueError(message)
        return self


class StudentExtension(Extension):
    """An extension in the course pack. Attributes: the student's folder name."""

    student: str = Field(min_length=1)


class Bonus(_Entry):
    """Questions whose points count, but not into the maximum.

    Attributes:
        questions: Their ids.
        above_maximum: Whether the points may end above the maximum.
    """

    questions: tuple[str, ...] = Field(min_length=1)
    above_maximum: bool = True


class Dropped(_Entry):
    """Questions that turned out to be faulty.

    Attributes:
        questions: Their ids.
        how: ``excluded``: they count neither for nor against anybody; ``full``: everybody gets their full points.
    """

    questions: tuple[str, ...] = Field(min_length=1)
    how: Literal["excluded", "full"] = "excluded"


class TotalRounding(_Entry):
    """Rounding of the total. Attributes: multiple of what, how."""

    step: Positive
    rounding: Rounding = "half-up"


class Policies(_Entry):
    """All that happens to a total between the marks and the grade.

    Attributes:
        time_zone: IANA name; days of lateness then follow its clock, and times without an offset are its.
        deadline: Until then (this moment included) a submission is on time.
        late: What lateness costs.
        extension: Students with deadlines of their own.
        attempts: Which of a student's attempts counts.
        bonus: Bonus questions.
        dropped: Questions taken out.
        rounding: Rounding of the total.
        pass_mark: From where on the exam is passed, where no grade says it.
        grades: The scale.
    """

    time_zone: str = ""
    deadline: Time | None = None
    late: Late | None = None
    extension: tuple[StudentExtension, ...] = ()
    attempts: AttemptRule = "last"
    bonus: Bonus | None = None
    dropped: Dropped | None = None
    rounding: TotalRounding | None = None
    pass_mark: PassMark | None = None
    grades: Scale | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone_named(name)
        return name

    @field_validator("deadline")
    @classmethod
    def _in_the_zone(cls, deadline: datetime | None, info: ValidationInfo) -> datetime | None:
        # A wrong zone has its own message; then there is none in ``info.data``.
        if deadline is None or "time_zone" not in info.data:
            return deadline
        return moment(deadline, zone_named(info.data["time_zone"]))

    @model_validator(mode="after")
    def _consistent(self) -> Policies:
        if self.deadline is None and (self.late is not None or self.extension):
            message = f"{'late' if self.late else 'extension'} needs a deadline, found none"
            raise ValueError(message)
        no_repeats("extension: the student", [extension.student for extension in self.extension])
        for extension in self.extension:
            check_extension(extension, self)
        if self.pass_mark is not None and (not isinstance(self.grades, BoundaryScale | None) or self._passing_grade):
            message = "the grades say already who passes: leave out pass_mark"
            raise ValueError(message)
        return self

    @property
    def _passing_grade(self) -> str:
        return self.grades.passing if isinstance(self.grades, BoundaryScale) else ""

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone, or None."""
        return zone_named(self.time_zone)

    @property
    def change_results(self) -> bool:
        """Whether there is anything to show in a report; which attempt counts is decided before."""
        return any((self.deadline, self.bonus, self.dropped, self.rounding, self.pass_mark, self.grades))

    def check(self, points: Mapping[str, float]) -> None:
        """Looks whether the policies fit the course.

        Args:
            points: Question id → its points.

        Raises:
            ValueError: They name an unknown question, leave nothing to earn, or ask for points nobody can reach.
        """
        bonus = self.bonus.questions if self.bonus else ()
        dropped = self.dropped.questions if self.dropped else ()
        for name, ids in (("bonus", bonus), ("dropped", dropped)):
            _known_questions(name, ids, points)
        both = sorted(set(bonus) & set(dropped))
        if both:
            message = f"question {both[0]} is both a bonus and dropped"
            raise ValueError(message)
        excluded = set(dropped) if self.dropped and self.dropped.how == "excluded" else set()
        maximum = sum(most for ident, most in points.items() if ident not in {*bonus, *excluded})
        if maximum <= 0:
            message = "no question is left that counts into the maximum"
            raise ValueError(message)
        above = not self.bonus or self.bonus.above_maximum
        reachable = maximum + (sum(points[ident] for ident in bonus) if above else 0)
        self._check_reachable(maximum, reachable)

    def _check_reachable(self, maximum: float, reachable: float) -> None:
        asked: dict[str, float | None] = {"pass_mark": self.pass_mark.points if self.pass_mark else None}
        if isinstance(self.grades, BoundaryScale):
            first = self.grades.boundaries[0]
            asked[f"grade {first.grade!r}"] = (
                first.from_ if self.grades.unit == "points" else first.from_ * maximum / 100
            )
        elif self.grades is not None:
            line = self.grades.line() if isinstance(self.grades, SwissScale) else self.grades
            best = maximum if line.points_for_highest is None else line.points_for_highest
            asked["the best grade"] = best
            if line.points_for_passing is not None and line.points_for_passing >= best:
                message = (
                    f"grades: the passing grade is reached with fewer points than the best one ({best:g}), "
                    f"found {line.points_for_passing:g}"
                )
                raise ValueError(message)
        for name, wanted in asked.items():
            if wanted is not None and wanted > reachable + 1e-9:
                message = f"{name} needs {wanted:g} points, but at most {reachable:g} can be reached"
                raise ValueError(message)


def check_extension(extension: Extension, policies: Policies) -> None:
    """Looks whether an extension makes sense with the deadline.

    Raises:
        ValueError: It has no time zone, comes before the deadline, or there is none.
    """
    if policies.deadline is None:
        message = "the course has no deadline that could be extended"
        raise ValueError(message)
    if extension.deadline is not None:
        own = moment(extension.deadline, policies.zone)
        if own < policies.deadline:
            message = f"an extension ends after the deadline, {policies.deadline.isoformat()}, found {own.isoformat()}"
            raise ValueError(message)


def _known_questions(name: str, ids: Iterable[str], points: Mapping[str, Any]) -> None:
    listed = list(ids)
    for ident in listed:
        if ident not in points:
            message = f"{name}: the course has no question {ident!r}; it has {', '.join(points)}"
            raise ValueError(message)
    no_repeats(f"{name}: the question", listed)
