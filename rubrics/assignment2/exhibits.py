"""What the reports of questions 2d and 2f show: an encoded name with its padding, and the course of the training."""

from __future__ import annotations

from collections.abc import Iterator

from grader.exhibits import Curves, Exhibit, Matrix
from grader.scoring import Student
from reference.assignment2 import CHARACTERS
from rubrics.assignment2.accuracy import counted, predictions
from rubrics.assignment2.data import DataSet, find_data_set
from rubrics.assignment2.decisions import RIGHT, RULES
from rubrics.assignment2.items import Item
from rubrics.assignment2.runs import find_training
from rubrics.losses import is_probability
from rubrics.shown_training import accuracy_curve, loss_curve, reported_accuracy
from rubrics.training import TrainingRun

_MOST_ROWS = 40
_MOST_COLUMNS = 64


def encoded_name(student: Student) -> Iterator[Exhibit]:
    """A short name as the student's data set encodes it."""
    data = student.find(find_data_set)
    item = _telling(data) if data is not None else None
    if data is None or item is None or item.rows is None:
        return
    rows = item.rows[:_MOST_ROWS]
    characters = {code: char for char, code in data.alignment.codes.items() if char in CHARACTERS}
    keys = [tuple(float(value) for value in row) for row in rows]
    padding = tuple(at for at, key in enumerate(keys) if not any(key) or key in data.alignment.padding)
    places = {code.index(1.0): char for code, char in characters.items() if sum(code) == 1 and 1.0 in code}
    yield Matrix(
        title="An encoded name",
        caption=f"Item {item.index}, {item.name}: S×D = {len(item.rows)}×{item.rows.shape[1]}.",
        rows=tuple("" if at in padding else characters.get(key, "?") for at, key in enumerate(keys)),
        columns=tuple(places.get(at, "") for at in range(rows.shape[1])),
        values=tuple(keys),
        padding=padding,
    )


def _telling(data: DataSet) -> Item | None:
    """The sampled name of four to nine letters that shows most: with '-' or capitals before plain ones."""
    usable = [
        item
        for item in data.good
        if item.rows is not None and item.name and 2 <= item.rows.shape[1] <= _MOST_COLUMNS and len(item.rows)
    ]
    return max(usable, key=lambda item: (4 <= len(item.name) <= 9, "-" in item.name, -item.index), default=None)


def training_curves(student: Student) -> Iterator[Exhibit]:
    """Loss and accuracy of each epoch, as recorded and as the notebook reported them.

    A training that had to be repaired is not shown: its numbers are those of other data.
    """
    training = student.find(find_training)
    run = training.run
    if run is None or not run.epochs or training.repaired:
        return
    curves = [
        *loss_curve(run),
        *accuracy_curve("training accuracy, as recorded", list(_accuracies(run))),
        *reported_accuracy(training.series),
    ]
    if curves:
        yield Curves(title="Your training, epoch by epoch", curves=tuple(curves))


def _accuracies(run: TrainingRun) -> Iterator[float | None]:
    """The share of names that the final element decides rightly while training; None where outputs were not kept."""
    forwards = run.events("forward")
    made_by = next((str(event.get("produced_by")) for event in forwards if event.get("produced_by")), "")
    for one in run.passes:
        pairs = predictions(run.trace, one)
        probability = all(is_probability(made_by, output) for output, _ in pairs)
        count = counted(pairs, RULES[RIGHT], probability=probability)
        samples = sum(count.sizes) if count is not None else 0
        yield sum(count.right) / samples if count is not None and samples else None
