"""Recognises the house numbers of SVHN in data sets that a notebook wrote itself, by their labels."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.io import loadmat

from grader.errors import RubricError
from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import Value, step_values
from grader.scoring import Student

if TYPE_CHECKING:
    from rubrics.assignment3.objects import Dataset

COMPARED = 32
"""Labels that must agree, in their order: chance would need 10 to the power of 32 tries."""

LEAST = 16


def recognised(student: Student, datasets: list[Dataset]) -> list[Dataset]:
    """The data sets, those without a known split with the one whose labels they have."""
    unknown = [one for one in datasets if not one.splits and (one.length or 0) >= LEAST]
    if not unknown:
        return datasets
    archives = student.find(archive_labels)
    return [_with_split(student, one, archives) if one in unknown else one for one in datasets]


def _with_split(student: Student, dataset: Dataset, archives: dict[str, npt.NDArray[np.int64]]) -> Dataset:
    fitting = {split: labels for split, labels in archives.items() if len(labels) == dataset.length}
    if not fitting:
        return dataset
    count = min(COMPARED, dataset.length or 0)
    steps = [{"slot": str(at), "expr": expr.item(expr.obj(dataset.obj), expr.value(at))} for at in range(count)]
    values = step_values(student.ask(Request("evaluate", {"steps": steps})))
    found = [_label(values.get(str(at))) for at in range(count)]
    for split, labels in fitting.items():
        if all(one is not None and one % 10 == label for one, label in zip(found, labels, strict=False)):
            return replace(dataset, splits=frozenset({split}))
    return dataset


def _label(item: Value | None) -> float | None:
    numbers = [part.number() for part in item.items()] if item is not None else []
    return next((number for number in reversed(numbers) if number is not None), None)


def archive_labels(student: Student) -> dict[str, npt.NDArray[np.int64]]:
    """Split → digits of the archive in their order, 0 to 9; use it with ``student.find``."""
    found = {}
    for split in ("train", "test"):
        with contextlib.suppress(RubricError):  # an instructor may have taken a split out of the catalogue
            path = student.assets.path(f"svhn_{split}")
            found[split] = loadmat(path, variable_names=["y"])["y"].reshape(-1).astype(np.int64) % 10
    return found
