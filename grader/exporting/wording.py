"""What exports say of a result, in one wording."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from grader.errors import UsageError
from grader.exporting.types import Person, Total
from grader.reporting import text
from grader.reporting.schema import QuestionModel, ReportModel


def points(value: float, mark: str = ".") -> str:
    """``61.5``, or ``61,5`` where the other program writes decimals so."""
    return text.plain_points(value).replace(".", mark)


def total_line(total: Total) -> str:
    """``Total 61.5 of 96.``, with the grade where there is one."""
    grade = f" Grade {total.grade}." if total.grade else ""
    return f"Total {points(total.points)} of {points(total.max_points)}.{grade}"


def one_line(comment: str) -> str:
    """The comment without tabs and line breaks, for programs that divide cells without looking at quotes."""
    return " ".join(text.visible(comment).split())


def questions(report: ReportModel) -> Iterator[QuestionModel]:
    """All questions that are worth points, in order."""
    for assignment in report.assignments:
        yield from (question for question in assignment.questions if question.max_points > 0)


def question_line(question: QuestionModel) -> str:
    """``1c Network Instantiation: 1.5 of 3`` and the comments."""
    head = f"{question.id} {question.title}: {points(question.points)} of {points(question.max_points)}"
    if question.status == "review":
        head += " so far, still to be decided"
    return "; ".join([head, *(one_line(comment) for comment in question.comments)])


def html_feedback(person: Person) -> str:
    """The total and the questions that lost points, as HTML on one line."""
    lost = [
        question
        for question in questions(person.report())
        if question.points < question.max_points or question.comments
    ]
    items = "".join(f"<li>{escape(question_line(question))}</li>" for question in lost)
    return f"<p>{escape(total_line(person.total))}</p>" + (f"<ul>{items}</ul>" if items else "")


def check_maximum(found: float | None, people: list[Person], where: str, *, accept: bool) -> None:
    """Points of the exam must not become points of another scale in silence.

    Args:
        found: The maximum that the other program has; None when its file does not say.
        people: Whose points are to be written.
        where: The file and column, for the message.
        accept: Whether the person in charge knows that it differs.

    Raises:
        UsageError: It differs from the maximum of the exam.
    """
    other = next((person.total.max_points for person in people if person.total.max_points != found), None)
    if found is not None and other is not None and not accept:
        message = f"{where}: the maximum there is {points(found)}, that of the reports is {points(other)}."
        raise UsageError(
            message,
            hint="Set it to the same value there and download the file again; --accept-maximum writes the points as "
            "they are.",
        )
