"""The final result of a course with policies, as pages show it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from grader.course_texts import Said
from grader.policy_outcome import PolicyOutcome
from grader.reporting import text
from grader.reporting.language import ENGLISH, Language
from grader.results import StudentResult

_DECIMAL = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.]*\d)")
_UNITS = tuple(
    (re.compile(rf"(?<=\d ){unit}\b"), theirs) for unit, theirs in (("day", "Tag"), ("days", "Tage"), ("h", "Std."))
)


@dataclass(frozen=True)
class StepLine:
    """A row of the table.

    Attributes:
        kind: Which policy, in a few words.
        sentences: What happened.
        change: Points, or None where the step changed none.
        points_after: Points after it.
    """

    kind: Markup
    sentences: tuple[Said, ...]
    change: float | None
    points_after: float


@dataclass(frozen=True)
class FinalView:
    """How the final result was reached.

    Attributes:
        outcome: The result.
        marks: The sum of the marks, from which it starts.
        max_marks: Their maximum.
        lines: The steps.
        grade: As it is written in the page's language.
        about: How the grade was reached, in sentences.
    """

    outcome: PolicyOutcome
    marks: float
    max_marks: float
    lines: tuple[StepLine, ...]
    grade: str
    about: tuple[Said, ...]


def final_view(result: StudentResult, words: Language) -> FinalView | None:
    """The steps in the page's language, or None where the course has no policies."""
    outcome = result.policy
    if outcome is None:
        return None
    kinds = {
        "dropped": words("Questions left out"),
        "bonus": words("Bonus questions"),
        "late": words("Time of the submission"),
        "rounding": words("Rounding"),
    }
    lines = tuple(
        StepLine(
            kind=kinds[step.kind],
            sentences=tuple(_said(sentence, words) for sentence in step.sentences),
            change=step.change or None,
            points_after=step.points_after,
        )
        for step in outcome.steps
    )
    about = tuple(_said(sentence, words) for sentence in outcome.grade_about)
    grade = _DECIMAL.sub(lambda hit: words.number(hit.group()), outcome.grade)
    return FinalView(outcome, result.points, result.max_points, lines, grade, about)


def _said(sentence: str, words: Language) -> Said:
    said = words.sentence(sentence)
    if words.code == ENGLISH or not said.translated:
        return said
    # What differs from sentence to sentence is numbers with their units: those are in English still.
    local = _DECIMAL.sub(lambda hit: words.number(hit.group()), said.text)
    for unit, theirs in _UNITS:
        local = unit.sub(theirs, local)
    return Said(local, True)


def final_cells(outcome: PolicyOutcome | None) -> list[str]:
    """Cells of the grade table: final, grade, passed, late.

    What may still change says so, so that no program takes it for final.
    """
    if outcome is None:
        return ["", "", "", ""]
    passed = "" if outcome.passed is None else "yes" if outcome.passed else "no"
    cells = [text.plain_points(outcome.points), text.cell_for_people(outcome.grade), passed]
    if outcome.provisional:
        cells = [f"{cell} (provisional)" if cell else "" for cell in cells]
    late = f"yes ({text.duration(outcome.late_by_s)})" if outcome.late == "yes" else outcome.late
    return [*cells, late]
