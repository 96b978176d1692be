"""How the questions went, and how totals are spread."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from grader.reporting.overview.columns import Column
from grader.reporting.overview.scores import Correlation, Scores, discrimination
from grader.results import StudentResult

_MOST_BINS = 12


@dataclass(frozen=True)
class QuestionFigures:
    """How a question went.

    Attributes:
        column: The question.
        mean: Mean points of those of whom it is decided; where nothing was handed in, 0 counts.
        full: Students with full points.
        undecided: Students of whom it is open.
        graded: Students of whom it is decided.
        missing: Students among them who handed nothing in.
        discrimination: Corrected item–total correlation, over those who answered.
    """

    column: Column
    mean: float
    full: int
    undecided: int
    graded: int
    missing: int
    discrimination: Correlation


@dataclass(frozen=True)
class Bin:
    """A bar of the distribution. Attributes: bounds in points, students, height in percent of the tallest."""

    low: float
    high: float
    count: int
    height: float


@dataclass(frozen=True)
class Spread:
    """How points are spread.

    Attributes:
        name: Of what.
        max_points: Points to earn.
        n: Students.
        mean: Mean.
        median: Median.
        deviation: Standard deviation, 0 for a single student.
        lower: Lower quartile.
        upper: Upper quartile.
    """

    name: str
    max_points: float
    n: int
    mean: float
    median: float
    deviation: float
    lower: float
    upper: float


def question_figures(results: Sequence[StudentResult], scores: Scores) -> list[QuestionFigures]:
    """A question after the other."""
    undecided = dict.fromkeys((column.id for column in scores.columns), 0)
    for result in results:
        for question in result.questions:
            if question.id in undecided:
                undecided[question.id] += question.status == "review"
    return [_figures(scores, at, column, undecided[column.id]) for at, column in enumerate(scores.columns)]


def _figures(scores: Scores, at: int, column: Column, undecided: int) -> QuestionFigures:
    points = scores.points[:, at]
    decided = points[np.isfinite(points)]
    return QuestionFigures(
        column=column,
        mean=float(decided.mean()) if decided.size else 0.0,
        full=int((decided >= column.max_points).sum()),
        undecided=undecided,
        graded=int(decided.size),
        missing=int(decided.size - scores.answered[:, at].sum()),
        discrimination=discrimination(scores, at),
    )


def spreads(results: Sequence[StudentResult]) -> list[Spread]:
    """The exam and each assignment, of students whose grading did not break."""
    whole = [result for result in results if result.status != "failed"]
    if not whole:
        return []
    parts: dict[str, list[float]] = {}
    most: dict[str, float] = {}
    for result in whole:
        for part in result.assignments:
            parts.setdefault(part.id, []).append(part.points)
            most[part.id] = max(most.get(part.id, 0.0), part.max_points)
    named = [_spread(f"Assignment {ident}", most[ident], points) for ident, points in parts.items()]
    exam = _spread("Exam", _top(whole), [result.points for result in whole])
    return [exam, *named]


def _spread(name: str, most: float, points: Sequence[float]) -> Spread:
    lower, upper = np.quantile(points, [0.25, 0.75])
    deviation = statistics.stdev(points) if len(points) > 1 else 0.0
    mean, median = statistics.fmean(points), statistics.median(points)
    return Spread(name, most, len(points), mean, median, deviation, float(lower), float(upper))


def distribution(results: Sequence[StudentResult]) -> list[Bin]:
    """Bars of a round width; a bar holds its lower bound, the last one its upper bound, too."""
    top = _top(results)
    if top <= 0:
        return []
    width = next(width for width in _widths() if top / width <= _MOST_BINS)
    counts = [0] * int(np.ceil(top / width - 1e-9))
    for result in results:
        if result.status != "failed":
            counts[min(int(max(result.points, 0.0) / width), len(counts) - 1)] += 1
    tallest = max(counts) or 1
    return [
        Bin(width * place, min(width * (place + 1), top), count, 100.0 * count / tallest)
        for place, count in enumerate(counts)
    ]


def _widths() -> Iterable[float]:
    return (step * 10.0**power for power in range(-3, 12) for step in (1, 2, 5))


def _top(results: Sequence[StudentResult]) -> float:
    return max((result.max_points for result in results), default=0.0)
