"""Grade scales and pass marks of a course pack."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rounding = Literal["half-up", "half-even", "up", "down"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class PassMark(_Entry):
    """Points from which the exam is passed, or percent of the final maximum."""

    points: Positive | None = None
    percent: Percent | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> PassMark:
        if (self.points is None) == (self.percent is None):
            message = "expected either points or percent"
            raise ValueError(message)
        return self


class SwissScale(_Entry):
    """Grades 1 to 6, passed from 4: ``1 + 5 · points / maximum``, or linear in two pieces.

    Attributes:
        points_for_six: Points from which the grade is 6; the maximum by default.
        points_for_four: Points at which the grade is 4; by default those that the straight line has there.
        step: Multiple to which the grade is rounded.
        rounding: How; ``up`` is towards the better grade.
    """

    scale: Literal["swiss"]
    points_for_six: Positive | None = None
    points_for_four: Positive | None = None
    step: Positive = 0.25
    rounding: Rounding = "half-up"

    def line(self) -> LinearScale:
        """The same as a linear scale."""
        return LinearScale(
            scale="linear",
            lowest=1,
            highest=6,
            passing=4,
            points_for_highest=self.points_for_six,
            points_for_passing=self.points_for_four,
            step=self.step,
            rounding=self.rounding,
        )


class LinearScale(_Entry):
    """Grades on a straight line, or on two that meet at the passing grade.

    Attributes:
        lowest: Grade for 0 points; may be the larger number (5 for a scale from 5 to 1).
        highest: The best grade.
        passing: The least grade that passes.
        points_for_highest: Points from which the grade is the best; the maximum by default.
        points_for_passing: Points at which the grade is the passing one.
        step: Multiple to which the grade is rounded.
        rounding: How; ``up`` is towards the better grade.
    """

    scale: Literal["linear"]
    lowest: float = Field(allow_inf_nan=False)
    highest: float = Field(allow_inf_nan=False)
    passing: float = Field(allow_inf_nan=False)
    points_for_highest: Positive | None = None
    points_for_passing: Positive | None = None
    step: Positive = 0.1
    rounding: Rounding = "half-up"

    @model_validator(mode="after")
    def _ordered(self) -> LinearScale:
        if not min(self.lowest, self.highest) < self.passing < max(self.lowest, self.highest):
            message = (
                f"expected the passing grade between lowest = {self.lowest:g} and highest = {self.highest:g}, "
                f"found {self.passing:g}"
            )
            raise ValueError(message)
        return self


class Boundary(_Entry):
    """A grade and where it begins. Attributes: the grade, its least points or percent."""

    grade: str = Field(min_length=1)
    from_: NotNegative = Field(alias="from")


class BoundaryScale(_Entry):
    """Grades by boundaries: letters, or any other names.

    Attributes:
        unit: Of the boundaries: percent of the final maximum, or points.
        boundaries: From the best grade to the worst, which begins at 0.
        passing: The worst grade that still passes; without it nothing is said of passing.
    """

    scale: Literal["boundaries"]
    unit: Literal["percent", "points"] = "percent"
    boundaries: tuple[Boundary, ...] = Field(min_length=2)
    passing: str = ""

    @model_validator(mode="after")
    def _descending(self) -> BoundaryScale:
        for better, worse in itertools.pairwise(self.boundaries):
            if better.from_ <= worse.from_:
                message = (
                    f"boundaries descend from the best grade to the worst, but {better.grade!r} begins at "
                    f"{better.from_:g} and {worse.grade!r} after it at {worse.from_:g}"
                )
                raise ValueError(message)
        if self.boundaries[-1].from_ != 0:
            last = self.boundaries[-1]
            message = f"the worst grade begins at 0, so that everybody has one; {last.grade!r} begins at {last.from_:g}"
            raise ValueError(message)
        grades = [boundary.grade for boundary in self.boundaries]
        no_repeats("the grade", grades)
        if self.passing and self.passing not in grades:
            message = f"passing = {self.passing!r} is none of the grades {', '.join(grades)}"
            raise ValueError(message)
        return self


Scale = Annotated[SwissScale | LinearScale | BoundaryScale, Field(discriminator="scale")]


def no_repeats(what: str, names: Iterable[str]) -> None:
    """Looks that every name stands once.

    Raises:
        ValueError: One occurs more than once.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        message = f"{what} {twice[0]!r} occurs more than once"
        raise ValueError(message)
