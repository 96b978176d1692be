"""Results with everything that a report can show: exhibits, code, an early end, policies aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from grader.course_texts import CourseTexts, load_texts
from grader.exhibits import Column, Confusion, Curve, Curves, Exhibit, Matrix, PictureRow, Table, TableRow
from grader.notebook import Cell
from grader.reporting.student_page import PageOptions
from grader.results import StudentResult
from grader.scoring.drawing import heat_map, photograph
from rubrics import __file__ as rubrics_file
from tests.reporting import exams

CELLS = (
    Cell(0, "markdown", "# Task 2"),
    Cell(
        2,
        "code",
        "import torch\nfrom torch import nn\n\nclass Names(Dataset):\n    def __init__(self, df):\n"
        "        self.names = df.Name\n\n    def __getitem__(self, i):\n        name = self.names[i]\n"
        "        return torch.tensor([ord(c) for c in name])  # no padding\n\nnames = Names(df)",
    ),
    Cell(
        4, "code", "loader = DataLoader(names, batch_size=64)\nnetwork = Elman(27, 32)\nfor x, y in loader:\n    pass"
    ),
    Cell(6, "code", "while True:\n    step()", "timeout"),
    Cell(7, "code", "print(accuracy)", "not-run"),
)


def options(language: str = "en", *, reveal: bool = False) -> PageOptions:
    """Options with the texts of the bundled course."""
    return PageOptions(language, reveal, texts(language))


def texts(language: str = "en") -> CourseTexts:
    return load_texts(Path(rubrics_file).parent, exams.COURSE, language)


def exhibits() -> dict[str, tuple[Exhibit, ...]]:
    """One exhibit of each kind, by question."""
    x, y = np.meshgrid(np.linspace(-1, 1, 224), np.linspace(-1, 1, 224))
    blob = np.exp(-4 * ((x - 0.2) ** 2 + (y + 0.1) ** 2))
    picture = np.stack([0.5 + 0.4 * x, 0.5 + 0.3 * np.cos(4 * y), 0.6 - 0.3 * y], axis=2)
    small = blob[16::32, 16::32]
    pictures = PictureRow(
        title="Class activation map of class 281",
        images=(
            photograph("Your image", picture),
            heat_map("Your map", small[::-1]),
            photograph("Your overlay", picture * blob[::-1, :, None]),
            heat_map("Reference: map", small, reference=True),
            photograph("Reference: overlay", picture * blob[:, :, None], reference=True),
        ),
    )
    letters = "abcdefghijklmnopqrstuvwxyz-"
    rows = [[float(letter == other) for other in letters] for letter in "anne-marie"]
    encoded = Matrix(
        title="An encoded name",
        caption="Item 3, Anne-Marie: S×D = 14×27.",
        rows=(*"anne-marie", "", "", "", ""),
        columns=tuple(letters),
        values=tuple(tuple(row) for row in [*rows, *([[0.0] * 27] * 4)]),
        padding=(10, 11, 12, 13),
    )
    curves = Curves(
        title="Your training, epoch by epoch",
        curves=(
            Curve(name="average training loss, as recorded", values=(0.69, 0.52, 0.44, 0.39, None, 0.33)),
            Curve(name="training accuracy, as recorded", values=(0.52, 0.71, 0.8, 0.83, 0.85, 0.86), percent=True),
            Curve(name="accuracy, as reported", values=(0.52, 0.7, 0.8, 0.82, 0.85, 0.86), percent=True),
        ),
    )
    layers = Table(
        title="Layer by layer",
        columns=(
            Column(heading="Layer"),
            Column(heading="Yours"),
            Column(heading="Shape behind it"),
            Column(heading="Wanted shape", reference=True),
        ),
        rows=(
            TableRow(cells=("convolution 1", "3 → 32, 5×5, padding (2, 2)", "32×32×32", "32×32×28"), differs=True),
            TableRow(cells=("pooling 1", "maximum 2×2", "32×16×16", "32×16×14"), differs=True),
            TableRow(cells=("fully connected", "1024 → 10", "10", "10")),
        ),
    )
    generator = np.random.default_rng(1)
    counts = generator.integers(0, 4, (10, 10)) + np.diag(generator.integers(20, 60, 10))
    confusion = Confusion(
        title="What the test images were taken for after the last epoch",
        caption="Rows: the true digit. Columns: what your network said.",
        classes=tuple("0123456789"),
        counts=tuple(tuple(int(number) for number in row) for row in counts),
    )
    return {"1e": (pictures,), "2d": (encoded,), "2f": (curves,), "3d": (layers,), "3e": (curves, confusion)}


def rich_exam(student: str = "alice") -> StudentResult:
    """The known exam with exhibits, the student's code, and a notebook that ran out of time."""
    made = exhibits()
    result = exams.known_exam(student)
    parts = []
    for part in result.assignments:
        questions = tuple(replace(question, exhibits=made.get(question.id, ())) for question in part.questions)
        parts.append(replace(part, questions=questions))
    parts[1] = replace(
        parts[1],
        cells=CELLS,
        fault="time",
        problems=("Cell 7 ran longer than the 10 minutes allowed for a cell and was stopped.",),
    )
    return replace(result, assignments=tuple(parts))
