"""Rubric modules register a function a question here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from grader.scoring.outcome import Outcome
from grader.scoring.student import Student

QuestionRubric = Callable[[Student], Iterable[Outcome]]


@dataclass
class Rubric:
    """The rubric of one assignment: question id → function that yields an outcome a criterion.

    Attributes:
        assignment: Id of the assignment, e.g. ``"2"``.
        questions: The registered functions.
    """

    assignment: str
    questions: dict[str, QuestionRubric] = field(default_factory=dict)

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
