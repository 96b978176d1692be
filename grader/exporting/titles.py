"""What criteria ask for, in words: reports have ids alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.course import Course
from grader.exporting import wording
from grader.exporting.types import Person


def is_of(course: Course, people: Sequence[Person]) -> bool:
    """Whether the class sat this exam: the questions of its first report are the course's, with the same points."""
    known = {question.id: question.points for question in course.questions()}
    questions = wording.questions(people[0].report()) if people else ()
    return all(known.get(question.id) == question.max_points for question in questions)


def criterion_titles(course: Course) -> Mapping[str, str]:
    """Criterion id → what it asks for; for statements, the statement."""
    titles: dict[str, str] = {}
    for question in course.questions():
        titles |= {criterion.id: criterion.about for criterion in question.criteria}
        titles |= {
            f"{question.id}.{place}": statement.text for place, statement in enumerate(question.statements, start=1)
        }
    return titles
