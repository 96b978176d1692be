"""Exams as results, made from numbers: what the pipeline would hand over."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from grader.course import Assignment, Course, Criterion, Question, load_course
from grader.notebook import Cell, Picture
from grader.results import AssignmentResult, CriterionResult, QuestionResult, StudentResult

COURSE = load_course(Path(__file__).parents[2] / "rubrics")

# The exam that the marking scheme gives "to reproduce": points, comments, and the criteria that were not (wholly) met.
KNOWN_EXAM: dict[str, tuple[float, tuple[str, ...], dict[str, float]]] = {
    "1a": (2, (), {}),
    "1b": (0, (), {"1b.logit": 0, "1b.derivative": 0, "1b.weight": 0, "1b.steps": 0}),
    "1c": (1.5, ("Feature map not saved and returned",), {"1c.feature-map": 0}),
    "1d": (3, (), {}),
    "1e": (
        4.5,
        (
            "Incorrect gradient.",
            "Incorrect dimension of map to multiply with image.",
            "Need to apply map to original (unnormalized) image",
        ),
        {"1e.gradient": 0, "1e.upsample": 0, "1e.original": 0},
    ),
    "2a": (0, (), {"2a.w1": 0, "2a.wr": 0, "2a.activation": 0, "2a.w2": 0}),
    "2b": (1, ("only loss is correct",), {"2b.sequence": 0, "2b.decision": 0}),
    "2c": (2, ("D is wrong", "no function/dict returned/stored"), {"2c.size": 0, "2c.available": 0}),
    "2d": (
        1,
        ("only `__len__` is correct (+1)",),
        {"2d.item": 0, "2d.padding": 0, "2d.encoding": 0, "2d.target": 0},
    ),
    "2e": (6, (), {}),
    "2f": (
        3,
        (
            "no defined K or C(output)",
            "loss is not consistent with task(b)",
            "dataset initialization is wrong",
            "normalization of accuracy is wrong",
        ),
        {"2f.setup": 0, "2f.consistent": 0, "2f.data": 0, "2f.normalization": 0},
    ),
    "2g": (2, (), {}),
    "3a": (1, ("wrong number of FC", "wrong computation of conv layer"), {"3a.fc": 0, "3a.computation": 0}),
    "3b": (3, ("missing reasonable explanation",), {"3b.explanation": 0}),
    "3c": (3.5, ("images are upscaled to a too large size",), {"3c.size": 0}),
    "3d": (3.5, ("missing activation function", "wrong size for FC"), {"3d.activation": 0, "3d.fc": 0}),
    "3e": (4.5, ("wrong loss function", "missing computation of test_acc"), {"3e.loss": 0, "3e.test-accuracy": 0}),
    "3f": (3, (), {}),
    "3g": (2, (), {}),
    "4a": (3.5, (), {"4a.4": -0.5}),
    "4b": (3.5, (), {"4b.2": -0.5}),
    "4c": (4.5, (), {"4c.1": -0.5}),
    "4d": (3, (), {"4d.3": -0.5, "4d.4": -0.5}),
}
CARRIED = {"2e.input": "2c", "3d.forward": "3c", "3e.eval": "3e"}


def full_exam(student: str = "ada") -> StudentResult:
    """Full points everywhere."""
    return _exam(COURSE, student, known=False)


def known_exam(student: str = "alice") -> StudentResult:
    """61 of 96 points, with crashed cells, pictures and stand-in data."""
    result = _exam(COURSE, student, known=True)
    first, second, third, fourth = result.assignments
    return replace(
        result,
        assignments=(
            replace(first, cells=tuple(_cells())),
            second,
            replace(
                third,
                stand_ins=("SVHN",),
                problems=("The time limit of 10 minutes ended cell 9; the cells after it were not run.",),
            ),
            fourth,
        ),
    )


def open_exam(student: str = "bob") -> StudentResult:
    """Text questions wait for a person; one criterion of a code question, too."""
    return _sum(
        full_exam(student),
        {
            "1b": lambda question: _undecided(question, None),
            "2b": lambda question: replace(_undecided(question, None), answer="The last logit;\nits sign decides"),
            "2f": lambda question: _undecided(question, "2f.loop"),
        },
        status="provisional",
    )


def absent_exam(student: str = "carl") -> StudentResult:
    """Nothing but true/false marks was handed in."""
    result = full_exam(student)
    missing = {question.id: _missing for question in result.questions if question.kind == "code"}
    summed = _sum(result, missing, status="final")
    parts = tuple(part if part.id == "4" else replace(part, notebook_name="") for part in summed.assignments)
    return replace(summed, assignments=parts)


def failed_exam(student: str = "dora") -> StudentResult:
    """Grading itself broke before any question."""
    return StudentResult(student, 0.0, 96.0, "failed", problems=("The sandbox stopped answering three times.",))


def png(size: tuple[int, int] = (640, 400), *, seed: int = 0, noise: bool = False) -> str:
    """A picture as base64: a plot, or noise that no format compresses."""
    generator = np.random.default_rng(seed)
    if noise:
        image = Image.fromarray(generator.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    else:
        image = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(image)
        heights = size[1] * (0.15 + 0.7 * np.exp(-np.arange(11) / 3) + 0.04 * generator.random(11))
        pen.line([(60 + 52 * step, int(size[1] - height)) for step, height in enumerate(heights)], "#1f77b4", 4)
        pen.rectangle((0, 0, size[0] - 1, size[1] - 1), outline="black")
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode("ascii")


def heat(size: tuple[int, int] = (420, 420)) -> str:
    """Something like a Grad-CAM overlay, as base64."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    blob = np.exp(-4 * ((x - 0.2) ** 2 + (y + 0.1) ** 2))
    pixels = np.stack([blob, 0.4 + 0.3 * np.cos(4 * x), 0.5 - 0.4 * blob + 0.1 * y], axis=2)
    out = io.BytesIO()
    Image.fromarray((255 * pixels.clip(0, 1)).astype(np.uint8)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")


def _cells() -> list[Cell]:
    source = "heatmap = grad_cam(model, image, 281)\noverlay = heatmap * image\nplt.imshow(overlay)\nplt.show()"
    return [
        Cell(0, "markdown", "# Task 1"),
        Cell(3, "code", "plt.plot(losses)", pictures=(Picture("image/png", png()),)),
        Cell(
            6,
            "code",
            source,
            "error",
            error_name="RuntimeError",
            error_message="\x1b[31mThe size of tensor a (7) must match\x1b[0m tensor b (224) at <non-singleton> 1",
            error_line=2,
        ),
        Cell(8, "code", "show()", pictures=(Picture("image/png", heat()), Picture("image/png", heat((224, 224))))),
    ]


def _exam(course: Course, student: str, *, known: bool) -> StudentResult:
    assignments = tuple(_assignment(assignment, known) for assignment in course.assignments)
    return StudentResult(
        student=student,
        points=sum(assignment.points for assignment in assignments),
        max_points=sum(assignment.max_points for assignment in assignments),
        status="final",
        assignments=assignments,
        sandbox="bubblewrap",
        duration_s=312.4,
        course=course.title,
    )


def _assignment(assignment: Assignment, known: bool) -> AssignmentResult:
    questions = tuple(_question(question, known) for question in assignment.questions)
    return AssignmentResult(
        id=assignment.id,
        title=assignment.title,
        points=sum(question.points for question in questions),
        max_points=sum(question.max_points for question in questions),
        questions=questions,
        notebook_name=f"assignment{assignment.id}.ipynb" if assignment.notebook else "",
    )


def _question(question: Question, known: bool) -> QuestionResult:
    points, comments, lost = KNOWN_EXAM.get(question.id, (0.0, (), {})) if known else (question.points, (), {})
    if question.kind == "choice":
        criteria = [_statement(question, number, lost) for number in range(1, len(question.statements) + 1)]
    else:
        criteria = [_criterion(criterion, lost, known) for criterion in question.criteria]
    return QuestionResult(
        id=question.id,
        title=question.title,
        kind=question.kind,
        points=float(points),
        max_points=question.points,
        status="graded",
        comments=comments,
        criteria=tuple(criteria),
        marked_by="person" if question.kind == "text" and question.points else "",
    )


def _criterion(criterion: Criterion, lost: dict[str, float], known: bool) -> CriterionResult:
    points = lost.get(criterion.id, criterion.points)
    outcome = "met" if points == criterion.points else "partial" if points else "not-met"
    comment = "" if outcome == "met" else criterion.comment
    evidence = "" if criterion.id[1] in "abfg" and criterion.id[0] != "2" else "cell 4: shape (1, 512, 7, 7)"
    if known and criterion.id in CARRIED:
        source = CARRIED[criterion.id]
        outcome, comment = "carried", f"carried forward from {source[0]}({source[1]}), not deducted again"
    return CriterionResult(criterion.id, points, criterion.points, outcome, comment, evidence, criterion.about)


def _statement(question: Question, number: int, lost: dict[str, float]) -> CriterionResult:
    ident = f"{question.id}.{number}"
    points = lost.get(ident, question.right)
    statement = question.statements[number - 1]
    outcome = "met" if points > 0 else "not-met"
    return CriterionResult(ident, points, question.right, outcome, "", "", statement.text)


def _undecided(question: QuestionResult, only: str | None) -> QuestionResult:
    criteria = tuple(
        replace(criterion, points=None, outcome="review", evidence="Two readings lead to different points.")
        if only in (None, criterion.id)
        else criterion
        for criterion in question.criteria
    )
    points = sum(criterion.points or 0.0 for criterion in criteria)
    return replace(question, points=points, status="review", criteria=criteria, marked_by="")


def _missing(question: QuestionResult) -> QuestionResult:
    criteria = tuple(
        replace(criterion, points=0.0, outcome="not-met", comment="No notebook uploaded", evidence="")
        for criterion in question.criteria
    )
    return replace(question, points=0.0, status="missing", comments=("No notebook uploaded",), criteria=criteria)


def _sum(result, changes, status) -> StudentResult:
    assignments = []
    for part in result.assignments:
        questions = tuple(changes.get(question.id, lambda same: same)(question) for question in part.questions)
        assignments.append(replace(part, questions=questions, points=sum(question.points for question in questions)))
    points = sum(part.points for part in assignments)
    return replace(result, assignments=tuple(assignments), points=points, status=status)
