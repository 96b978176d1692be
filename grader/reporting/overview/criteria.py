"""How the criteria went, and which of them look wrong themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from grader.reporting.overview.columns import Column
from grader.reporting.overview.scores import Correlation, Scores, correlation
from grader.results import CriterionResult, QuestionResult, StudentResult

MIN_ANSWERS = 5
"""Below so many answers nobody wonders that all are alike."""
NEARLY_ALL = 0.95
"""From this share on, a criterion counts as lost by everybody."""
MIN_ASKED = 10
"""Below so many students, some open criteria are no pattern."""
OFTEN_OPEN = 0.25
"""From this share on, a criterion of code is too often left to a person."""
MIN_DIFFERING = 2
"""A single mark that differs is one student's case; two are a pattern."""
DIFFERING = 0.2
"""From this share of people's marks on, they contradict the rubric."""

FlagKind = Literal["everybody", "negative", "people", "undecided"]


@dataclass(frozen=True)
class CriterionFigures:
    """How a criterion went. Students are positions in the class.

    Attributes:
        id: Id in the course pack.
        title: What it asks for.
        column: Its question.
        n: Students of whom it is decided on their own work: nothing missing, nothing carried forward.
        lost: Who did not meet it at all.
        partial: Who met it in part.
        carried: How many kept it because of an earlier fault.
        undecided: Of whom it is open.
        discrimination: Correlation of its points with the share of points in all other questions.
        compared: How many have a person's mark beside a computed one.
        differing: Of whom these two differ.
    """

    id: str
    title: str
    column: Column
    n: int
    lost: tuple[int, ...]
    partial: tuple[int, ...]
    carried: int
    undecided: tuple[int, ...]
    discrimination: Correlation
    compared: int
    differing: tuple[int, ...]

    @property
    def share_lost(self) -> float:
        """Share that lost it wholly, of those of whom it is decided."""
        return len(self.lost) / self.n if self.n else 0.0


@dataclass(frozen=True)
class Flag:
    """Something about a rubric that deserves a look.

    Attributes:
        kind: What looks wrong.
        column: The question.
        criterion: Id of the criterion, or ``""`` for the question as a whole.
        title: What the criterion asks for.
        said: The finding, in a sentence.
        students: Whom to look at; positions in the class.
    """

    kind: FlagKind
    column: Column
    criterion: str
    title: str
    said: str
    students: tuple[int, ...]


@dataclass
class _Tally:
    title: str
    column: Column
    points: dict[int, float] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)
    partial: list[int] = field(default_factory=list)
    carried: int = 0
    undecided: list[int] = field(default_factory=list)
    compared: int = 0
    differing: list[int] = field(default_factory=list)

    def add(self, student: int, criterion: CriterionResult) -> None:
        if criterion.computed is not None and criterion.points is not None:
            self.compared += 1
            if abs(criterion.computed - criterion.points) > 1e-9:
                self.differing.append(student)
        if criterion.points is None:
            self.undecided.append(student)
        elif criterion.outcome == "carried":
            self.carried += 1
        else:
            self.points[student] = criterion.points
            if criterion.outcome == "not-met":
                self.lost.append(student)
            elif criterion.outcome == "partial":
                self.partial.append(student)

    def figures(self, ident: str, rest: np.ndarray) -> CriterionFigures:
        values = np.full(rest.shape, np.nan)
        values[list(self.points)] = list(self.points.values())
        return CriterionFigures(
            ident,
            self.title,
            self.column,
            len(self.points),
            tuple(self.lost),
            tuple(self.partial),
            self.carried,
            tuple(self.undecided),
            correlation(values, rest),
            self.compared,
            tuple(self.differing),
        )


def criterion_figures(results: Sequence[StudentResult], scores: Scores) -> list[CriterionFigures]:
    """All criteria, question by question; what was not handed in says nothing of a criterion and is left out."""
    places = {column.id: at for at, column in enumerate(scores.columns)}
    tallies: dict[str, dict[str, _Tally]] = {column.id: {} for column in scores.columns}
    for student, result in enumerate(results):
        for question in result.questions:
            if question.id in places and question.status != "missing":
                known, column = tallies[question.id], scores.columns[places[question.id]]
                for criterion in question.criteria:
                    tally = known.get(criterion.id)
                    if tally is None:
                        tally = known[criterion.id] = _Tally(criterion.title or criterion.id, column)
                    tally.add(student, criterion)
    return [
        tally.figures(ident, scores.rest[:, places[question]])
        for question, known in tallies.items()
        for ident, tally in known.items()
    ]


def flags(
    results: Sequence[StudentResult], criteria: Sequence[CriterionFigures], columns: Sequence[Column]
) -> list[Flag]:
    """What looks wrong about rubrics, the strongest kind first."""
    found = [flag for figures in criteria for flag in _flags(figures)]
    found += _contradicted_questions(results, {column.id: column for column in columns})
    order = {kind: place for place, kind in enumerate(("people", "negative", "everybody", "undecided"))}
    return sorted(found, key=lambda flag: order[flag.kind])


def _flags(figures: CriterionFigures) -> Iterator[Flag]:
    def flag(kind: FlagKind, said: str, students: tuple[int, ...]) -> Flag:
        return Flag(kind, figures.column, figures.id, figures.title, said, students)

    if _contradict(len(figures.differing), figures.compared):
        said = (
            f"People's marks differ from what was computed for {len(figures.differing)} of {figures.compared} students."
        )
        yield flag("people", said, figures.differing)
    found = figures.discrimination
    if found.is_negative and found.value is not None:
        value = f"{found.value:.2f}".replace("-", "\N{MINUS SIGN}")
        said = f"Those who do better elsewhere lose it more often: correlation {value} over {found.n} students."
        yield flag("negative", said, figures.lost + figures.partial)
    if figures.n >= MIN_ANSWERS and figures.share_lost >= NEARLY_ALL:
        who = "All" if len(figures.lost) == figures.n else f"{len(figures.lost)} of"
        yield flag("everybody", f"{who} {figures.n} students who answered lost it.", figures.lost)
    asked = figures.n + figures.carried + len(figures.undecided)
    if figures.column.kind == "code" and asked >= MIN_ASKED and len(figures.undecided) >= OFTEN_OPEN * asked:
        said = f"It was left to a person for {len(figures.undecided)} of {asked} students."
        yield flag("undecided", said, figures.undecided)


def _contradicted_questions(results: Sequence[StudentResult], columns: Mapping[str, Column]) -> Iterator[Flag]:
    compared: dict[str, int] = {}
    differing: dict[str, list[int]] = {}
    for student, result in enumerate(results):
        for question in result.questions:
            if question.computed is not None and question.id in columns:
                compared[question.id] = compared.get(question.id, 0) + 1
                if _differs(question):
                    differing.setdefault(question.id, []).append(student)
    for ident, students in differing.items():
        if _contradict(len(students), compared[ident]):
            said = (
                f"People's marks of the whole question differ from what was computed for {len(students)} of"
                f" {compared[ident]} students."
            )
            yield Flag("people", columns[ident], "", columns[ident].title, said, tuple(students))


def _differs(question: QuestionResult) -> bool:
    return question.computed is not None and abs(question.computed - question.points) > 1e-9


def _contradict(differing: int, compared: int) -> bool:
    return differing >= MIN_DIFFERING and differing >= DIFFERING * compared
