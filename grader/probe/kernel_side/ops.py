"""Records tensor operations below autograd, where every style of writing a layer looks alike."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .describe import Describer

MAX_OPS = 5_000
MAX_CAPTURED = 400
SHORT = (torch.dtype, torch.device, torch.layout, torch.memory_format)
DECOMPOSED = {"detach", "detach_", "is_same_size", "lift_fresh"}


class OpRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A dispatch mode that notes each operation with shapes, arguments and, if asked, results.

    Attributes:
        ops: The operations in order, as ``docs/probes.md`` lays them out.
    """

    def __init__(self, describer: Describer, capture: Iterable[int], parameters: dict[int, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ops: list[dict[str, Any]] = []
        self._describer = describer
        self._capture = set(capture)
        self._captured = 0
        self._parameters = parameters
        self._numbers: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}
        self._next = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.__name__.split(".")[0]
        if len(self.ops) < MAX_OPS and name not in DECOMPOSED:
            self._note(name, args, kwargs or {}, result)
        return result

    def _note(self, name: str, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        given = _flat(args) + _flat(list(kwargs.values()))
        outputs = [thing for thing in _flat([result]) if isinstance(thing, torch.Tensor)]
        tensors = [thing for thing in given if isinstance(thing, torch.Tensor)]
        op: dict[str, Any] = {
            "op": name,
            "inputs": [self._number(thing) for thing in tensors],
            "outputs": [self._number(thing) for thing in outputs],
            "shapes_in": [list(thing.shape) for thing in tensors],
            "shapes_out": [list(thing.shape) for thing in outputs],
            "args": [_plain(arg) for arg in (*args, *kwargs.values())],
            "params": [self._parameters.get(_address(thing)) for thing in tensors],
        }
        if self._capture:
            op["data"] = [self._kept(thing) for thing in outputs]
        self.ops.append(op)

    def _kept(self, thing: torch.Tensor) -> str | None:
        if thing.numel() not in self._capture or self._captured >= MAX_CAPTURED:
            return None
        self._captured += 1
        described = self._describer.describe(thing)
        return described.get("data")

    def _number(self, thing: torch.Tensor) -> int:
        known = self._numbers.get(id(thing))
        if known is not None and known[0]() is thing:
            return known[1]
        self._next += 1
        self._numbers[id(thing)] = (weakref.ref(thing), self._next)
        return self._next


def parameter_names(modules: Iterable[torch.nn.Module]) -> dict[int, str]:
    """Address of the values → dotted name, for the parameters of some modules."""
    return {
        _address(parameter): name
        for module in modules
        for name, parameter in module.named_parameters()
        if not isinstance(parameter, torch.nn.parameter.UninitializedParameter)
    }


def _address(thing: torch.Tensor) -> int:
    try:
        return thing.data_ptr()
    except RuntimeError:
        return 0


def _flat(thing: Any) -> list[Any]:
    if isinstance(thing, (list, tuple)):
        return [found for item in thing for found in _flat(item)]
    return [thing]


def _plain(arg: Any) -> Any:
    if isinstance(arg, torch.Tensor):
        return None
    if isinstance(arg, (list, tuple)):
        return [_plain(item) for item in arg]
    if isinstance(arg, (bool, int, float, str)) or arg is None:
        return arg
    # A storage would write out every byte of itself, which takes minutes when a checkpoint is loaded.
    return str(arg) if isinstance(arg, SHORT) else type(arg).__name__
