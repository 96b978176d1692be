"""A submission from upload to result."""

from grader.pipeline.reruns import SKIPPED
from grader.pipeline.submission import grade_submission
from grader.pipeline.values import Archive, Bench, Decided, Decisions, Graded, Opened, Opener, Order, Report, Timing

__all__ = [
    "SKIPPED",
    "Archive",
    "Bench",
    "Decided",
    "Decisions",
    "Graded",
    "Opened",
    "Opener",
    "Order",
    "Report",
    "Timing",
    "grade_submission",
]
