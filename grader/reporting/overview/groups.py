"""What students have in common: frequent comments, and the same criteria lost together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.reporting.overview.columns import Column
from grader.results import AssignmentResult, QuestionResult, StudentResult

MIN_LOST_TOGETHER = 3
"""Criteria that a pattern of a whole assignment must have: fewer are shared by chance alone."""

Pattern = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Fault:
    """A comment and who got it. Attributes: question, comment, students (positions in the class)."""

    column: Column
    comment: str
    students: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Students who lost exactly the same.

    Attributes:
        where: Id of the question or of the assignment.
        lost: (Criterion id, what it asks for, points earned of it) of each lost criterion.
        students: Positions in the class.
        anchor: Id of the question to look at.
    """

    where: str
    lost: tuple[tuple[str, str, float], ...]
    students: tuple[int, ...]
    anchor: str


def faults(results: Sequence[StudentResult], columns: Sequence[Column]) -> list[Fault]:
    """Comments on what was handed in, the most frequent first; notes of what is carried forward are none."""
    known = {column.id: column for column in columns}
    found: dict[tuple[str, str], list[int]] = {}
    for student, result in enumerate(results):
        for question in result.questions:
            if question.id in known and question.status != "missing":
                for comment in dict.fromkeys(_comments(question)):
                    found.setdefault((question.id, comment), []).append(student)
    made = [Fault(known[ident], comment, tuple(students)) for (ident, comment), students in found.items()]
    return sorted(made, key=lambda fault: -len(fault.students))


def _comments(question: QuestionResult) -> Iterator[str]:
    carried = {criterion.comment for criterion in question.criteria if criterion.outcome == "carried"}
    return (comment for comment in question.comments if comment not in carried)


def groups_of_questions(results: Sequence[StudentResult], columns: Sequence[Column]) -> list[Group]:
    """Two students or more who lost the same criteria of a question by the same points, the most losses first."""
    known = {column.id for column in columns}
    titles: dict[str, str] = {}
    found: dict[tuple[str, Pattern], list[int]] = {}
    for student, result in enumerate(results):
        for question in result.questions:
            if question.id in known:
                pattern = _pattern(question, titles)
                if pattern:
                    found.setdefault((question.id, pattern), []).append(student)
    return _groups(found, titles, {column.id: column.id for column in columns})


def groups_of_assignments(results: Sequence[StudentResult]) -> list[Group]:
    """Two students or more who lost the same criteria in all code of an assignment, the longest pattern first."""
    titles: dict[str, str] = {}
    found: dict[tuple[str, Pattern], list[int]] = {}
    anchors: dict[str, str] = {}
    for student, result in enumerate(results):
        for part in result.assignments:
            pattern = _whole_pattern(part, titles)
            if len(pattern) >= MIN_LOST_TOGETHER:
                found.setdefault((part.id, pattern), []).append(student)
                anchors.setdefault(part.id, next(question.id for question in part.questions if question.kind == "code"))
    return sorted(_groups(found, titles, anchors), key=lambda group: -len(group.lost))


def _whole_pattern(part: AssignmentResult, titles: dict[str, str]) -> Pattern:
    code = [question for question in part.questions if question.kind == "code" and question.max_points > 0]
    if any(question.status != "graded" for question in code):
        return ()
    return tuple(lost for question in code for lost in _pattern(question, titles))


def _pattern(question: QuestionResult, titles: dict[str, str]) -> Pattern:
    """What was lost, when all of it is decided."""
    if question.status != "graded":
        return ()
    lost = [criterion for criterion in question.criteria if criterion.outcome in {"not-met", "partial"}]
    for criterion in lost:
        titles[criterion.id] = criterion.title or criterion.id
    return tuple((criterion.id, criterion.points or 0.0) for criterion in lost)


def _groups(
    found: dict[tuple[str, Pattern], list[int]], titles: dict[str, str], anchors: dict[str, str]
) -> list[Group]:
    made = [
        Group(
            where,
            tuple((ident, titles[ident], points) for ident, points in pattern),
            tuple(students),
            anchors[where],
        )
        for (where, pattern), students in found.items()
        if len(students) > 1
    ]
    return sorted(made, key=lambda group: -len(group.students) * len(group.lost))
