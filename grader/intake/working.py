"""What a notebook finds beside itself when it runs."""

from __future__ import annotations

from pathlib import Path

from grader.intake.archive import Uploaded
from grader.intake.folder import look_into
from grader.intake.types import Limits, Submission


def working_files(submission: Submission, assignment: str) -> dict[str, Path]:
    """The uploaded files for the working folder of an assignment's notebook.

    Files are named relative to the notebook's own folder where they lie below it, otherwise relative to the student's
    folder; on a conflict, the file beside the notebook wins. Links are never among them.

    Returns:
        Relative POSIX path in the working folder → file.
    """
    found = look_into(submission.folder, Limits(), Uploaded())
    files = {file.path.relative_to(submission.folder).as_posix(): file.path for file in found.files}
    notebook = submission.notebooks.get(assignment)
    if notebook is None or notebook.path is None:
        return files
    beside = notebook.path.parent
    own = {file.path.relative_to(beside).as_posix(): file.path for file in found.files if beside in file.path.parents}
    return files | own
