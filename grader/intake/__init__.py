"""Uploads of a class, folder or archive → submissions. Knows no assignment; trusts nothing that was uploaded."""

from grader.intake.names import safe_name
from grader.intake.reading import read_submissions
from grader.intake.types import AssignmentHint, Identity, Intake, Limits, NotebookFile, Problem, Received, Submission
from grader.intake.working import working_files

__all__ = [
    "AssignmentHint",
    "Identity",
    "Intake",
    "Limits",
    "NotebookFile",
    "Problem",
    "Received",
    "Submission",
    "read_submissions",
    "safe_name",
    "working_files",
]
