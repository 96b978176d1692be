"""The decision on one criterion, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """How a criterion was decided."""

    MET = "met"
    PARTIAL = "partial"
    NOT_MET = "not-met"
    CARRIED = "carried"
    REVIEW = "review"


@dataclass(frozen=True)
class Outcome:
    """What a rubric says of a criterion.

    Attributes:
        criterion: Id in the course pack, e.g. ``"2c.size"``.
        kind: How it was decided.
        saw: What was seen, in a sentence for the student.
        fraction: Share of the criterion's points that is kept when ``kind`` is ``PARTIAL``.
        variant: Which of the criterion's further comments applies, or ``""`` for its usual one.
        detail: Fills the ``{detail}`` of a comment.
        source: The earlier question whose fault is carried forward, when ``kind`` is ``CARRIED``.
        cell: Index of the cell that ``saw`` is about, or None: reports then look for a place in its words.
        line: Line of that cell, from 1, or None.
    """

    criterion: str
    kind: OutcomeKind
    saw: str
    fraction: float = 0.0
    variant: str = ""
    detail: str = ""
    source: str = ""
    cell: int | None = None
    line: int | None = None


def met(criterion: str, saw: str = "") -> Outcome:
    """Full points."""
    return Outcome(criterion, OutcomeKind.MET, saw)


def not_met(criterion: str, saw: str, *, variant: str = "", detail: str = "") -> Outcome:
    """No points, with the criterion's comment."""
    return Outcome(criterion, OutcomeKind.NOT_MET, saw, variant=variant, detail=detail)


def partial(criterion: str, fraction: float, saw: str, *, variant: str = "", detail: str = "") -> Outcome:
    """A share of the points (0 < fraction < 1), with the criterion's comment."""
    if not 0 < fraction < 1:
        message = f"partial({criterion!r}) expects a fraction between 0 and 1, got {fraction}"
        raise ValueError(message)
    return Outcome(criterion, OutcomeKind.PARTIAL, saw, fraction=fraction, variant=variant, detail=detail)


def carried(criterion: str, source: str, saw: str) -> Outcome:
    """Full points: wrong only because of the fault already paid for in question ``source``, e.g. ``"2c"``."""
    return Outcome(criterion, OutcomeKind.CARRIED, saw, source=source)


def review(criterion: str, saw: str) -> Outcome:
    """Points stay open until a person decides."""
    return Outcome(criterion, OutcomeKind.REVIEW, saw)
