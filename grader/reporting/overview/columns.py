"""The questions of a class, in the order of the course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.results import QuestionKind, StudentResult


@dataclass(frozen=True)
class Column:
    """A question of the class. Attributes: its id, title, points, assignment, and how it is answered."""

    id: str
    title: str
    max_points: float
    assignment: str
    kind: QuestionKind = "code"


def columns_of(results: Sequence[StudentResult]) -> list[Column]:
    """All questions that any student has, in the order of the course."""
    found: dict[str, Column] = {}
    for result in results:
        for part in result.assignments:
            for question in part.questions:
                if question.id not in found:
                    found[question.id] = Column(
                        question.id, question.title, question.max_points, part.id, question.kind
                    )
    order = {ident: place for place, ident in enumerate(assignments_of(results))}
    return sorted(found.values(), key=lambda column: order[column.assignment])


def assignments_of(results: Sequence[StudentResult]) -> list[str]:
    """Ids of all assignments that any student has."""
    return list(dict.fromkeys(assignment.id for result in results for assignment in result.assignments))
