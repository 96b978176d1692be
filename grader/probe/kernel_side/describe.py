"""Objects of the notebook → JSON data and arrays."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from .session import Session

MAX_STRING = 20_000
SCALARS = {bool: "bool", int: "int", float: "float", str: "str"}


class Describer:
    """Describes values and collects the arrays that the descriptions name.

    Attributes:
        tensors: Name → array, for the answer's array file.
        max_numel: Arrays with more elements come without their values.
    """

    def __init__(self, session: Session, *, max_numel: int = 60_000_000, max_items: int = 3_000) -> None:
        self.session = session
        self.tensors: dict[str, np.ndarray[Any, Any]] = {}
        self.max_numel = max_numel
        self.max_items = max_items
        self._numel_left = 120_000_000

    def limited(self, max_numel: int, max_items: int | None = None) -> Describer:
        """A describer that shares the arrays, with tighter limits."""
        other = Describer(self.session, max_numel=max_numel, max_items=max_items or self.max_items)
        other.tensors = self.tensors
        other._numel_left = self._numel_left
        return other

    def describe(self, thing: Any, depth: int = 4) -> dict[str, Any]:
        """The description of any object; never raises because of the object's own code."""
        try:
            return self._describe(thing, depth)
        except Exception as fault:
            return {
                "kind": "object",
                "obj": self.session.number(thing),
                "type": type(thing).__name__,
                "length": None,
                "mro": _mro(type(thing)),
                "fault": type(fault).__name__,
            }

    def _describe(self, thing: Any, depth: int) -> dict[str, Any]:
        if thing is None:
            return {"kind": "none"}
        if type(thing) in SCALARS:
            return _scalar(thing)
        if isinstance(thing, torch.Tensor):
            return self._tensor(thing)
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        if isinstance(thing, np.generic):
            return self._describe(thing.item(), depth)
        if isinstance(thing, (list, tuple, set, frozenset)):
            return self._sequence(thing, depth)
        if isinstance(thing, Mapping):
            return self._mapping(thing, depth)
        return self._special(thing)

    def _special(self, thing: Any) -> dict[str, Any]:
        kind = type(thing)
        base = {"obj": self.session.number(thing), "type": kind.__name__}
        if isinstance(thing, nn.Module):
            return {"kind": "module", **base, "training": bool(getattr(thing, "training", True))}
        if isinstance(thing, type):
            return {
                "kind": "class",
                "obj": base["obj"],
                "name": thing.__name__,
                "bases": _mro(thing),
                "own": thing.__module__ == "__main__",
            }
        if _is_picture(thing):
            return self._picture(thing)
        if inspect.isroutine(thing):
            return {"kind": "function", "obj": base["obj"], **self.signature(thing)}
        detail = {**base, "length": _length(thing), "mro": _mro(kind)}
        if isinstance(thing, DataLoader):
            return {"kind": "loader", **detail}
        if isinstance(thing, Dataset):
            return {"kind": "dataset", **detail}
        if isinstance(thing, torch.optim.Optimizer):
            return {"kind": "optimizer", **detail}
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(thing, (pandas.DataFrame, pandas.Series)):
            return self._frame(thing, detail)
        return {"kind": "object", **detail}

    def signature(self, function: Any) -> dict[str, Any]:
        """Name, parameters and place of a function."""
        code = getattr(inspect.unwrap(function), "__code__", None) if not inspect.isclass(function) else None
        cell = self.session.files.get(code.co_filename) if code is not None else None
        return {
            "name": getattr(function, "__qualname__", type(function).__name__),
            "params": self.parameters(function),
            "own": cell is not None,
            "cell": cell,
            "line": code.co_firstlineno if code is not None and cell is not None else None,
        }

    def parameters(self, function: Any) -> list[dict[str, Any]]:
        """The parameters of a callable, without ``self`` of bound methods; empty when they cannot be had."""
        try:
            found = inspect.signature(function).parameters.values()
        except (ValueError, TypeError):
            return []
        kinds = {"VAR_POSITIONAL": "varargs", "VAR_KEYWORD": "varkw", "KEYWORD_ONLY": "keyword"}
        small = self.limited(64, 50)
        return [
            {
                "name": parameter.name,
                "kind": kinds.get(parameter.kind.name, "positional"),
                "default": None if parameter.default is parameter.empty else small.describe(parameter.default, 2),
            }
            for parameter in found
        ]

    def _tensor(self, thing: torch.Tensor) -> dict[str, Any]:
        described: dict[str, Any] = {
            "kind": "tensor",
            "shape": list(thing.shape),
            "dtype": str(thing.dtype).removeprefix("torch."),
            "requires_grad": bool(thing.requires_grad),
            "device": str(thing.device),
            "parameter": isinstance(thing, nn.Parameter),
            "moved": was_moved(thing),
        }
        if thing.numel() <= self.max_numel and not is_lazy(thing):
            array = to_array(thing)
            if array is not None:
                described["data"] = self.store(array)
        return described

    def _array(self, thing: np.ndarray[Any, Any]) -> dict[str, Any]:
        described: dict[str, Any] = {"kind": "ndarray", "shape": list(thing.shape), "dtype": str(thing.dtype)}
        if thing.dtype.kind in "biuf" and thing.size <= self.max_numel:
            described["data"] = self.store(_plain(thing))
        elif thing.dtype.kind in "OUS" and thing.size <= min(self.max_items, 1000):
            described["items"] = [self.describe(item, 1) for item in thing.ravel().tolist()]
        return described

    def store(self, array: np.ndarray[Any, Any]) -> str | None:
        """Keeps an array for the answer and returns its name; None when the answer is full."""
        if array.size > self._numel_left:
            return None
        self._numel_left -= array.size
        name = f"t{len(self.tensors)}"
        self.tensors[name] = np.array(array, order="C", copy=True)
        return name

    def _picture(self, thing: Any) -> dict[str, Any]:
        array = np.asarray(thing)
        if array.dtype == np.bool_:
            array = array.astype(np.uint8) * 255
        described = {"kind": "image", "size": list(thing.size), "mode": thing.mode, "obj": self.session.number(thing)}
        if array.size <= self.max_numel and array.dtype.kind in "iuf":
            described["data"] = self.store(array)
        return described

    def _sequence(self, thing: Any, depth: int) -> dict[str, Any]:
        kind = "list" if isinstance(thing, list) else "tuple" if isinstance(thing, tuple) else "set"
        items = list(thing)[: self.max_items] if depth > 0 else []
        return {
            "kind": kind,
            "length": len(thing),
            "type": type(thing).__name__,
            "obj": self.session.number(thing),
            "items": [self.describe(item, depth - 1) for item in items],
        }

    def _mapping(self, thing: Any, depth: int) -> dict[str, Any]:
        pairs = list(thing.items())[: self.max_items] if depth > 0 else []
        return {
            "kind": "dict",
            "length": len(thing),
            "type": type(thing).__name__,
            "obj": self.session.number(thing),
            "items": [[self.describe(key, depth - 1), self.describe(item, depth - 1)] for key, item in pairs],
        }

    def _frame(self, thing: Any, detail: dict[str, Any]) -> dict[str, Any]:
        columns = [str(name) for name in getattr(thing, "columns", [getattr(thing, "name", "")])][:50]
        described = {"kind": "dataframe", **detail, "columns": columns}
        if len(thing) <= 200 and thing.select_dtypes("number").shape[1] if hasattr(thing, "select_dtypes") else False:
            numbers = thing.select_dtypes("number")
            described["numbers"] = {str(name): self.describe([float(v) for v in numbers[name]], 2) for name in numbers}
        return described


def _scalar(thing: Any) -> dict[str, Any]:
    kind = SCALARS[type(thing)]
    if kind == "float" and not math.isfinite(thing):
        return {"kind": kind, "value": "nan" if math.isnan(thing) else "inf" if thing > 0 else "-inf"}
    if kind == "int" and abs(thing) > 2**62:
        return {"kind": "float", "value": "inf"}
    return {"kind": kind, "value": thing[:MAX_STRING] if kind == "str" else thing}


def to_array(thing: torch.Tensor) -> np.ndarray[Any, Any] | None:
    """A tensor's values now, on the CPU; reduced precisions as float32, None for what has no plain values."""
    plain = thing.detach()
    if plain.is_sparse or plain.is_quantized or plain.is_meta:
        return None
    if plain.dtype in (torch.bfloat16, torch.float16) or plain.dtype.is_complex:
        plain = plain.abs().float() if plain.dtype.is_complex else plain.float()
    return plain.numpy() if plain.is_cpu else plain.cpu().numpy()


def _plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(np.float32) if array.dtype == np.float16 or array.dtype.itemsize > 8 else array


def is_lazy(thing: Any) -> bool:
    """Whether a parameter or buffer of a lazy layer has no shape yet."""
    return isinstance(thing, (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer))


_PLAIN = (torch.Tensor, nn.Parameter)


def was_moved(thing: Any) -> bool:
    """Whether a tensor or module was sent to a GPU, real or redirected."""
    if getattr(thing, "_grader_moved", False):
        return True
    # The kinds of lazy parameters are costly to ask for, and most tensors are plain.
    if type(thing) not in _PLAIN and (not isinstance(thing, torch.Tensor) or is_lazy(thing)):
        return False
    if not thing.is_cpu and not thing.is_meta:
        return True
    return thing._is_view() and bool(getattr(thing._base, "_grader_moved", False))


def _is_picture(thing: Any) -> bool:
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(thing, pil.Image)


def _length(thing: Any) -> int | None:
    try:
        return len(thing)
    except Exception:
        return None


def _mro(kind: type) -> list[str]:
    return [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__][:20]
