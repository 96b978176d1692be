"""Classes of any size, as results: what students can and cannot, open questions, accidents of the run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader.course import Assignment, Question
from grader.results import AssignmentResult, CriterionResult, QuestionResult, StudentResult
from tests.reporting import exams

GIVEN = ("Ada", "Bo", "Chloé", "Dimitri", "Elif", "Fatou", "Gustaf", "Hana", "Ivo", "José", "Kai", "Lê", "Mira", "Noor")
FAMILY = ("Abebe", "Bianchi", "Çelik", "Dvořák", "Eze", "Fischer", "García", "Huang", "Ito", "Jensen", "Kim", "Łuczak")
FAULTS = ("time", "memory", "output", "killed", "student", "infrastructure", "rubric")
SEEN = "cell 4: shape (1, 512, 7, 7)"


def cohort(size: int, seed: int = 0, *, open_texts: float = 0.1) -> list[StudentResult]:
    """A class in the order of its names.

    Args:
        size: Students.
        seed: Of everything.
        open_texts: Share of the text questions that wait for a person; of questions of code, 3 % do.
    """
    generator = np.random.default_rng(seed)
    names = sorted(f"{GIVEN[at % 14]} {FAMILY[at % 12]} {at:05}" for at in range(size))
    difficulty = generator.normal(-0.8, 1.0, 400)
    return [_student(name, generator, difficulty, open_texts) for name in names]


def _student(name: str, generator: np.random.Generator, difficulty: np.ndarray, open_texts: float) -> StudentResult:
    ability = generator.normal()
    parts, at = [], 0
    for assignment in exams.COURSE.assignments:
        count = sum(len(question.criteria) or len(question.statements) for question in assignment.questions)
        lost = generator.random(count) < 1 / (1 + np.exp(ability - difficulty[at : at + count]))
        parts.append(_assignment(assignment, lost, generator, open_texts))
        at += count
    undecided = any(question.status == "review" for part in parts for question in part.questions)
    points = sum(part.points for part in parts)
    return StudentResult(
        name,
        points,
        exams.COURSE.points,
        "provisional" if undecided else "final",
        tuple(parts),
        sandbox="docker",
        duration_s=float(generator.gamma(4.0, 60.0)),
        course=exams.COURSE.title,
    )


def _assignment(
    assignment: Assignment, lost: np.ndarray, generator: np.random.Generator, open_texts: float
) -> AssignmentResult:
    missing, fault, questions, at = generator.random() < 0.03, "", [], 0
    if assignment.notebook and generator.random() < 0.08:
        fault = FAULTS[int(generator.integers(len(FAULTS)))]
    for question in assignment.questions:
        count = len(question.criteria) or len(question.statements)
        asked = generator.random() < (open_texts if question.kind == "text" else 0.03)
        questions.append(_question(question, lost[at : at + count], missing and question.kind == "code", asked))
        at += count
    return AssignmentResult(
        assignment.id,
        assignment.title,
        sum(question.points for question in questions),
        assignment.points,
        tuple(questions),
        "" if missing else f"assignment{assignment.id}.ipynb",
        ("The time limit of 10 minutes ended cell 9; the cells after it were not run.",) if fault == "time" else (),
        stand_ins=("SVHN",) if assignment.id == "3" else (),
        fault=fault,
    )


def _question(question: Question, lost: np.ndarray, missing: bool, asked: bool) -> QuestionResult:
    criteria = list(_criteria(question, lost))
    if missing:
        criteria = [replace(one, points=0.0, outcome="not-met", comment="") for one in criteria]
    elif asked and question.kind == "text":
        criteria = [replace(one, points=None, outcome="review", comment="") for one in criteria]
    elif asked and question.kind == "code" and criteria:
        criteria[-1] = replace(criteria[-1], points=None, outcome="review", comment="")
    points = max(0.0, sum(one.points or 0.0 for one in criteria))
    is_open = any(one.points is None for one in criteria)
    comments = (
        ("No notebook uploaded",) if missing else tuple(dict.fromkeys(one.comment for one in criteria if one.comment))
    )
    return QuestionResult(
        question.id,
        question.title,
        question.kind,
        points,
        question.points,
        "missing" if missing else "review" if is_open else "graded",
        comments,
        tuple(criteria),
        "person" if question.kind == "text" and not is_open else "",
    )


def _criteria(question: Question, lost: np.ndarray):
    for number, statement in enumerate(question.statements):
        points = question.wrong if lost[number] else question.right
        outcome = "not-met" if lost[number] else "met"
        yield CriterionResult(f"{question.id}.{number + 1}", points, question.right, outcome, "", "", statement.text)
    for number, criterion in enumerate(question.criteria):
        is_lost = bool(lost[number])
        yield CriterionResult(
            criterion.id,
            0.0 if is_lost else criterion.points,
            criterion.points,
            "not-met" if is_lost else "met",
            criterion.comment.replace("{detail}", "no step") if is_lost else "",
            SEEN,
            criterion.about,
        )


def with_wrong_rubrics(results: list[StudentResult]) -> list[StudentResult]:
    """The class as rubrics with three faults would see it.

    1d.batch is met by nobody, the key of the third statement of 4(a) is turned, and every eighth student's 2e.batch was
    computed otherwise than a person marked it.
    """
    return [_seen_wrongly(result, contradicted=at % 8 == 0) for at, result in enumerate(results)]


def _seen_wrongly(result: StudentResult, *, contradicted: bool) -> StudentResult:
    parts = []
    for part in result.assignments:
        questions = tuple(_question_seen_wrongly(question, contradicted) for question in part.questions)
        parts.append(replace(part, questions=questions, points=sum(question.points for question in questions)))
    return replace(result, assignments=tuple(parts), points=sum(part.points for part in parts))


def _question_seen_wrongly(question: QuestionResult, contradicted: bool) -> QuestionResult:
    if question.status == "missing" or question.id not in {"1d", "2e", "4a"}:
        return question
    criteria = tuple(_criterion_seen_wrongly(one, contradicted) for one in question.criteria)
    points = max(0.0, sum(one.points or 0.0 for one in criteria))
    is_marked = any(one.computed is not None for one in criteria)
    return replace(question, criteria=criteria, points=points, marked_by="person" if is_marked else "")


def _criterion_seen_wrongly(one: CriterionResult, contradicted: bool) -> CriterionResult:
    if one.id == "1d.batch":
        return replace(one, points=0.0, outcome="not-met", comment="Batch dimension is missing")
    if one.id == "4a.3":
        is_lost = one.outcome == "met"
        return replace(one, points=-0.5 if is_lost else one.max_points, outcome="not-met" if is_lost else "met")
    if one.id == "2e.batch" and contradicted:
        computed = one.max_points if one.outcome == "not-met" else 0.0
        points = one.max_points - computed
        return replace(one, points=points, outcome="met" if points else "not-met", computed=computed)
    return one
