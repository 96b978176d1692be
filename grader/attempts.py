"""Which of a student's attempts counts: by the course's policy, all of them scored by today's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.gradebook import Gradebook, Stored, StoredResult
from grader.keeping import submission_of
from grader.pipeline import Bench, Graded, grade_submission
from grader.policies import Attempt, choose_attempt
from grader.results import StudentResult
from grader.scoring.human import HumanMark


@dataclass(frozen=True)
class Counting:
    """The attempt that counts.

    Attributes:
        stored: The upload.
        graded: Its result.
        last: Its result in the gradebook where it is another one than the current, else None.
        note: What the report says of the choice, or ``""``.
        chosen: Whether there were several to choose from: then another one may have counted before.
    """

    stored: Stored
    graded: Graded
    last: StoredResult | None = None
    note: str = ""
    chosen: bool = False

    @property
    def shown(self) -> StudentResult:
        """The result with the note."""
        result = self.graded.result
        return replace(result, problems=(*result.problems, self.note)) if self.note else result


def counting_attempt(
    book: Gradebook, bench: Bench, stored: Stored, graded: Graded, marks: Mapping[str, HumanMark]
) -> Counting:
    """The attempt that counts: the current one, or by the course's policy another one, scored from its journals.

    Args:
        book: Knows all attempts.
        bench: With the journals.
        stored: The current upload.
        graded: Its result.
        marks: Question id → a person's mark.
    """
    policies = bench.course.policies
    if policies is None:
        return Counting(stored, graded)
    others = {other.number: other for other in book.submissions(stored.record.student) if other.id != stored.id}
    if policies.attempts == "last":
        return Counting(stored, graded, chosen=bool(others))
    last = book.results(other.id for other in others.values())
    found = {stored.number: Counting(stored, graded)}
    for number, other in others.items():
        if other.id in last:
            result = last[other.id]
            scorer = replace(bench, open_notebook=None, sandbox=result.result.sandbox)
            again = grade_submission(scorer, submission_of(other.record), marks, _silent, result.journals)
            found[number] = Counting(other, again, result)
    chosen = choose_attempt([_attempt(each) for each in found.values()], policies.attempts)
    own = chosen.number == stored.number
    note = "" if own else f"Of {len(found)} attempts, number {chosen.number} counts ({policies.attempts})."
    return replace(found[chosen.number], note=note, chosen=len(found) > 1)


def _attempt(counting: Counting) -> Attempt:
    record, result = counting.stored.record, counting.graded.result
    points = result.policy.points if result.policy is not None else result.points
    submitted = submission_of(record).received.submitted_at
    return Attempt(counting.stored.number, submitted, record.content, points, result.status)


def _silent(what: str) -> None:
    """Nobody watches."""
