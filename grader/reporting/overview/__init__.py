"""What a class's results say together. Pure; changes nobody's points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.reporting.overview.columns import Column, assignments_of, columns_of
from grader.reporting.overview.conduct import OpenQuestion, Times, Trouble, open_questions, times, troubles
from grader.reporting.overview.criteria import CriterionFigures, Flag, criterion_figures, flags
from grader.reporting.overview.figures import Bin, QuestionFigures, Spread, distribution, question_figures, spreads
from grader.reporting.overview.groups import Fault, Group, faults, groups_of_assignments, groups_of_questions
from grader.reporting.overview.scores import Correlation, reliability, scores_of
from grader.results import StudentResult

__all__ = ["Column", "Overview", "assignments_of", "columns_of", "overview_of"]


@dataclass(frozen=True)
class Overview:
    """A class as a whole. Students are positions in the results.

    Attributes:
        columns: The questions that are worth points.
        bins: Distribution of the totals.
        spreads: The exam and its assignments.
        reliability: Cronbach's α.
        questions: How each question went.
        criteria: How each criterion went.
        flags: Criteria and questions whose rubric looks wrong.
        faults: Comments, the most frequent first.
        groups: Students who lost the same criteria of a question.
        wholes: Students who lost the same criteria of a whole assignment.
        open: Questions that wait for a person.
        troubles: What went wrong in the run.
        times: How long notebooks ran, or None.
    """

    columns: tuple[Column, ...]
    bins: tuple[Bin, ...]
    spreads: tuple[Spread, ...]
    reliability: Correlation
    questions: tuple[QuestionFigures, ...]
    criteria: tuple[CriterionFigures, ...]
    flags: tuple[Flag, ...]
    faults: tuple[Fault, ...]
    groups: tuple[Group, ...]
    wholes: tuple[Group, ...]
    open: tuple[OpenQuestion, ...]
    troubles: tuple[Trouble, ...]
    times: Times | None


def overview_of(results: Sequence[StudentResult]) -> Overview:
    """The figures of a class; ``lean()`` results are enough."""
    columns = [column for column in columns_of(results) if column.max_points > 0]
    scores = scores_of(results, columns)
    criteria = criterion_figures(results, scores)
    return Overview(
        columns=tuple(columns),
        bins=tuple(distribution(results)),
        spreads=tuple(spreads(results)),
        reliability=reliability(scores),
        questions=tuple(question_figures(results, scores)),
        criteria=tuple(criteria),
        flags=tuple(flags(results, criteria, columns)),
        faults=tuple(faults(results, columns)),
        groups=tuple(groups_of_questions(results, columns)),
        wholes=tuple(groups_of_assignments(results)),
        open=tuple(open_questions(results, columns)),
        troubles=tuple(troubles(results)),
        times=times(results),
    )
