"""Results → files that people and programs read. Computes no points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.reporting.class_report import class_page, grades_csv
from grader.reporting.files import write_atomically
from grader.reporting.language import LANGUAGES
from grader.reporting.schema import SCHEMA, ReportModel, to_json
from grader.reporting.student_page import PageOptions, student_page
from grader.results import StudentResult

__all__ = ["LANGUAGES", "SCHEMA", "PageOptions", "ReportModel", "to_json", "write_class", "write_student"]


def write_student(result: StudentResult, folder: Path, options: PageOptions | None = None) -> None:
    """Writes ``report.html`` and ``report.json`` into ``folder``, which is made when it is missing.

    Each file is whole or not there; ``report.json`` comes last, so that where it is, the report is complete.

    Args:
        result: The result.
        folder: Of the student.
        options: Language of the page, the course's texts, and whether right answers are shown; ``report.json`` holds
            the English texts in any case.

    Raises:
        OSError: The folder cannot be written.
    """
    write_atomically(folder / "report.html", student_page(result, options))
    data = json.dumps(to_json(result), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / "report.json", f"{data}\n")


def write_class(
    results: Sequence[StudentResult], folder: Path, *, title: str = "", links: Mapping[str, str] | None = None
) -> None:
    """Writes ``grades.csv`` and the staff's overview ``index.html`` into ``folder``.

    Args:
        results: In the order of the rows; ``StudentResult.lean()`` is enough, so that a large class fits in memory.
        folder: Where the students' folders are, too.
        title: Name of the exam.
        links: Student → folder of the report relative to ``folder``, for those whose folder has another name.

    Raises:
        OSError: The folder cannot be written.
    """
    write_atomically(folder / "grades.csv", grades_csv(results))
    write_atomically(folder / "index.html", class_page(results, links or {}, title))
