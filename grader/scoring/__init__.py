"""What rubric authors write with: questions, criteria, outcomes, comparators. Pure: no sandbox, no files."""

from grader.scoring.outcome import Outcome, OutcomeKind, carried, met, not_met, partial, review
from grader.scoring.registry import Rubric
from grader.scoring.student import Student

__all__ = [
    "Outcome",
    "OutcomeKind",
    "Rubric",
    "Student",
    "carried",
    "met",
    "not_met",
    "partial",
    "review",
]
