"""Reads described values (``docs/probes.md``) without trusting their layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from grader.probe.types import Answer, Array


class Value:
    """A described value of an answer.

    Attributes:
        data: The description.
        kind: Its kind, ``"none"`` for what is not a description.
    """

    def __init__(self, data: Any, answer: Answer) -> None:
        self.data: Mapping[str, Any] = data if isinstance(data, Mapping) else {"kind": "none"}
        self.kind = str(self.data.get("kind", "none"))
        self._answer = answer

    @property
    def obj(self) -> int | None:
        """Number of the object, where it has one."""
        number = self.data.get("obj")
        return number if isinstance(number, int) else None

    @property
    def type_name(self) -> str:
        """Class of the object, or its kind."""
        return str(self.data.get("type", self.kind))

    @property
    def length(self) -> int | None:
        """Its ``len``, where known."""
        number = self.data.get("length")
        return number if isinstance(number, int) else None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of a tensor or array; (H, W, channels) or (H, W) of a picture with values."""
        shape = self.data.get("shape")
        if isinstance(shape, list):
            return tuple(int(size) for size in shape)
        array = self.array()
        return None if array is None else array.shape

    @property
    def moved(self) -> bool:
        """Whether a tensor was asked to go to a GPU."""
        return bool(self.data.get("moved"))

    def array(self) -> Array | None:
        """Values of a tensor, array or picture, or None when they were not sent."""
        name = self.data.get("data")
        return self._answer.tensors.get(name) if isinstance(name, str) else None

    def number(self) -> float | None:
        """A scalar as float: of a number, a bool, or a tensor with one element."""
        if self.kind in {"bool", "int", "float"}:
            return float(self.data.get("value", "nan"))
        array = self.array()
        if array is not None and array.size == 1 and array.dtype.kind in "biuf":
            return float(array.ravel()[0])
        return None

    def text(self) -> str | None:
        """A string's text."""
        return str(self.data.get("value", "")) if self.kind == "str" else None

    def items(self) -> list[Value]:
        """Elements of a list, tuple or set; values of a dictionary."""
        if self.kind == "dict":
            return [value for _, value in self.pairs()]
        items = self.data.get("items")
        return [Value(item, self._answer) for item in items] if isinstance(items, list) else []

    def pairs(self) -> list[tuple[Value, Value]]:
        """Keys and values of a dictionary."""
        items = self.data.get("items")
        if self.kind != "dict" or not isinstance(items, list):
            return []
        return [
            (Value(pair[0], self._answer), Value(pair[1], self._answer))
            for pair in items
            if isinstance(pair, list) and len(pair) == 2
        ]

    def walk(self) -> Iterator[Value]:
        """This value and everything in it."""
        yield self
        for value in self.items():
            yield from value.walk()

    def arrays(self) -> list[Array]:
        """All arrays in it, in order."""
        return [array for value in self.walk() if (array := value.array()) is not None]

    def numbers(self) -> Array | None:
        """A numeric tensor, array, or (nested) list of numbers as one float array, else None."""
        array = self.array()
        if array is not None:
            return array.astype(np.float64) if array.dtype.kind in "biuf" else None
        if self.kind in {"list", "tuple"}:
            return _stacked([item.numbers() for item in self.items()])
        number = self.number()
        return None if number is None else np.asarray(number)


def _stacked(parts: list[Array | None]) -> Array | None:
    whole = [part for part in parts if part is not None]
    if not whole or len(whole) < len(parts) or any(part.shape != whole[0].shape for part in whole):
        return None
    return np.stack(whole)


def steps(answer: Answer) -> list[Mapping[str, Any]]:
    """The steps of an ``evaluate`` answer; empty when the answer failed."""
    found = answer.data.get("steps")
    return [step for step in found if isinstance(step, Mapping)] if isinstance(found, list) else []


def step_values(answer: Answer) -> dict[str, Value | None]:
    """Slot → value of each ``evaluate`` step, None for those that failed."""
    return {
        str(step.get("slot")): Value(step.get("value"), answer) if step.get("ok") else None for step in steps(answer)
    }
