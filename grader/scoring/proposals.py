"""Proposals for text questions: what a typed answer seems to earn. A person accepts or changes them; none is a mark."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from grader.course import Question
from grader.scoring.marks import in_halves

log = logging.getLogger("grader")

MAX_ANSWER = 20_000
"""Characters; a longer answer gets no proposal."""
Confidence = Literal["sure", "likely"]


@dataclass(frozen=True)
class Finding:
    """What a proposer says of a criterion.

    Attributes:
        criterion: Id of the criterion.
        share: Share of the criterion's points, from 0 to 1; None where something was seen that a person should judge.
        why: What was found, for the marker.
        confidence: ``sure``: it stands there; ``likely``: it follows from words that usually mean it.
    """

    criterion: str
    share: float | None
    why: str
    confidence: Confidence = "likely"


Proposer = Callable[[str], Iterable[Finding]]
"""A pure function of the typed answer; a criterion of which it is unsure is left out."""
Proposers = Mapping[str, Proposer]
"""Question id → proposer."""


@dataclass(frozen=True)
class Proposal:
    """A finding in points of the course. Attributes: criterion, points (None: only a hint), why, confidence."""

    criterion: str
    points: float | None
    why: str
    confidence: Confidence


def propose(question: Question, answer: str, proposers: Proposers) -> dict[str, Proposal]:
    """Criterion id → proposal, for those criteria of the question that the answer tells something of.

    A proposer that breaks proposes nothing: its fault is logged and costs nobody anything.
    """
    proposer = proposers.get(question.id)
    if proposer is None or not answer.strip() or len(answer) > MAX_ANSWER:
        return {}
    try:
        findings = list(proposer(answer))
    except Exception as fault:
        log.warning("proposals for %s: %s: %s", question.id, type(fault).__name__, fault)
        return {}
    most = {criterion.id: criterion.points for criterion in question.criteria}
    return {
        one.criterion: Proposal(one.criterion, _points(most[one.criterion], one.share), one.why, one.confidence)
        for one in findings
        if one.criterion in most
    }


def _points(most: float, share: float | None) -> float | None:
    return None if share is None else in_halves(most * min(max(share, 0.0), 1.0))
