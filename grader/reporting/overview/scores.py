"""A class's points as arrays, and how they go together.

Symbols: N students, Q questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.reporting.overview.columns import Column
from grader.results import StudentResult

MIN_STUDENTS = 10
"""Below so many students a correlation is not told: its 95 % interval would span more than 1.2 around 0."""
_Z_95 = 1.96

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Correlation:
    """Pearson's correlation.

    Attributes:
        value: Between -1 and 1; None where it cannot be told.
        n: Students it rests on.
        upper: Upper end of its 95 % interval (Fisher's z), or None.
        why: Why there is none, or ``""``.
    """

    value: float | None
    n: int
    upper: float | None = None
    why: str = ""

    @property
    def is_negative(self) -> bool:
        """Whether it lies below 0 by more than chance explains."""
        return self.value is not None and self.value <= -0.1 and self.upper is not None and self.upper < 0


@dataclass(frozen=True, eq=False)
class Scores:
    """Points of a class.

    Attributes:
        columns: The Q questions.
        points: (N, Q) points; NaN where a question is open or was never graded.
        answered: (N, Q) whether something was handed in and is decided.
        rest: (N, Q) share of the points that the student has in all *other* decided questions; NaN without any.
    """

    columns: tuple[Column, ...]
    points: Array
    answered: np.ndarray[Any, np.dtype[np.bool_]]
    rest: Array


def scores_of(results: Sequence[StudentResult], columns: Sequence[Column]) -> Scores:
    """The arrays of a class; questions that are worth nothing should not be among ``columns``."""
    place = {column.id: at for at, column in enumerate(columns)}
    points = np.full((len(results), len(columns)), np.nan)
    answered = np.zeros(points.shape, dtype=bool)
    for row, result in enumerate(results):
        for question in result.questions:
            at = place.get(question.id)
            if at is not None and question.status != "review":
                points[row, at] = question.points
                answered[row, at] = question.status == "graded"
    most = np.array([column.max_points for column in columns], dtype=float)
    known = np.where(np.isnan(points), 0.0, most)
    earned = np.nan_to_num(points)
    others = known.sum(axis=1, keepdims=True) - known
    rest = np.full(points.shape, np.nan)
    np.divide(earned.sum(axis=1, keepdims=True) - earned, others, out=rest, where=others > 0)
    return Scores(tuple(columns), points, answered, rest)


def discrimination(scores: Scores, at: int) -> Correlation:
    """Corrected item–total correlation of a question, over those who answered it.

    The total leaves the question itself out and is taken as a share of what is decided, so that it can be told while
    other questions are open. Where everything is decided this is the usual figure.
    """
    return correlation(np.where(scores.answered[:, at], scores.points[:, at], np.nan), scores.rest[:, at])


def correlation(x: Array, y: Array) -> Correlation:
    """Pearson's correlation of two series (N,), leaving out what is NaN in either."""
    known = np.isfinite(x) & np.isfinite(y)
    n = int(known.sum())
    if n < MIN_STUDENTS:
        return Correlation(None, n, why=f"fewer than {MIN_STUDENTS} students")
    x, y = x[known], y[known]
    if np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return Correlation(None, n, why="everybody has the same points")
    value = float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
    # Fisher's z is infinite at the ends; there the interval is the point itself.
    inside = abs(value) < 1 - 1e-12
    upper = float(np.tanh(np.arctanh(value) + _Z_95 / np.sqrt(n - 3))) if inside else value
    return Correlation(value, n, upper)


def reliability(scores: Scores) -> Correlation:
    """Cronbach's α of the exam, over those of whom every question is decided. Its ``upper`` is None."""
    whole = scores.points[np.isfinite(scores.points).all(axis=1)]
    n, count = whole.shape
    if n < MIN_STUDENTS:
        return Correlation(None, n, why=f"fewer than {MIN_STUDENTS} students of whom every question is decided")
    total = float(whole.sum(axis=1).var(ddof=1))
    if count < 2 or total < 1e-12:
        return Correlation(None, n, why="fewer than two questions, or everybody has the same total")
    each = float(whole.var(axis=0, ddof=1).sum())
    return Correlation(count / (count - 1) * (1 - each / total), n)
