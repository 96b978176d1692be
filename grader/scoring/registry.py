"""Rubric modules register a function a question here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from grader.exhibits import Exhibit
from grader.scoring.outcome import Outcome
from grader.scoring.student import Student

log = logging.getLogger("grader")

QuestionRubric = Callable[[Student], Iterable[Outcome]]
ExhibitMaker = Callable[[Student], Iterable[Exhibit]]


@dataclass
class Rubric:
    """The rubric of one assignment: question id → function that yields an outcome a criterion.

    Attributes:
        assignment: Id of the assignment, e.g. ``"2"``.
        questions: The registered functions.
        exhibits: Question id → function that makes what its report shows beside the words.
    """

    assignment: str
    questions: dict[str, QuestionRubric] = field(default_factory=dict)
    exhibits: dict[str, ExhibitMaker] = field(default_factory=dict)

    def question(self, ident: str) -> Callable[[QuestionRubric], QuestionRubric]:
        """Decorator that registers the function which grades question ``ident``.

        Raises:
            ValueError: The question has a function already.
        """

        def register(function: QuestionRubric) -> QuestionRubric:
            if ident in self.questions:
                message = f"question {ident} has a rubric already: {self.questions[ident].__qualname__}"
                raise ValueError(message)
            self.questions[ident] = function
            return function

        return register

    def exhibit(self, ident: str) -> Callable[[ExhibitMaker], ExhibitMaker]:
        """Decorator that registers the function which makes the exhibits of question ``ident``.

        It runs after the question was graded and should use what grading has found (``student.find``).
        """

        def register(function: ExhibitMaker) -> ExhibitMaker:
            self.exhibits[ident] = function
            return function

        return register

    def shown(self, ident: str, student: Student) -> tuple[Exhibit, ...]:
        """The exhibits of a question.

        A picture is never worth a mark: whatever goes wrong while it is made is logged, and the report lacks it.
        """
        make = self.exhibits.get(ident)
        if make is None:
            return ()
        made: list[Exhibit] = []
        try:
            made.extend(make(student))
        except Exception as fault:
            log.warning("exhibits of %s for %s: %s: %s", ident, student.name, type(fault).__name__, fault)
        return tuple(made)
