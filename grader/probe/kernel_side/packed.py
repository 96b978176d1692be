"""The values of small tensors in one long array, as events name them."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch

from .describe import to_array

MAX_PACKED = 12_000_000
MAX_ITEM = 65_536


class Packed:
    """Values as float32, one tensor after the other.

    What a network answers is often what the loss gets, and the labels of a batch are its targets: values that
    did not change since they were added are not added again.
    """

    def __init__(self) -> None:
        self._parts: list[np.ndarray[Any, Any]] = []
        self._length = 0
        # The tensors are held, so that no other can come to lie where they do.
        self._recent: deque[tuple[Any, dict[str, Any], np.ndarray[Any, Any], torch.Tensor]] = deque(maxlen=4)

    def add(self, thing: torch.Tensor) -> dict[str, Any] | None:
        """Where a tensor's values are: ``at`` and ``shape``; None when it is too big or the array is full."""
        if thing.numel() > MAX_ITEM or thing.layout is not torch.strided:
            return None
        held = thing.detach()
        identity = _identity(held)
        for known, place, _, _ in self._recent:
            if known == identity and identity is not None:
                return place
        array = to_array(held) if self._length + held.numel() <= MAX_PACKED else None
        if array is None:
            return None
        part = array.astype(np.float32).ravel()
        place = {"at": self._length, "shape": list(array.shape)}
        self._parts.append(part)
        self._length += part.size
        self._recent.append((identity, place, part, held))
        return place

    def values(self, place: dict[str, Any]) -> np.ndarray[Any, Any]:
        """The values of one of the last tensors that were added."""
        part: np.ndarray[Any, Any] = next(part for _, known, part, _ in reversed(self._recent) if known is place)
        return part.reshape(place["shape"])

    def whole(self) -> np.ndarray[Any, Any]:
        """The long array."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)


def _identity(thing: torch.Tensor) -> Any:
    """Equal for two tensors with the same values in the same place; None where nobody counts changes."""
    if thing.is_inference():
        return None
    return thing.data_ptr(), thing._version, thing.shape, thing.stride(), thing.dtype
