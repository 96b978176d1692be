"""Curves of a training as it was recorded, for reports."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from grader.exhibits import Curve
from rubrics.averages import called_losses
from rubrics.reported import Series
from rubrics.training import TrainingRun

MOST_EPOCHS = 500
_LARGEST_SHARE = 1.5
"""Accuracies beyond it are percentages."""


def loss_curve(run: TrainingRun) -> Iterator[Curve]:
    """The average training loss of each epoch, as the recorder saw it; none where no loss function was called."""
    values: list[float | None] = []
    for one in run.passes[:MOST_EPOCHS]:
        found = called_losses(one)
        mean = found.hypotheses["mean over samples"] if found is not None and found.values else math.nan
        values.append(mean if math.isfinite(mean) else None)
    if any(value is not None for value in values):
        yield Curve(name="average training loss, as recorded", values=tuple(values))


def accuracy_curve(name: str, values: Sequence[float | None]) -> Iterator[Curve]:
    """An accuracy of each epoch (shares); none where nothing is known."""
    kept = tuple(value if value is not None and math.isfinite(value) else None for value in values[:MOST_EPOCHS])
    if any(value is not None for value in kept):
        yield Curve(name=name, values=kept, percent=True)


def reported_accuracy(series: Sequence[Series], word: str = "") -> Iterator[Curve]:
    """The accuracy that the notebook itself reported after each epoch, by a label with ``acc`` (and ``word``) in it."""
    for one in series:
        label = one.label.lower()
        if "acc" not in label or word not in label or not one.known:
            continue
        scale = 100.0 if max(number.value for number in one.known) > _LARGEST_SHARE else 1.0
        values = [None if number is None else number.value / scale for number in one.numbers]
        yield from accuracy_curve(f"{word} accuracy, as reported".lstrip(), values)
        return
