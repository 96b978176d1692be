"""Uploads of a class, folder or archive → submissions. Knows no assignment; trusts nothing that was uploaded."""

from grader.intake.names import safe_name
from grader.intake.reading import read_submissions
from grader.intake.types import AssignmentHint, Intake, Limits, NotebookFile, Problem, Submission
from grader.intake.working import working_files

__all__ = [
    "AssignmentHint",
    "Intake",
    "Limits",
    "NotebookFile",
    "Problem",
    "Submission",
    "read_submissions",
    "safe_name",
    "working_files",
]
