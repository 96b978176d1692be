"""What the tensors of a batch are: where its labels are, and what kind of numbers a network gives for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def tensors_in(thing: Any) -> list[torch.Tensor]:
    """The tensors in a value, in order; of long containers only the first ones."""
    if isinstance(thing, torch.Tensor):
        return [thing]
    if isinstance(thing, (list, tuple)):
        if all(type(item) is torch.Tensor for item in thing):  # what most loaders deliver
            return list(thing[:64])
        return [found for item in thing[:64] for found in tensors_in(item)]
    if isinstance(thing, dict):
        return [found for item in list(thing.values())[:64] for found in tensors_in(item)]
    return []


def address(thing: torch.Tensor) -> int:
    """Where a tensor's storage begins; 0 where ``torch.func`` hides it."""
    try:
        return thing.untyped_storage().data_ptr()
    except NotImplementedError:
        return 0


def label_place(tensors: list[torch.Tensor]) -> int:
    """Which tensor of a first batch has the labels.

    What has the fewest dimensions; among these the fewest different values, but more than one; among these the last.
    """
    least = min((_dimensions(thing) for thing in tensors), default=0)
    small = [place for place, thing in enumerate(tensors) if _dimensions(thing) == least]
    if len(small) < 2:
        return small[0] if small else 0
    kinds = {place: len(torch.unique(tensors[place])) for place in small}
    return min(reversed(small), key=lambda place: kinds[place] if kinds[place] > 1 else float("inf"))


def _dimensions(thing: torch.Tensor) -> int:
    """How many dimensions, a column (B, 1) counted like a row of numbers (B)."""
    return thing.ndim - 1 if thing.ndim > 1 and thing.shape[-1] == 1 else thing.ndim


def nature(values: np.ndarray[Any, Any] | None) -> str:
    """Whether rows look like logits, probabilities or log-probabilities."""
    if values is None or values.dtype.kind != "f" or values.size == 0:
        return "logits"
    least, most = values.min(), values.max()  # NaN compares as false, and such rows count as logits
    if values.ndim < 2 or values.shape[1] < 2:
        return "probabilities" if least >= 0 and most <= 1 else "logits"
    if least >= 0:
        return "probabilities" if _sum_to_one(values) else "logits"
    return "log-probabilities" if most <= 0 and _sum_to_one(np.exp(values)) else "logits"


def _sum_to_one(values: np.ndarray[Any, Any]) -> bool:
    return bool(np.abs(values.sum(axis=1) - 1).max() < 1e-3)
