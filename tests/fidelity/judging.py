"""Grades a labelled notebook and compares."""

from __future__ import annotations

from dataclasses import dataclass

from grader.scoring import Student
from tests.fidelity.cases import QUESTIONS, Case, Label
from tests.support.harness import close, grade, run_cells


@dataclass(frozen=True)
class Verdict:
    """How a criterion was judged.

    Attributes:
        criterion: Its id.
        wanted: The label's kind, or ``full``.
        got: ``full`` (met or carried), ``not-met``, ``partial`` or ``review``.
        right: Whether they agree, also in the share kept.
        saw: The evidence.
    """

    criterion: str
    wanted: str
    got: str
    right: bool
    saw: str


@dataclass(frozen=True)
class Judged:
    """A graded case.

    Attributes:
        name: Of the case.
        assignment: Its number.
        faults: How many it has.
        verdicts: On its criteria.
        broken: What broke the grader, or nothing.
        crashed: Whether a cell of the notebook failed.
    """

    name: str
    assignment: str
    faults: int
    verdicts: tuple[Verdict, ...]
    broken: str
    crashed: bool = False

    @property
    def wrong(self) -> tuple[Verdict, ...]:
        """What does not agree with the labels."""
        return tuple(verdict for verdict in self.verdicts if not verdict.right)


def judge(case: Case) -> Judged:
    """Runs a case in a process of its own and grades it."""
    try:
        student = run_cells(case.cells, assignment=case.assignment, answers=case.answers, images=case.images)
        try:
            outcomes = [outcome for question in QUESTIONS[case.assignment] for outcome in grade(student, question)]
        finally:
            close(student)
    except Exception as fault:  # a case that breaks a rubric is a finding, not the end
        return Judged(case.name, case.assignment, case.faults, (), repr(fault))
    verdicts = tuple(
        verdict(one.criterion, str(one.kind), one.fraction, one.saw, case.lost.get(one.criterion)) for one in outcomes
    )
    return Judged(case.name, case.assignment, case.faults, verdicts, "", _crashed(student))


def crashes(case: Case) -> bool:
    """Whether a cell of the notebook fails."""
    student = run_cells(case.cells, assignment=case.assignment, images=case.images)
    close(student)
    return _crashed(student)


def _crashed(student: Student) -> bool:
    return any(cell.status == "error" for cell in student.notebook.cells)


def verdict(criterion: str, kind: str, fraction: float, saw: str, label: Label | None) -> Verdict:
    """Compares an outcome (its kind, the share of the points that it earns, its evidence) with a label."""
    got = "full" if kind in {"met", "carried"} else kind
    wanted = label.kind if label is not None else "full"
    share = label is None or label.fraction is None or kind == "review" or abs(fraction - label.fraction) < 1e-6
    return Verdict(criterion, wanted, got, got == wanted and share, saw)
