"""Exhibits of the bundled course, from notebooks that ran; and that no exhibit can cost a mark."""

import importlib
import logging
from pathlib import Path

import nbformat
import pytest

import reference
from grader.exhibits import Confusion, Curves, Matrix, PictureRow, Table
from grader.scoring import Rubric
from tests.support import harness

SOLUTIONS = Path(next(iter(reference.__path__))) / "solutions"


def cells_of(assignment: str) -> list[str]:
    notebook = nbformat.read(SOLUTIONS / f"assignment{assignment}.ipynb", 4)
    return [("#md " if cell.cell_type != "code" else "") + cell.source for cell in notebook.cells]


def shown(assignment: str, cells: list[str] | None = None):
    """The exhibits of graded questions."""
    student = harness.run_cells(cells or cells_of(assignment), assignment=assignment)
    rubric = importlib.import_module(f"rubrics.assignment{assignment}").rubric
    asked: list[str] = []
    found = {}
    try:
        for question in rubric.questions:
            harness.grade(student, question)
            ask = student.kernel.ask
            student.kernel.ask = lambda request, ask=ask: asked.append(request.verb) or ask(request)
            found[question] = rubric.shown(question, student)
            student.kernel.ask = ask
    finally:
        harness.close(student)
    assert asked == []  # what grading has found is enough
    return found


def test_the_map_is_shown_beside_the_references():
    (row,) = shown("1")["1e"]
    assert isinstance(row, PictureRow)
    assert row.title.startswith("Class activation map of class ")
    ours = [image.label for image in row.images if not image.reference]
    theirs = [image for image in row.images if image.reference]
    assert ours == ["Your image", "Your map", "Your overlay"]
    assert [image.label for image in theirs] == ["Reference: map", "Reference: overlay"]
    # the solution's map is the reference's
    assert row.images[1].base64 == theirs[0].base64


def test_a_name_and_the_training_of_assignment_2_are_shown():
    found = shown("2")
    (matrix,) = found["2d"]
    assert isinstance(matrix, Matrix)
    name = "".join(matrix.rows)
    assert f", {name}:" in matrix.caption.lower()
    assert len(matrix.padding) == len(matrix.rows) - len(name) > 0
    assert len(matrix.values[0]) == 27
    assert all(sum(row) == (at not in matrix.padding) for at, row in enumerate(matrix.values))
    (curves,) = found["2f"]
    assert isinstance(curves, Curves)
    by_name = {curve.name: curve for curve in curves.curves}
    recorded = by_name["training accuracy, as recorded"].values
    assert len(recorded) == len(by_name["average training loss, as recorded"].values) > 1
    assert by_name["accuracy, as reported"].values == pytest.approx(recorded, abs=1e-3)


def test_layers_curves_and_confusion_of_assignment_3_are_shown():
    found = shown("3")
    (table,) = found["3d"]
    assert isinstance(table, Table)
    assert not any(row.differs for row in table.rows)
    shapes = [row.cells[2] for row in table.rows if row.cells[3] != "–"]
    assert shapes == ["3×32×32", "32×32×28", "32×16×14", "64×16×10", "64×8×5", "128×8×1", "10"]
    curves, confusion = found["3e"]
    assert isinstance(curves, Curves)
    assert isinstance(confusion, Confusion)
    last = next(curve for curve in curves.curves if curve.name == "test accuracy, as recorded").values[-1]
    counts = confusion.counts
    right = sum(counts[digit][digit] for digit in range(10))
    assert right / sum(map(sum, counts)) == pytest.approx(last)


def test_a_layer_that_is_missing_or_does_not_fit_is_marked():
    source = """
import torch
from torch import nn
network = nn.Sequential(
    nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.ReLU(),
    nn.Conv2d(64, 128, 5, padding=(2, 0)), nn.Flatten(), nn.Linear(1024, 10))
"""
    (table,) = shown("3", [source])["3d"]
    rows = {row.cells[0]: row for row in table.rows}
    assert rows["convolution 1"].cells[2:] == ("32×32×32", "32×32×28")
    assert rows["convolution 1"].differs
    assert rows["pooling 2"].cells[1:3] == ("missing", "–")
    assert rows["fully connected"].differs
    names = [row.cells[0] for row in table.rows]
    assert names.index("convolution 2") < names.index("pooling 2") < names.index("convolution 3")


def test_an_exhibit_that_fails_is_left_out_and_told(caplog):
    rubric = Rubric("1")

    @rubric.exhibit("1e")
    def make(student):
        yield Matrix(title="good", rows=("a",), values=((1.0,),))
        raise ZeroDivisionError("nobody's fault")

    class Nobody:
        name = "alice"

    with caplog.at_level(logging.WARNING, "grader"):
        made = rubric.shown("1e", Nobody())
    assert [one.title for one in made] == ["good"]
    assert "exhibits of 1e for alice: ZeroDivisionError: nobody's fault" in caplog.text
    assert rubric.shown("1c", Nobody()) == ()
