"""Moving tensors and modules to a GPU that is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .patching import replace

Note = Callable[[dict[str, Any]], None]

TAG = "_grader_moved"
"""Attribute of everything that was sent to a GPU."""

FAR = frozenset({"cuda", "mps"})
"""Types of devices that are redirected."""

_ALIAS_ABOVE_BYTES = 256 * 2**20
"""Larger tensors share their memory with the original, though on a GPU they would be copies."""

_CASTS = ("float", "double", "half", "bfloat16", "long", "int", "bool", "type")

_INSIDE = frozenset({"torch", "torchvision", "torchaudio", "functorch", __name__.partition(".")[0]})
"""Packages whose code is told the truth about devices."""


def is_far(device: Any) -> bool:
    """Whether a device, as given to a function, is a GPU."""
    kind = type(device)
    if kind is str:
        return device.partition(":")[0] in FAR
    if kind is torch.device:
        return device.type in FAR
    return kind is int


def asked_by_student(depth: int = 2) -> bool:
    """Whether the function ``depth`` frames up belongs to the notebook or a library of its, not to PyTorch."""
    name = sys._getframe(depth).f_globals.get("__name__", "")
    return name.partition(".")[0] not in _INSIDE


def is_tagged(tensor: torch.Tensor) -> bool:
    """Whether a tensor was sent to a GPU."""
    return TAG in tensor.__dict__


def tag(thing: Any) -> None:
    """Marks a tensor or module as sent to a GPU."""
    thing.__dict__[TAG] = True


def arrive(source: torch.Tensor, result: torch.Tensor, note: Note) -> torch.Tensor:
    """Marks the result of a move; it is never the source itself, which stays where it was."""
    if result is source:
        if is_tagged(source):
            return source
        result = source.clone() if source.numel() * source.element_size() <= _ALIAS_ABOVE_BYTES else source[...]
    tag(result)
    note({"e": "move", "what": "tensor", "object": result})
    return result


def install(note: Note) -> None:
    """Replaces the methods that move."""
    replace(torch.Tensor, "to", lambda original: _tensor_to(original, note))
    replace(torch.Tensor, "cuda", lambda original: lambda self, *args, **kwargs: arrive(self, self, note))
    replace(torch.Tensor, "cpu", lambda original: lambda self, *args, **kwargs: _leave(self, original(self)))
    replace(torch.Tensor, "pin_memory", lambda original: lambda self, *args, **kwargs: self)
    for name in _CASTS:
        replace(torch.Tensor, name, _cast)
    for storage in (torch.UntypedStorage, torch.TypedStorage):
        replace(storage, "cuda", lambda original: lambda self, *args, **kwargs: self)
    replace(nn.utils.rnn.PackedSequence, "to", _packed_to)
    replace(nn.utils.rnn.PackedSequence, "cuda", lambda original: lambda self, *args, **kwargs: self.to("cuda"))
    replace(nn.Module, "to", lambda original: _module_to(original, note))
    replace(nn.Module, "to_empty", lambda original: _module_to_empty(original, note))
    replace(nn.Module, "cuda", lambda original: lambda self, device=None: _depart(self, note))
    replace(nn.Module, "cpu", _module_cpu)


def _leave(source: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    return source.clone() if result is source and is_tagged(source) else result


def _tensor_to(real_to: Any, note: Note) -> Any:
    device_type = torch.device

    def to(self: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        named = "device" in kwargs
        target = kwargs["device"] if named else args[0] if args else None
        kind = type(target)
        if kind is device_type or kind is str or kind is int:
            if not is_far(target):
                return _leave(self, real_to(self, *args, **kwargs))
            if named:
                kwargs["device"] = "cpu"
            else:
                args = ("cpu", *args[1:])
            return arrive(self, real_to(self, *args, **kwargs), note)
        result: torch.Tensor = real_to(self, *args, **kwargs)
        if isinstance(target, torch.Tensor) and is_tagged(target):
            return arrive(self, result, note)
        if result is not self and is_tagged(self):
            tag(result)
        return result

    return to


def _cast(original: Any) -> Any:
    def cast(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        if result is not self and is_tagged(self) and isinstance(result, torch.Tensor):
            tag(result)
        return result

    return cast


def _packed_to(original: Any) -> Any:
    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        target = kwargs.get("device", args[0] if args else None)
        if not is_far(target):
            return original(self, *args, **kwargs)
        return type(self)(self.data.to("cuda"), self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    return to


def _mark(module: nn.Module, moved: bool) -> None:
    for thing in (*module.modules(), *module.parameters(), *module.buffers()):
        if moved:
            tag(thing)
        else:
            thing.__dict__.pop(TAG, None)


def _depart(module: nn.Module, note: Note) -> nn.Module:
    _mark(module, True)
    note({"e": "move", "what": "module", "object": module})
    return module


def _module_to(original: Any, note: Note) -> Any:
    def to(self: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        named = "device" in kwargs
        target = kwargs["device"] if named else args[0] if args else None
        if isinstance(target, torch.Tensor):
            far = is_tagged(target)
        elif isinstance(target, (str, torch.device, int)):
            far = is_far(target)
        else:
            original(self, *args, **kwargs)
            return self
        if far and named:
            kwargs["device"] = "cpu"
        elif far and not isinstance(target, torch.Tensor):
            args = ("cpu", *args[1:])
        original(self, *args, **kwargs)
        if far:
            return _depart(self, note)
        _mark(self, False)
        return self

    return to


def _module_to_empty(original: Any, note: Note) -> Any:
    def to_empty(self: nn.Module, *, device: Any, recurse: bool = True) -> nn.Module:
        far = is_far(device)
        original(self, device="cpu" if far else device, recurse=recurse)
        return _depart(self, note) if far else self

    return to_empty


def _module_cpu(original: Any) -> Any:
    def cpu(self: nn.Module) -> nn.Module:
        original(self)
        _mark(self, False)
        return self

    return cpu
