"""Evaluates the expressions that a request is made of."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from .session import Session


class MissingSlot(LookupError):  # noqa: N818 - the name is part of the contract
    """An expression refers to a step that failed or was never made."""


class Evaluator:
    """Evaluates expressions within one request.

    Attributes:
        slots: Results of the steps so far.
    """

    def __init__(self, session: Session, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self.session = session
        self.arrays = arrays
        self.slots: dict[str, Any] = {}

    def __call__(self, expr: Mapping[str, Any]) -> Any:
        """The object that ``expr`` stands for."""
        ((operator, operand),) = expr.items()
        handler = getattr(self, f"_{operator}", None)
        if handler is None:
            message = f"unknown operator {operator!r}"
            raise ValueError(message)
        return handler(operand)

    def _var(self, name: str) -> Any:
        if name in self.session.namespace:
            return self.session.namespace[name]
        message = f"name {name!r} is not defined"
        raise NameError(message)

    def _obj(self, number: int) -> Any:
        return self.session.object(number)

    def _slot(self, name: str) -> Any:
        if name not in self.slots:
            raise MissingSlot(name)
        return self.slots[name]

    def _value(self, data: Any) -> Any:
        return data

    def _tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[name].copy())

    def _array(self, name: str) -> np.ndarray[Any, Any]:
        return self.arrays[name].copy()

    def _image(self, name: str) -> Any:
        from PIL import Image

        return Image.fromarray(self.arrays[name])

    def _attr(self, operand: list[Any]) -> Any:
        return getattr(self(operand[0]), operand[1])

    def _item(self, operand: list[Any]) -> Any:
        return self(operand[0])[self(operand[1])]

    def _call(self, operand: list[Any]) -> Any:
        target, args, kwargs = operand
        return self(target)(*[self(arg) for arg in args], **{name: self(arg) for name, arg in kwargs.items()})

    def _import(self, dotted: str) -> Any:
        module, _, name = dotted.rpartition(".")
        return getattr(builtins if module == "builtins" else importlib.import_module(module), name)

    def _list(self, items: list[Any]) -> list[Any]:
        return [self(item) for item in items]

    def _tuple(self, items: list[Any]) -> tuple[Any, ...]:
        return tuple(self(item) for item in items)

    def _tensor_dataset(self, names: list[str]) -> TensorDataset:
        return TensorDataset(*[self._tensor(name) for name in names])

    def _loader(self, operand: list[Any]) -> DataLoader[Any]:
        dataset, batch_size, shuffle = operand
        return DataLoader(self(dataset), batch_size=batch_size, shuffle=shuffle)

    def _linear_stub(self, operand: list[int]) -> nn.Module:
        in_features, out_features = operand
        return _Stub(nn.Flatten(), nn.Linear(in_features, out_features))


class _Stub(nn.Sequential):
    """Stands in for a network; its linear layer stands in for every layer that the notebook asks it for."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or not name.isidentifier():
                raise
            return self[1]
