"""Outcomes, typed answers and people's marks → results of questions. The only place where points are summed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from grader.course import Criterion, Question, Statement
from grader.errors import RubricError
from grader.results import CriterionOutcome, CriterionResult, QuestionResult
from grader.scoring.human import HumanMark
from grader.scoring.outcome import Outcome, OutcomeKind

NO_NOTEBOOK = "No notebook uploaded"
WAITING = "A person marks this question."


def score_code(question: Question, outcomes: Iterable[Outcome]) -> QuestionResult:
    """The result of a probed question.

    Raises:
        RubricError: The rubric left a criterion out, named an unknown one, or decided one twice.
    """
    decided: dict[str, Outcome] = {}
    for outcome in outcomes:
        if outcome.criterion in decided:
            message = f"question {question.id}: the rubric decided {outcome.criterion} twice"
            raise RubricError(message)
        decided[outcome.criterion] = outcome
    wanted = [criterion.id for criterion in question.criteria]
    if sorted(decided) != sorted(wanted):
        message = f"question {question.id}: expected outcomes for {wanted}, the rubric gave {sorted(decided)}"
        raise RubricError(message)
    return summed(question, [_criterion(criterion, decided[criterion.id]) for criterion in question.criteria])


def _criterion(criterion: Criterion, outcome: Outcome) -> CriterionResult:
    kind = outcome.kind
    comment = ""
    if kind in {OutcomeKind.NOT_MET, OutcomeKind.PARTIAL}:
        comment = criterion.comments.get(outcome.variant, criterion.comment).replace("{detail}", outcome.detail)
    elif kind is OutcomeKind.CARRIED:
        comment = carried_note(outcome.source)
    points = {
        OutcomeKind.MET: criterion.points,
        OutcomeKind.CARRIED: criterion.points,
        OutcomeKind.NOT_MET: 0.0,
        OutcomeKind.PARTIAL: in_halves(criterion.points * outcome.fraction),
        OutcomeKind.REVIEW: None,
    }[kind]
    return CriterionResult(
        criterion.id,
        points,
        criterion.points,
        kind.value,
        comment,
        outcome.saw,
        criterion.about,
        outcome.cell,
        outcome.line,
    )


def carried_note(source: str) -> str:
    """The note of rule 2 of the marking scheme, e.g. for source ``2c``."""
    named = f"{source[:1]}({source[1:]})" if len(source) == 2 else source
    return f"carried forward from {named}, not deducted again"


def in_halves(points: float) -> float:
    """Points rounded to halves."""
    return round(points * 2) / 2


def summed(question: Question, criteria: Sequence[CriterionResult], *, answer: str = "") -> QuestionResult:
    """A question's result from its criteria."""
    points = max(0.0, sum(criterion.points or 0.0 for criterion in criteria))
    is_open = any(criterion.points is None for criterion in criteria)
    return QuestionResult(
        question.id,
        question.title,
        question.kind,
        points,
        question.points,
        "review" if is_open else "graded",
        _comments(question, criteria),
        tuple(criteria),
        answer=answer,
    )


def _comments(question: Question, criteria: Sequence[CriterionResult]) -> tuple[str, ...]:
    full = {criterion.id for criterion in criteria if criterion.outcome in {"met", "carried"}}
    undecided = any(criterion.points is None for criterion in criteria)
    partial = any(criterion.outcome == "partial" for criterion in criteria)
    if not undecided and not partial:
        for only in question.only:
            if full == set(only.met):
                return (only.comment,)
    return tuple(dict.fromkeys(criterion.comment for criterion in criteria if criterion.comment))


def score_missing(question: Question, reason: str, *, notebook: bool = True) -> QuestionResult:
    """No points: nothing was handed in, or it could not be read."""
    comments = tuple(text for text in (NO_NOTEBOOK if notebook else "", reason) if text)
    criteria = tuple(
        CriterionResult(criterion.id, 0.0, criterion.points, "not-met", "", reason or NO_NOTEBOOK, criterion.about)
        for criterion in question.criteria
    )
    return QuestionResult(
        question.id, question.title, question.kind, 0.0, question.points, "missing", comments, criteria
    )


def score_open(question: Question, saw: str, *, answer: str = "") -> QuestionResult:
    """Every criterion waits for a person."""
    criteria = [
        CriterionResult(criterion.id, None, criterion.points, "review", "", saw, criterion.about)
        for criterion in question.criteria
    ]
    return summed(question, criteria, answer=answer)


def score_text(question: Question, answer: Any) -> QuestionResult:
    """A text question before a person has marked it: open when answered, 0 points when not."""
    text = answer if isinstance(answer, str) else ""
    if text.strip():
        return score_open(question, WAITING, answer=text)
    return score_missing(question, "No answer", notebook=False)


def score_choice(question: Question, marks: Any) -> QuestionResult:
    """A true/false question: points for right marks, a deduction for wrong ones, none for what is left out."""
    given = list(marks) if isinstance(marks, (list, tuple)) else []
    if not given:
        criteria = [
            _statement(question, at, statement, "unanswered") for at, statement in enumerate(question.statements)
        ]
        result = summed(question, criteria)
        return QuestionResult(
            result.id, result.title, result.kind, 0.0, result.max_points, "missing", ("No answer",), result.criteria
        )
    given += ["unanswered"] * (len(question.statements) - len(given))
    pairs = zip(question.statements, given, strict=False)
    return summed(question, [_statement(question, at, statement, mark) for at, (statement, mark) in enumerate(pairs)])


def _statement(question: Question, at: int, statement: Statement, mark: str) -> CriterionResult:
    ident = f"{question.id}.{at + 1}"
    if mark == "unanswered":
        points, kind, saw = 0.0, "not-met", "not answered"
    elif statement.key in ("either", mark):
        points, kind, saw = question.right, "met", f"marked {mark}"
    else:
        points, kind, saw = question.wrong, "not-met", f"marked {mark}, which is incorrect"
    return CriterionResult(ident, points, question.right, kind, "", saw, statement.text)  # type: ignore[arg-type]


def apply_mark(question: Question, result: QuestionResult, mark: HumanMark) -> QuestionResult:
    """A person's mark wins over what was computed."""
    comment = (mark.comment,) if mark.comment else ()
    if mark.points is not None:
        criteria = tuple(_settled(criterion, mark.points, question.points) for criterion in result.criteria)
        computed = result.points if result.status == "graded" else None
        settled = replace(result, points=mark.points, status="graded", comments=comment, criteria=criteria)
        return replace(settled, marked_by="person", computed=computed)
    known = {criterion.id: criterion for criterion in question.criteria}
    criteria = tuple(
        replace(_marked(known[criterion.id], mark.criteria[criterion.id]), computed=criterion.points)
        if criterion.id in mark.criteria
        else criterion
        for criterion in result.criteria
    )
    changed = summed(question, criteria, answer=result.answer)
    return replace(changed, comments=comment or changed.comments, marked_by="person", exhibits=result.exhibits)


def _settled(criterion: CriterionResult, points: float, most: float) -> CriterionResult:
    """An undecided criterion of a question whose points a person gave as a whole."""
    if criterion.points is not None:
        return criterion
    kind = "met" if points >= most else "not-met" if points <= 0 else "partial"
    share = (
        criterion.max_points
        if points >= most
        else 0.0
        if points <= 0
        else in_halves(criterion.max_points * points / most)
    )
    saw = "a person marked the question as a whole"
    return CriterionResult(criterion.id, share, criterion.max_points, kind, "", saw, criterion.title)  # type: ignore[arg-type]


def _marked(criterion: Criterion, points: float) -> CriterionResult:
    kind: CriterionOutcome = "met" if points >= criterion.points else "not-met" if points <= 0 else "partial"
    comment = "" if kind == "met" else criterion.comment.replace("{detail}", "see the code")
    return CriterionResult(
        criterion.id,
        points,
        criterion.points,
        kind,
        comment,
        "marked by a person",
        criterion.about,
    )
