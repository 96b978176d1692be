"""What staff read of a class: grades.csv and the overview page."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from grader.reporting import page, text
from grader.reporting.final import final_cells
from grader.results import AssignmentResult, QuestionResult, StudentResult

_BINS = 10


@dataclass(frozen=True)
class Column:
    """A question of the class. Attributes: its id, title, points and assignment."""

    id: str
    title: str
    max_points: float
    assignment: str


@dataclass(frozen=True)
class QuestionFigures:
    """How a question went. Attributes: column, mean points, students with full points, open ones, decided ones."""

    column: Column
    mean: float
    full: int
    undecided: int
    graded: int


@dataclass(frozen=True)
class Bin:
    """A bar of the distribution. Attributes: bounds in points, students, height in percent of the tallest."""

    low: float
    high: float
    count: int
    height: float


@dataclass(frozen=True)
class Row:
    """A student of the overview. Attributes: the result, link to the report, questions by column (None: not graded)."""

    result: StudentResult
    href: str
    cells: tuple[QuestionResult | None, ...]
    undecided: tuple[str, ...]
    problems: tuple[str, ...]


def grades_csv(results: Sequence[StudentResult]) -> str:
    """The table as text: student, a column a question, a total an assignment, total, status, open questions.

    Where the course has policies, final points, grade, passing and lateness end the row. Points count what is decided
    so far. Names that a spreadsheet would take for a formula get a leading apostrophe.
    """
    columns = _columns(results)
    assignments = _assignments(results)
    out = io.StringIO()
    # CRLF as RFC 4180 has it; csv quotes only those line ends that the terminator holds, and names may hold either.
    writer = csv.writer(out, lineterminator="\r\n")
    totals = [f"assignment {ident}" for ident in assignments]
    policies = any(result.policy is not None for result in results)
    final = ["final", "grade", "passed", "late"] if policies else []
    writer.writerow(["student", *(column.id for column in columns), *totals, "total", "max", "status", "open", *final])
    for result in results:
        questions = {question.id: question for question in result.questions}
        parts = {assignment.id: assignment for assignment in result.assignments}
        writer.writerow(
            [
                text.cell_for_people(result.student),
                *(_points(questions.get(column.id)) for column in columns),
                *(_points(parts.get(ident)) for ident in assignments),
                text.plain_points(result.points),
                text.plain_points(result.max_points),
                result.status,
                " ".join(question.id for question in result.questions if question.status == "review"),
                *(final_cells(result.policy) if policies else ()),
            ]
        )
    return out.getvalue()


def class_page(results: Sequence[StudentResult], links: Mapping[str, str], title: str) -> str:
    """The overview as HTML.

    Args:
        results: In the order of the rows; cells and pictures are not used (``lean()`` results do).
        links: Student → folder of the report, relative to the page; a student's own name when it is missing.
        title: Name of the exam.
    """
    columns = [column for column in _columns(results) if column.max_points > 0]
    totals = [result.points for result in results if result.status != "failed"]
    return page.render(
        "overview.html.j2",
        "overview.css",
        "overview.js",
        title=title,
        columns=columns,
        groups=_groups(columns),
        rows=[_row(result, columns, links) for result in results],
        max_points=max((result.max_points for result in results), default=0.0),
        mean=statistics.fmean(totals) if totals else 0.0,
        median=statistics.median(totals) if totals else 0.0,
        counts={
            status: sum(result.status == status for result in results) for status in ("final", "provisional", "failed")
        },
        policies=any(result.policy is not None for result in results),
        passed=_passed(results),
        bins=_distribution(results),
        figures=_figures(results, columns),
    )


def _passed(results: Sequence[StudentResult]) -> tuple[int, int] | None:
    """How many passed, of how many of whom it is said and who have no open question that counts."""
    final = [result.policy for result in results if result.policy is not None and not result.policy.provisional]
    said = [outcome.passed for outcome in final if outcome.passed is not None]
    return (sum(said), len(said)) if said else None


def _columns(results: Sequence[StudentResult]) -> list[Column]:
    """All questions that any student has, in the order of the course."""
    found: dict[str, Column] = {}
    for result in results:
        for assignment in result.assignments:
            for question in assignment.questions:
                if question.id not in found:
                    found[question.id] = Column(question.id, question.title, question.max_points, assignment.id)
    order = {ident: place for place, ident in enumerate(_assignments(results))}
    return sorted(found.values(), key=lambda column: order[column.assignment])


def _assignments(results: Sequence[StudentResult]) -> list[str]:
    return list(dict.fromkeys(assignment.id for result in results for assignment in result.assignments))


def _groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for column in columns:
        counts[column.assignment] = counts.get(column.assignment, 0) + 1
    return list(counts.items())


def _points(part: QuestionResult | AssignmentResult | None) -> str:
    return "" if part is None else text.plain_points(part.points)


def _row(result: StudentResult, columns: Sequence[Column], links: Mapping[str, str]) -> Row:
    questions = {question.id: question for question in result.questions}
    folder = links.get(result.student, result.student)
    return Row(
        result=result,
        # Quoted as a path below this page, so that no name becomes a scheme, a host or a query.
        href="./" + "/".join(quote(part, safe="", errors="replace") for part in f"{folder}/report.html".split("/")),
        cells=tuple(questions.get(column.id) for column in columns),
        undecided=tuple(question.id for question in result.questions if question.status == "review"),
        problems=(*result.problems, *_assignment_problems(result), *(result.policy.notes if result.policy else ())),
    )


def _assignment_problems(result: StudentResult) -> list[str]:
    return [f"Assignment {part.id}: {problem}" for part in result.assignments for problem in part.problems]


def _distribution(results: Sequence[StudentResult]) -> list[Bin]:
    top = max((result.max_points for result in results), default=0.0)
    if top <= 0:
        return []
    counts = [0] * _BINS
    for result in results:
        if result.status != "failed":
            counts[min(int(_BINS * max(result.points, 0.0) / top), _BINS - 1)] += 1
    tallest = max(counts) or 1
    return [
        Bin(top * place / _BINS, top * (place + 1) / _BINS, count, 100.0 * count / tallest)
        for place, count in enumerate(counts)
    ]


def _figures(results: Sequence[StudentResult], columns: Sequence[Column]) -> list[QuestionFigures]:
    by_student = [{question.id: question for question in result.questions} for result in results]
    figures = []
    for column in columns:
        questions = [found[column.id] for found in by_student if column.id in found]
        decided = [question for question in questions if question.status != "review"]
        figures.append(
            QuestionFigures(
                column=column,
                mean=statistics.fmean(question.points for question in decided) if decided else 0.0,
                full=sum(question.points >= question.max_points for question in decided),
                undecided=len(questions) - len(decided),
                graded=len(decided),
            )
        )
    return figures
