"""Which of a student's attempts counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.course_policies import AttemptRule
from grader.results import StudentStatus


@dataclass(frozen=True)
class Attempt:
    """An attempt of a student, graded.

    Attributes:
        number: From 1, in the order in which they came in.
        submitted_at: When, or None when nobody knows.
        content_hash: The same for the same upload, or ``""``.
        points: What counts for the choice: the final points where the course has policies, so that a late attempt
            has to be better than its deduction.
        status: Of its result.
    """

    number: int
    submitted_at: datetime | None
    content_hash: str
    points: float
    status: StudentStatus


def choose_attempt(attempts: Sequence[Attempt], rule: AttemptRule) -> Attempt:
    """The attempt that counts.

    The same content uploaded again directly after itself is no attempt of its own: the first of them counts. An attempt
    whose grading broke is ``best`` only where there is no other. Of equally good ones the earliest is best.

    Args:
        attempts: In any order.
        rule: ``best`` by points, or ``first`` or ``last`` by time. Where one of the times is not known, or lacks its
            time zone, the numbers tell the order.

    Raises:
        ValueError: There is no attempt.
    """
    if not attempts:
        message = "expected at least one attempt, found none"
        raise ValueError(message)
    distinct = _without_repeats(_in_order(attempts))
    if rule == "first":
        return distinct[0]
    if rule == "last":
        return distinct[-1]
    graded = [attempt for attempt in distinct if attempt.status != "failed"] or distinct
    return max(graded, key=lambda attempt: attempt.points)


def _in_order(attempts: Sequence[Attempt]) -> list[Attempt]:
    by_number = sorted(attempts, key=lambda attempt: attempt.number)
    times = [attempt.submitted_at for attempt in by_number]
    known = [time for time in times if time is not None and time.utcoffset() is not None]
    if len(known) < len(times):
        return by_number
    return [attempt for _, _, attempt in sorted(zip(known, range(len(known)), by_number, strict=True))]


def _without_repeats(attempts: Sequence[Attempt]) -> list[Attempt]:
    kept: list[Attempt] = []
    for attempt in attempts:
        repeated = kept and attempt.content_hash and attempt.content_hash == kept[-1].content_hash
        if not repeated:
            kept.append(attempt)
    return kept
