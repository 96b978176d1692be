"""How late a submission is and what that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal, Protocol

from grader.course_policies import Extension, Late, Policies
from grader.policies.amounts import exact, number, points_text, rounded, span
from grader.policy_times import moment

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


class Received(Protocol):
    """When a submission came in, as far as somebody knows."""

    @property
    def submitted_at(self) -> datetime | None:
        """Its time; without a time zone where the system names none."""
        ...

    @property
    def late(self) -> bool | None:
        """Whether the system itself calls it late."""
        ...


@dataclass(frozen=True)
class Lateness:
    """How a submission stands to its deadline.

    Attributes:
        state: Whether it is late; within the grace time it is not.
        due: The deadline of this student.
        by: Time since the deadline; zero when it came before, or when nobody knows.
        units: Days or hours that cost something.
        submitted: When it came in, or None when nobody knows.
        note: For the staff.
    """

    state: Literal["no", "yes", "unknown"]
    due: datetime
    by: timedelta = timedelta()
    units: int = 0
    submitted: datetime | None = None
    note: str = ""


def due_time(policies: Policies, extension: Extension | None) -> datetime:
    """The student's own deadline.

    Raises:
        ValueError: The course has none.
    """
    if policies.deadline is None:
        message = "a course without a deadline has nothing due"
        raise ValueError(message)
    if extension is None:
        return policies.deadline
    if extension.deadline is not None:
        return moment(extension.deadline, policies.zone)
    # Minutes pass, whatever a clock shows: not the wall-clock arithmetic of one time zone.
    longer = policies.deadline.astimezone(UTC) + timedelta(minutes=extension.minutes or 0)
    return longer.astimezone(policies.deadline.tzinfo)


def lateness(policies: Policies, received: Received | None, extension: Extension | None) -> Lateness:
    """How late it is; a time that is not known, or could mean two moments, is never guessed."""
    due = due_time(policies, extension)
    written = received.submitted_at if received is not None else None
    if written is None:
        flagged = received is not None and received.late
        note = "submission time not known" + (", but the system it came from calls it late" if flagged else "")
        return Lateness("unknown", due, note=note)
    try:
        local = moment(written, policies.zone)
    except ValueError as fault:
        return Lateness("unknown", due, note=f"submission time not known: {fault}")
    submitted = local.astimezone(UTC)
    by = submitted - due.astimezone(UTC)
    late = policies.late
    if by <= timedelta(minutes=late.grace_minutes if late else 0):
        note = "on time, but the system it came from calls it late" if received and received.late else ""
        return Lateness("no", due, max(by, timedelta()), 0, local, note)
    # A deadline that only the system knows of, such as an extension granted there, is a person's business.
    note = "late, but the system it came from calls it on time" if received and received.late is False else ""
    return Lateness("yes", due, by, _units(late, due, submitted) if late else 0, local, note)


def _units(late: Late, due: datetime, submitted: datetime) -> int:
    if late.per == "once":
        return 1
    if late.per == "hour":
        hours = Fraction((submitted - due.astimezone(UTC)) // timedelta(microseconds=1), 3_600_000_000)
        return math.ceil(hours) if late.count == "started" else math.floor(hours)
    # A day ends when the clock of the deadline shows the same time again, be it after 23 or 25 hours.
    days = max((submitted - due.astimezone(UTC)) // _DAY - 1, 0)
    while _days_later(due, days + 1) <= submitted:
        days += 1
    whole = _days_later(due, days) == submitted
    return days if whole or late.count == "completed" else days + 1


def _days_later(due: datetime, days: int) -> datetime:
    try:
        wall = due.replace(tzinfo=None) + timedelta(days=days)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
    # Where the clock shows the time twice or never, the later moment counts: in favour of the student.
    return max(wall.replace(tzinfo=due.tzinfo, fold=fold).astimezone(UTC) for fold in (0, 1))


def deduction(late: Late, found: Lateness, points: Fraction, maximum: Fraction) -> Fraction:
    """Points to take off: at least 0, at most what the student has."""
    if found.state != "yes":
        return Fraction(0)
    if is_cut_off(late, found):
        return points
    most = exact(late.at_most) if late.at_most is not None else None
    if late.points is not None:
        amount = _limited(found.units * exact(late.points), most)
    else:
        base = maximum if late.percent_of == "maximum" else points
        amount = base * _limited(found.units * exact(late.percent or 0), most) / 100
    if late.step:
        amount = rounded(amount, exact(late.step), late.rounding)
    return min(amount, points)


def _limited(amount: Fraction, most: Fraction | None) -> Fraction:
    return amount if most is None else min(amount, most)


def is_cut_off(late: Late, found: Lateness) -> bool:
    """Whether it came so late that nothing counts."""
    return late.cut_off_hours is not None and found.by > timedelta(hours=late.cut_off_hours)


def sentences(late: Late | None, found: Lateness, extension: Extension | None) -> tuple[str, ...]:
    """What happened, for the student: e.g. ``Handed in 1 day 2 h after the deadline, 2026-01-31 23:59 CET.``."""
    due = _clock(found.due)
    own = ("This deadline is an extension.",) if extension else ()
    if found.state == "unknown":
        return (f"The time of the submission is not known: nothing is deducted. The deadline was {due}.", *own)
    if found.state == "no" and not found.by:
        return (f"Handed in on time. The deadline was {due}.", *own)
    began = f"Handed in {span(found.by)} after the deadline, {due}."
    if late is None:
        return (began, *own, "Lateness costs nothing in this course.")
    if found.state == "no":
        return (began, *own, f"The grace time of {_minutes(late.grace_minutes)} was not over: nothing is deducted.")
    if is_cut_off(late, found):
        limit = span(timedelta(hours=late.cut_off_hours or 0))
        return (began, *own, f"More than {limit} after the deadline nothing counts.")
    grace = (f"The grace time of {_minutes(late.grace_minutes)} was over.",) if late.grace_minutes else ()
    return (began, *own, *grace, *_tariff(late, found))


def _clock(time: datetime) -> str:
    written = f"{time:%Y-%m-%d %H:%M:%S}" if time.second else f"{time:%Y-%m-%d %H:%M}"
    return f"{written} {time.tzname() or ''}".rstrip()


def _minutes(minutes: float) -> str:
    return span(timedelta(minutes=minutes))


def _tariff(late: Late, found: Lateness) -> tuple[str, ...]:
    if late.percent is not None:
        base = "the maximum" if late.percent_of == "maximum" else "the points"
        each, unit = f"{number(exact(late.percent))} % of {base}", " %"
    elif late.points is not None:
        each, unit = points_text(exact(late.points)), " points"
    else:
        return (f"Lateness up to {_minutes((late.cut_off_hours or 0) * 60)} costs nothing.",)
    what = f"It counts for each {late.count} {late.per}, {found.units} in all."
    if late.per == "once":
        what = "It is the same however late."
    limit = (f"At most {number(exact(late.at_most))}{unit} are deducted.",) if late.at_most is not None else ()
    return (f"The deduction is {each}.", what, *limit)
