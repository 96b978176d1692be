"""Questions of a notebook → decisions, with a kernel that is live or recorded."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.course import Assignment, Question
from grader.data import PreparedAssets
from grader.errors import GraderError, KernelUnavailableError
from grader.notebook import ExecutedNotebook
from grader.pipeline.values import Decided, Report
from grader.probe.schema import CheckedKernel
from grader.probe.types import Kernel
from grader.results import QuestionResult
from grader.scoring import Outcome, Rubric, Student
from grader.scoring.marks import score_code, score_open

log = logging.getLogger("grader")

BROKEN = "The grader could not decide this question because of a fault of its own. A person decides."


@dataclass
class Scorer:
    """Scores the questions of one student's notebook.

    Attributes:
        assignment: The assignment.
        rubric: What decides.
        student: Name of the student.
        answers: What was typed.
        assets: The data that the notebook worked on.
        seed: Of the probes.
        report: Told what is done.
        outcomes: Outcomes by criterion, also of questions that were decided before; later questions look at them.
    """

    assignment: Assignment
    rubric: Rubric
    student: str
    answers: Mapping[str, Any]
    assets: PreparedAssets
    seed: int
    report: Report
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def recall(self, decided: Mapping[str, Decided]) -> None:
        """Takes over decisions made before."""
        for decision in decided.values():
            self.outcomes.update({outcome.criterion: outcome for outcome in decision.outcomes})

    def score(
        self,
        executed: ExecutedNotebook,
        kernel: Kernel,
        questions: Sequence[Question],
        complete: Callable[[], bool] = lambda: True,
    ) -> dict[str, Decided]:
        """Decides questions.

        Args:
            executed: The notebook.
            kernel: What is asked.
            questions: In the order of the exam.
            complete: Asked after each question; false when it could not be decided with this kernel and is left out.
        """
        student = Student(
            self.student, executed, CheckedKernel(kernel), self.answers, self.assets, self.seed, self.outcomes
        )
        decided: dict[str, Decided] = {}
        for question in questions:
            decision = self._decide(student, question)
            if complete():
                decided[question.id] = decision
        # After the last question: what a report shows must not cost a mark, even where it ends the kernel.
        return {
            ident: replace(decision, exhibits=self.rubric.shown(ident, student)) for ident, decision in decided.items()
        }

    def _decide(self, student: Student, question: Question) -> Decided:
        """Decides a question; a fault of ours leaves it open, with the fault told to the staff."""
        if not question.criteria:
            return Decided()
        self.report(f"question {question.id}")
        try:
            outcomes = tuple(self.rubric.questions[question.id](student))
            score_code(question, outcomes)
        except KernelUnavailableError as fault:
            return Decided(open=f"The notebook's kernel could not be asked any more ({fault}). A person decides.")
        except Exception as fault:
            log.error("rubric of %s for %s:\n%s", question.id, student.name, traceback.format_exc())
            return Decided(open=BROKEN, fault=_line(question, fault))
        student.outcomes.update({outcome.criterion: outcome for outcome in outcomes})
        return Decided(outcomes)


def result_of(question: Question, decided: Decided) -> tuple[QuestionResult, str]:
    """Points and comments of a decision, and a line on a fault of ours or ``""``."""
    if decided.open:
        return replace(score_open(question, decided.open), exhibits=decided.exhibits), decided.fault
    try:
        return replace(score_code(question, decided.outcomes), exhibits=decided.exhibits), decided.fault
    except GraderError as fault:
        # Decided before the course pack lost or gained a criterion.
        return score_open(question, BROKEN), _line(question, fault)


def _line(question: Question, fault: Exception) -> str:
    kind = type(fault).__name__
    label = kind if isinstance(fault, GraderError) else "rubric"
    return f"{label}: question {question.id}: {kind}: {str(fault)[:300]}"
