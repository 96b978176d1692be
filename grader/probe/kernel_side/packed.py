"""The values of small tensors in one long array, as events name them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from .describe import to_array

MAX_PACKED = 12_000_000
MAX_ITEM = 65_536
MAX_WAITING = 1_000_000


class Packed:
    """Values as float32, one tensor after the other.

    A tensor is copied when it is added and converted together with others later: code that runs between two
    steps of a training finds no cache warm, and one short operation costs far less there than five.
    """

    def __init__(self) -> None:
        self._parts: list[np.ndarray[Any, Any]] = []
        self._waiting: list[torch.Tensor] = []
        self._length = self._waiting_length = 0

    def add(self, thing: torch.Tensor) -> dict[str, Any] | None:
        """Where a tensor's values are: ``at`` and ``shape``; None when it is too big or the array is full."""
        size = thing.numel()
        if size > MAX_ITEM or self._length + size > MAX_PACKED or thing.layout is not torch.strided:
            return None
        self._waiting.append((thing.detach() if thing.requires_grad else thing).clone())
        place = {"at": self._length, "shape": list(thing.shape)}
        self._length += size
        self._waiting_length += size
        if self._waiting_length > MAX_WAITING:
            self._convert()
        return place

    def values(self, place: dict[str, Any]) -> np.ndarray[Any, Any]:
        """The values at a place."""
        at, shape = place["at"], place["shape"]
        return self.whole()[at : at + math.prod(shape)].reshape(shape)

    def whole(self) -> np.ndarray[Any, Any]:
        """The long array."""
        self._convert()
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0] if self._parts else np.zeros(0, np.float32)

    def _convert(self) -> None:
        for thing in self._waiting:
            array = to_array(thing)
            unknown = np.full(thing.numel(), np.nan, np.float32)
            self._parts.append(unknown if array is None else array.astype(np.float32).ravel())
        self._waiting.clear()
        self._waiting_length = 0
