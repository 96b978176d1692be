"""People's marks: ``marks.yaml`` of the staff, validated against the course pack."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from grader.course import Course, Question
from grader.errors import UsageError

MAX_BYTES = 20 * 2**20


@dataclass(frozen=True)
class HumanMark:
    """A person's mark of a question.

    Attributes:
        points: Points of the whole question, or None when single criteria are marked.
        criteria: Criterion id → points.
        comment: Read by the student; replaces computed comments.
    """

    points: float | None = None
    criteria: Mapping[str, float] = field(default_factory=dict)
    comment: str = ""


Marks = Mapping[str, Mapping[str, HumanMark]]
"""Student → question id → mark."""


def load_marks(path: Path, course: Course) -> Marks:
    """Reads the staff's marks.

    Raises:
        UsageError: The file is missing, is not YAML, or an entry does not fit the course; the message names it.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{path}: expected at most {MAX_BYTES} bytes of marks."
            raise UsageError(message)
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        message = f"{path}: cannot be read ({fault.strerror})."
        raise UsageError(message, hint="Give the marks with --marks FILE.") from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        message = f"{path}: not a YAML file: {fault}."
        raise UsageError(message) from fault
    if not isinstance(data or {}, dict):
        message = f"{path}: expected students with their marks, found {type(data).__name__}."
        raise UsageError(message)
    questions = {question.id: question for question in course.questions()}
    return {
        unicodedata.normalize("NFC", str(student)): _student(path, str(student), entries or {}, questions)
        for student, entries in (data or {}).items()
    }


def _student(path: Path, student: str, entries: Any, questions: Mapping[str, Question]) -> dict[str, HumanMark]:
    where = f"{path}: {student}"
    if not isinstance(entries, dict):
        message = f"{where}: expected question ids with marks, found {entries!r}."
        raise UsageError(message)
    marks = {}
    for ident, entry in entries.items():
        question = questions.get(str(ident))
        if question is None:
            message = f"{where}: the course has no question {ident!r}."
            raise UsageError(message, hint=f"It has {', '.join(questions)}.")
        marks[question.id] = read_mark(f"{where}: {ident}", entry, question)
    return marks


def read_mark(where: str, entry: Any, question: Question) -> HumanMark:
    """A mark as ``marks.yaml`` holds it: points, or a dictionary of points or criteria and a comment.

    Raises:
        UsageError: It does not fit the question; the message begins with ``where``.
    """
    if isinstance(entry, (int, float)) and not isinstance(entry, bool):
        entry = {"points": entry}
    if not isinstance(entry, dict) or not set(entry) <= {"points", "criteria", "comment"} or not entry:
        message = f"{where}: expected points, criteria or comment, found {entry!r}."
        raise UsageError(message)
    comment = str(entry.get("comment") or "")
    if entry.get("points") is not None:
        return HumanMark(_points(where, entry["points"], question.points), {}, comment)
    most = {criterion.id: criterion.points for criterion in question.criteria}
    criteria = entry.get("criteria") or {}
    if not isinstance(criteria, dict):
        message = f"{where}: expected criteria with points, found {criteria!r}."
        raise UsageError(message)
    unknown = [ident for ident in criteria if ident not in most]
    if unknown:
        message = f"{where}: question {question.id} has no criterion {unknown[0]!r}."
        raise UsageError(message, hint=f"It has {', '.join(most)}.")
    marked = {ident: _points(f"{where}: {ident}", points, most[ident]) for ident, points in criteria.items()}
    return HumanMark(None, marked, comment)


def _points(where: str, value: Any, most: float) -> float:
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if not 0 <= number <= most:
        message = f"{where}: expected points between 0 and {most:g}, found {value!r}."
        raise UsageError(message)
    return number
