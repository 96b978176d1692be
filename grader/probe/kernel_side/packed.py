"""The values of small tensors in one long array, as events name them."""

from __future__ import annotations

import math
import weakref
from collections import deque
from typing import Any

import numpy as np
import torch

from .describe import to_array

MAX_PACKED = 12_000_000
MAX_ITEM = 65_536
MAX_WAITING = 1_000_000
FEW = 256
"""Numbers that are read sooner than a copy of the tensor is made."""


class Packed:
    """Values as float32, one tensor after the other.

    A tensor is copied when it is added and converted together with others later: code that runs between two
    steps of a training finds no cache warm, and one short operation costs far less there than five.
    """

    def __init__(self) -> None:
        self._parts: list[np.ndarray[Any, Any]] = []
        self._recent: deque[tuple[weakref.ref[torch.Tensor], int, dict[str, Any]]] = deque(maxlen=3)
        self._waiting: list[torch.Tensor | list[Any]] = []
        self._length = self._waiting_length = 0

    def add(self, thing: torch.Tensor) -> dict[str, Any] | None:
        """Where a tensor's values are: ``at`` and ``shape``; None when it is too big or the array is full.

        What a network gave is what the loss gets, as it is or as a view; its values are there once.
        """
        versioned = not thing.is_inference()  # the others do not tell whether they were changed
        known = self._known(thing) if versioned else None
        if known is not None:
            return known
        size = thing.numel()
        if size > MAX_ITEM or self._length + size > MAX_PACKED or thing.layout is not torch.strided:
            return None
        self._waiting.append(_taken(thing, size))
        place = {"at": self._length, "shape": list(thing.shape)}
        if versioned:
            self._recent.append((weakref.ref(thing), thing._version, place))
        self._length += size
        self._waiting_length += size
        if self._waiting_length > MAX_WAITING:
            self._convert()
        return place

    def _known(self, thing: torch.Tensor) -> dict[str, Any] | None:
        """The place of a tensor that was added before and not changed since, or of what it is a view of."""
        base = thing._base
        for known, version, place in self._recent:
            other = known()
            if other is None or thing._version != version:
                continue
            if other is thing:
                return place
            if base is not None and (other is base or other._base is base) and _same_order(thing, other):
                return {"at": place["at"], "shape": list(thing.shape)}
        return None

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
            if isinstance(thing, list):
                self._parts.append(np.array(thing, np.float32).ravel())
                continue
            array = to_array(thing)
            unknown = np.full(thing.numel(), np.nan, np.float32)
            self._parts.append(unknown if array is None else array.astype(np.float32).ravel())
        self._waiting.clear()
        self._waiting_length = 0


def _same_order(thing: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors of one storage are the same numbers in the same order."""
    if thing.numel() != other.numel() or thing.dtype != other.dtype or not thing.is_contiguous():
        return False
    return other.is_contiguous() and bool(thing.storage_offset() == other.storage_offset())


def _taken(thing: torch.Tensor, size: int) -> torch.Tensor | list[Any]:
    """The values as they are now, without the wrapper that ``torch.func`` takes away when its function returns."""
    while torch._C._functorch.is_gradtrackingtensor(thing):
        thing = torch._C._functorch.get_unwrapped(thing)
    if size <= FEW and thing.ndim and thing.is_cpu and not thing.is_complex():
        return thing.tolist()
    return (thing.detach() if thing.requires_grad else thing).clone()
