"""From points to a grade."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from grader.course_grades import BoundaryScale, LinearScale, PassMark, SwissScale
from grader.course_policies import Policies
from grader.policies.amounts import exact, number, rounded


@dataclass(frozen=True)
class Grade:
    """A grade.

    Attributes:
        text: As it is written, e.g. ``"4.75"`` or ``"B"``; ``""`` where there is no scale.
        passed: Whether it passes, or None where nobody says.
        about: How it was reached, in sentences.
    """

    text: str = ""
    passed: bool | None = None
    about: tuple[str, ...] = ()


def grade(policies: Policies, points: Fraction, maximum: Fraction) -> Grade:
    """The grade for final points; better points never lead to a worse grade."""
    scale = policies.grades
    if isinstance(scale, BoundaryScale):
        found = _by_boundaries(scale, points, maximum)
    elif scale is not None:
        found = _on_line(scale.line() if isinstance(scale, SwissScale) else scale, points, maximum)
    else:
        found = Grade()
    if policies.pass_mark is None:
        return found
    wanted = _pass_points(policies.pass_mark, maximum)
    return Grade(found.text, points >= wanted, (*found.about, f"Passed from {number(wanted)} points on."))


def _pass_points(mark: PassMark, maximum: Fraction) -> Fraction:
    return exact(mark.points) if mark.points is not None else maximum * exact(mark.percent or 0) / 100


def _by_boundaries(scale: BoundaryScale, points: Fraction, maximum: Fraction) -> Grade:
    value = points if scale.unit == "points" else 100 * points / maximum
    grades = [boundary.grade for boundary in scale.boundaries]
    # The worst grade begins at 0 (the course pack is checked for it), and points are never below.
    place = next(i for i, boundary in enumerate(scale.boundaries) if value >= exact(boundary.from_))
    found, begins = f"{number(points)} of {number(maximum)} points", number(exact(scale.boundaries[place].from_))
    about = f"{found}; {grades[place]} begins at {begins} points."
    if scale.unit == "percent":
        about = f"{found} are {number(value)} %; {grades[place]} begins at {begins} %."
    passed = place <= grades.index(scale.passing) if scale.passing else None
    return Grade(grades[place], passed, (about,))


def _on_line(scale: LinearScale, points: Fraction, maximum: Fraction) -> Grade:
    lowest, highest, passing = exact(scale.lowest), exact(scale.highest), exact(scale.passing)
    anchors = [(Fraction(0), lowest)]
    if scale.points_for_passing is not None:
        anchors.append((exact(scale.points_for_passing), passing))
    anchors.append((exact(scale.points_for_highest) if scale.points_for_highest is not None else maximum, highest))
    value = _interpolated(anchors, points)
    # ``up`` means better, also where the better grade is the smaller number.
    sense = 1 if highest > lowest else -1
    step = exact(scale.step)
    near = sense * rounded(sense * value, step, scale.rounding)
    near = min(max(near, min(lowest, highest)), max(lowest, highest))
    places = _decimals(step)
    text = f"{float(near):.{places}f}"
    first, *over, last = [f"{number(grade)} at {number(least)} points" for least, grade in anchors]
    line = f"The line from {first}{' over ' + over[0] if over else ''} to {last}"
    about = f"{line} has {number(value, places + 2)} at {number(points)} points; rounded: {text}."
    return Grade(text, sense * (near - passing) >= 0, (about,))


def _interpolated(anchors: list[tuple[Fraction, Fraction]], points: Fraction) -> Fraction:
    for (left, start), (right, end) in itertools.pairwise(anchors):
        if points <= right:
            return start + (end - start) * (points - left) / (right - left)
    return anchors[-1][1]


def _decimals(step: Fraction) -> int:
    """Decimals that multiples of ``step`` need, at most 4."""
    return next((places for places in range(4) if (step * 10**places).denominator == 1), 4)
