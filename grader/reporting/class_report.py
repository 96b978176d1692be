"""What staff read of a class: grades.csv and the overview page."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from grader.reporting import page, text
from grader.reporting.final import final_cells
from grader.reporting.overview import Column, assignments_of, columns_of, overview_of
from grader.results import AssignmentResult, QuestionResult, StudentResult

PAGE_ROWS = 100
"""Students of the table that show at once in a browser that runs the page's script."""
_MOST_FAULTS = 100
_MOST_GROUPS = 40
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Row:
    """A student of the overview. Attributes: the result, link to the report, questions by column (None: not graded)."""

    result: StudentResult
    href: str
    cells: tuple[QuestionResult | None, ...]
    undecided: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class People:
    """Students behind a figure.

    Attributes:
        count: How many.
        gaps: Their positions in the table, each as the distance from the one before: short, also for thousands.
        anchor: What to jump to in their reports, or ``""``.
        first: (Name, link) of the first few, for browsers that run no script.
    """

    count: int
    gaps: str
    anchor: str
    first: tuple[tuple[str, str], ...]


def grades_csv(results: Sequence[StudentResult]) -> str:
    """The table as text: student, a column a question, a total an assignment, total, status, open questions.

    Where the course has policies, final points, grade, passing and lateness end the row. Points count what is decided
    so far. Names that a spreadsheet would take for a formula get a leading apostrophe.
    """
    columns = columns_of(results)
    assignments = assignments_of(results)
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
    overview = overview_of(results)
    totals = [result.points for result in results if result.status != "failed"]
    rows = [_row(result, overview.columns, links) for result in results]
    return page.render(
        "overview.html.j2",
        "overview.css",
        "overview.js",
        title=title,
        overview=overview,
        groups=_groups(overview.columns),
        rows=rows,
        page_rows=PAGE_ROWS,
        max_points=max((result.max_points for result in results), default=0.0),
        mean=statistics.fmean(totals) if totals else 0.0,
        median=statistics.median(totals) if totals else 0.0,
        counts={
            status: sum(result.status == status for result in results) for status in ("final", "provisional", "failed")
        },
        policies=any(result.policy is not None for result in results),
        passed=_passed(results),
        faults=overview.faults[:_MOST_FAULTS],
        rarer=max(len(overview.faults) - _MOST_FAULTS, 0),
        most_groups=_MOST_GROUPS,
        flagged={flag.criterion or flag.column.id for flag in overview.flags},
        people=_people(rows),
    )


def _people(rows: Sequence[Row]) -> Callable[[Sequence[int], str], People]:
    def people(students: Sequence[int], question: str) -> People:
        anchor = f"#question-{text.slug(question)}" if question else ""
        gaps = [after - before for before, after in zip((0, *students), students, strict=False)]
        first = tuple((rows[at].result.student, rows[at].href + anchor) for at in students[:_NAMES_SHOWN])
        return People(len(students), " ".join(map(str, gaps)), anchor, first)

    return people


def _passed(results: Sequence[StudentResult]) -> tuple[int, int] | None:
    """How many passed, of how many of whom it is said and who have no open question that counts."""
    final = [result.policy for result in results if result.policy is not None and not result.policy.provisional]
    said = [outcome.passed for outcome in final if outcome.passed is not None]
    return (sum(said), len(said)) if said else None


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
