"""report.html: what a student reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.notebook import Cell
from grader.reporting import page, text
from grader.reporting.pictures import Gallery, galleries
from grader.results import AssignmentResult, QuestionResult, StudentResult

_FAILING_CELLS_SHOWN = 10
_LINES_AROUND_THE_ERROR = 12
_LONGEST_LINE = 240

OUTCOME_WORDS = {
    "met": "met",
    "partial": "partly met",
    "not-met": "not met",
    "carried": "carried forward",
    "review": "open",
}
_CELL_WORDS = {
    "error": "stopped with an error",
    "timeout": "ran out of time",
    "killed": "the kernel died in this cell",
}


@dataclass(frozen=True)
class CodeLine:
    """A line of a student's cell. Attributes: number from 1, text, whether the error names it."""

    number: int
    text: str
    at_fault: bool


@dataclass(frozen=True)
class FailingCell:
    """A cell that did not end well. Attributes: number from 1, what happened, the error, the lines around it."""

    number: int
    happened: str
    error: str
    lines: tuple[CodeLine, ...]


@dataclass(frozen=True)
class CriterionLine:
    """A row of a question's table; ``comment`` is empty when it is said beside the score already."""

    title: str
    outcome: str
    word: str
    points: float | None
    max_points: float
    comment: str
    evidence: str


@dataclass(frozen=True)
class QuestionView:
    """A question as the page shows it."""

    result: QuestionResult
    anchor: str
    lines: tuple[CriterionLine, ...]


@dataclass(frozen=True)
class AssignmentView:
    """An assignment as the page shows it.

    Attributes:
        result: The result.
        anchor: Id of its section.
        questions: Those that are worth points.
        uploads: Those that are not: shown as a quiet line.
        missing: Whether nothing was handed in for its code questions.
        failing: Cells with errors.
        more_failing: How many further cells failed.
        went_on: Whether later cells ran after every failure: nothing ran out of time or killed the kernel.
        gallery: The pictures.
    """

    result: AssignmentResult
    anchor: str
    questions: tuple[QuestionView, ...]
    uploads: tuple[QuestionResult, ...]
    missing: bool
    failing: tuple[FailingCell, ...]
    more_failing: int
    went_on: bool
    gallery: Gallery


def student_page(result: StudentResult) -> str:
    """The whole report as HTML: one file, no request to anywhere."""
    shown = galleries(result.assignments)
    return page.render(
        "report.html.j2",
        "report.css",
        result=result,
        assignments=[
            _assignment(assignment, gallery) for assignment, gallery in zip(result.assignments, shown, strict=True)
        ],
        open_questions=[question for question in result.questions if question.status == "review"],
    )


def _assignment(assignment: AssignmentResult, gallery: Gallery) -> AssignmentView:
    failing = [cell for cell in assignment.cells if cell.status in _CELL_WORDS]
    return AssignmentView(
        result=assignment,
        anchor=f"assignment-{text.slug(assignment.id)}",
        questions=tuple(_question(question) for question in assignment.questions if question.max_points > 0),
        uploads=tuple(question for question in assignment.questions if question.max_points <= 0),
        missing=any(question.status == "missing" and question.kind == "code" for question in assignment.questions),
        failing=tuple(_failing(cell) for cell in failing[:_FAILING_CELLS_SHOWN]),
        more_failing=max(len(failing) - _FAILING_CELLS_SHOWN, 0),
        went_on=all(cell.status == "error" for cell in failing),
        gallery=gallery,
    )


def _question(question: QuestionResult) -> QuestionView:
    # A missing notebook says it once: a table of "not met" would explain nothing.
    criteria = () if question.status == "missing" else question.criteria
    return QuestionView(
        result=question,
        anchor=f"question-{text.slug(question.id)}",
        lines=tuple(
            CriterionLine(
                title=criterion.title or _readable(criterion.id),
                outcome=criterion.outcome,
                word=OUTCOME_WORDS[criterion.outcome],
                points=criterion.points,
                max_points=criterion.max_points,
                comment="" if criterion.comment in question.comments else criterion.comment,
                evidence=criterion.evidence,
            )
            for criterion in criteria
        ),
    )


def _failing(cell: Cell) -> FailingCell:
    message = text.visible(cell.error_message).strip()
    error = f"{cell.error_name}: {message}" if cell.error_name and message else cell.error_name or message
    return FailingCell(cell.index + 1, _CELL_WORDS[cell.status], text.clip(error, 800), _excerpt(cell))


def _excerpt(cell: Cell) -> tuple[CodeLine, ...]:
    lines = text.visible(cell.source).split("\n")
    fault = cell.error_line if cell.error_line is not None and 1 <= cell.error_line <= len(lines) else None
    centre = fault or 1
    first = max(centre - _LINES_AROUND_THE_ERROR, 1)
    last = min(centre + _LINES_AROUND_THE_ERROR, len(lines))
    return _numbered(lines[first - 1 : last], first, fault)


def _numbered(lines: Sequence[str], first: int, fault: int | None) -> tuple[CodeLine, ...]:
    return tuple(
        CodeLine(number, text.clip(line, _LONGEST_LINE), number == fault)
        for number, line in enumerate(lines, start=first)
    )


def _readable(criterion: str) -> str:
    """``Feature map`` for ``1c.feature-map``."""
    name = criterion.partition(".")[2] or criterion
    words = name.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
