"""Uploads of a class, folder or archive → submissions. Knows no assignment; trusts nothing that was uploaded."""

from grader.intake.importing import import_submissions
from grader.intake.names import safe_name
from grader.intake.platforms.keeping import Imported
from grader.intake.platforms.questions import read_map
from grader.intake.platforms.registry import NAMES as PLATFORM_NAMES
from grader.intake.platforms.registry import Origin
from grader.intake.reading import read_submissions
from grader.intake.students_csv import read_students, write_students
from grader.intake.types import AssignmentHint, Identity, Intake, Limits, NotebookFile, Problem, Received, Submission
from grader.intake.working import working_files

__all__ = [
    "PLATFORM_NAMES",
    "AssignmentHint",
    "Identity",
    "Imported",
    "Intake",
    "Limits",
    "NotebookFile",
    "Origin",
    "Problem",
    "Received",
    "Submission",
    "import_submissions",
    "read_map",
    "read_students",
    "read_submissions",
    "safe_name",
    "working_files",
    "write_students",
]
