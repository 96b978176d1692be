"""Points as exact numbers: a tie is a tie, and 10 % of 96 are 9.6."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction

from grader.course_grades import Rounding

MINUS = "\N{MINUS SIGN}"


def exact(number: float) -> Fraction:
    """The decimal number that is meant, not its nearest binary one: 9 decimals are enough for points."""
    return Fraction(repr(round(float(number), 9)))


def rounded(value: Fraction, step: Fraction, how: Rounding) -> Fraction:
    """The multiple of ``step`` (above 0) next to ``value``; ``how`` decides ties, or the direction."""
    steps = value / step
    if how == "up":
        return math.ceil(steps) * step
    if how == "down":
        return math.floor(steps) * step
    return (round(steps) if how == "half-even" else math.floor(steps + Fraction(1, 2))) * step


def number(value: Fraction, places: int = 2) -> str:
    """``9.6`` for people: at most ``places`` decimals, a true minus sign."""
    text = f"{float(rounded(value, Fraction(1, 10**places), 'half-up')):.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS)


def points_text(value: Fraction) -> str:
    """``1 point``, ``9.6 points``."""
    text = number(value)
    return f"{text} point" if text == "1" else f"{text} points"


def span(time: timedelta) -> str:
    """``1 day 2 h``, ``2 h 5 min``, ``40 s``: the two largest units, the rest cut off."""
    seconds = int(time.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        parts = [f"{days} day" if days == 1 else f"{days} days", f"{hours} h" if hours else ""]
    elif hours:
        parts = [f"{hours} h", f"{minutes} min" if minutes else ""]
    elif minutes:
        parts = [f"{minutes} min", f"{seconds % 60} s" if seconds % 60 else ""]
    else:
        parts = [f"{seconds} s" if seconds else "less than 1 s"]
    return " ".join(part for part in parts if part)
