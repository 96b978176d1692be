"""How the run went: what waits for a person, what went wrong, how long it took."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grader.reporting.overview.columns import Column
from grader.results import AssignmentResult, StudentResult

_LONGEST = 10
# Kind → what it is called, whether it is the grader's own. In the order of the page.
KINDS = {
    "failed": ("Grading broke; the report is incomplete", True),
    "rubric": ("The grader could not decide: a fault of the rubric", True),
    "infrastructure": ("The machine failed, not the notebook", True),
    "memory": ("Ended by the limit of memory", False),
    "time": ("Ended by the limit of time", False),
    "output": ("Ended by the limit of output", False),
    "killed": ("The kernel died", False),
    "student": ("A cell stopped with an error; the cells after it ran", False),
    "missing": ("No notebook, or one that cannot be read", False),
    "upload": ("Something is said of the upload as a whole", False),
    "stand-ins": ("Ran on stand-in data instead of the real files", False),
}


@dataclass(frozen=True)
class OpenQuestion:
    """A question that waits for a person. Attributes: question, open points of all together, students."""

    column: Column
    points: float
    students: tuple[int, ...]


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong in the run.

    Attributes:
        kind: One of ``KINDS``, or what the result calls it.
        words: What it is called.
        is_ours: Whether the grader or its machine is at fault, so that somebody should look.
        assignments: (Id of an assignment, students) of each; empty for the submission as a whole.
        students: Positions in the class.
    """

    kind: str
    words: str
    is_ours: bool
    assignments: tuple[tuple[str, int], ...]
    students: tuple[int, ...]


@dataclass(frozen=True)
class Times:
    """How long a student's notebooks ran.

    Attributes:
        total_s: Sum over the class.
        median_s: Median.
        p95_s: 95th percentile.
        longest: (Position in the class, seconds) of the longest.
    """

    total_s: float
    median_s: float
    p95_s: float
    longest: tuple[tuple[int, float], ...]


def open_questions(results: Sequence[StudentResult], columns: Sequence[Column]) -> list[OpenQuestion]:
    """Questions that wait for a person, in the order of the course."""
    students: dict[str, list[int]] = {}
    points: dict[str, float] = {}
    for student, result in enumerate(results):
        for question in result.questions:
            if question.status == "review":
                students.setdefault(question.id, []).append(student)
                points[question.id] = points.get(question.id, 0.0) + question.open_points
    return [
        OpenQuestion(column, points[column.id], tuple(students[column.id]))
        for column in columns
        if column.id in students
    ]


def troubles(results: Sequence[StudentResult]) -> list[Trouble]:
    """What went wrong, the grader's own faults first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for student, result in enumerate(results):
        for assignment, kind in _kinds(result):
            found.setdefault(kind, []).append((student, assignment))
    order = {kind: place for place, kind in enumerate(KINDS)}
    return [_trouble(kind, found[kind]) for kind in sorted(found, key=lambda kind: order.get(kind, len(order)))]


def _trouble(kind: str, met: Sequence[tuple[int, str]]) -> Trouble:
    words, is_ours = KINDS.get(kind, (kind, True))
    counts = Counter(assignment for _, assignment in met if assignment)
    students = tuple(dict.fromkeys(student for student, _ in met))
    return Trouble(kind, words, is_ours, tuple(sorted(counts.items())), students)


def _kinds(result: StudentResult) -> Iterator[tuple[str, str]]:
    if result.status == "failed":
        yield "", "failed"
    if result.problems and result.status != "failed":
        yield "", "upload"
    for part in result.assignments:
        if part.fault:
            yield part.id, part.fault
        if _is_missing(part):
            yield part.id, "missing"
        if part.stand_ins:
            yield part.id, "stand-ins"


def _is_missing(part: AssignmentResult) -> bool:
    return any(question.kind == "code" and question.status == "missing" for question in part.questions)


def times(results: Sequence[StudentResult]) -> Times | None:
    """Times of those whose notebooks ran; None when nothing did."""
    taken = [(student, result.duration_s) for student, result in enumerate(results) if result.duration_s > 0]
    if not taken:
        return None
    seconds = [duration_s for _, duration_s in taken]
    longest = sorted(taken, key=lambda one: -one[1])[:_LONGEST]
    p95_s = float(np.quantile(seconds, 0.95))
    return Times(sum(seconds), statistics.median(seconds), p95_s, tuple(longest))
