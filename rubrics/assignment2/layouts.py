"""Items that hold the rows of a name in another arrangement: flattened, or in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rubrics.assignment2.alignment import Matrix, Sample, align
from rubrics.assignment2.data import DataSet
from rubrics.assignment2.items import Item


def in_rows(data: DataSet, size: int | None) -> DataSet:
    """The data set, with flattened or transposed items in rows again: that fault is ``2d.item``'s alone.

    Args:
        data: The data set.
        size: D of the student's codes, or None when unknown.
    """
    if all(item.x is not None and item.x.ndim == 2 for item in data.good) and transposed(data):
        columns = _with_items(data, [item.x.T if item.x is not None else None for item in data.items])
        return columns if columns.alignment.layout else data
    if not all(flattened(item) for item in data.good):
        return data
    for width in (size, 27, 28):
        made = _unflattened(data, width) if width is not None else None
        if made is not None and made.alignment.layout:
            return made
    return data


def flattened(item: Item) -> bool:
    """Whether an item is one-hot rows behind each other."""
    x = item.x if item.x is not None else np.zeros(0)
    if x.ndim != 1 or not np.isin(x, (0, 1)).all():
        return False
    return bool(0 < x.sum() <= len(item.name) and x.size >= 26 * len(item.name))


def transposed(data: DataSet) -> bool:
    """Whether the columns, not the rows, are one-hot."""
    rows = [item.rows for item in data.good[:12] if item.rows is not None]
    along = all(bool((part.sum(axis=1) <= 1).all()) for part in rows)
    across = all(bool((part.sum(axis=0) <= 1).all()) for part in rows)
    return across and not along and all(bool(np.isin(part, (0, 1)).all()) for part in rows)


def _unflattened(data: DataSet, width: int) -> DataSet | None:
    """The data set with items of S·D numbers as S×D; None when the numbers do not divide."""
    if any(item.x is None or item.x.ndim != 1 or item.x.size % width for item in data.good):
        return None
    return _with_items(data, [item.x.reshape(-1, width) if item.x is not None else None for item in data.items])


def _with_items(data: DataSet, arrays: Sequence[Matrix | None]) -> DataSet:
    items = tuple(replace(item, x=array) for item, array in zip(data.items, arrays, strict=True))
    samples = [Sample(item.name, item.rows) for item in items if item.rows is not None and item.name]
    return replace(data, items=items, alignment=align(samples))
