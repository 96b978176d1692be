"""Requests for a GPU go to the CPU, and are noted.

A tensor that was sent away is a copy on the CPU with the attribute ``_grader_moved``; so are modules and their
parameters. To the notebook such tensors say that they are on ``cuda:0``; to PyTorch's own code they say the truth,
which keeps its choices of algorithms right. Nothing here is a function mode: what computes runs at full speed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter
from torch.overrides import _get_current_function_mode_stack
from torch.utils import _device

from . import cuda, moves
from .moves import TAG, Note, arrive, asked_by_student, is_far, is_tagged, tag
from .patching import replace

_FACTORIES = [
    "tensor",
    "as_tensor",
    "asarray",
    "zeros",
    "ones",
    "empty",
    "full",
    "rand",
    "randn",
    "randint",
    "randperm",
    "arange",
    "range",
    "linspace",
    "logspace",
    "eye",
    "zeros_like",
    "ones_like",
    "empty_like",
    "full_like",
    "rand_like",
    "randn_like",
    "randint_like",
    "empty_strided",
    "empty_permuted",
    "scalar_tensor",
    "tril_indices",
    "triu_indices",
    "normal",
    "complex",
    "hann_window",
    "hamming_window",
    "bartlett_window",
    "blackman_window",
    "kaiser_window",
    "sparse_coo_tensor",
]

_NEW = ("new_tensor", "new_zeros", "new_ones", "new_full", "new_empty")


def install(note: Note) -> None:
    """Redirects all that asks for a GPU from now on, also where there is one."""
    _device._device_constructors()  # remembers the original functions; must not see the replaced ones
    moves.install(note)
    _replace_factories(note)
    _replace_answers()
    _replace_contexts(note)
    replace(nn.Module, "__init__", _module_init)
    cuda.install(asked_by_student)
    _allow_lazy()


def _allow_lazy() -> None:
    """Parameters without a shape list the methods that they allow; the list is to hold the replacements, too."""
    listed = (vars(kind).get("_allowed_methods") for kind in UninitializedParameter.__mro__)
    allowed: list[Any] = next((methods for methods in listed if methods is not None), [])
    names = {getattr(method, "__name__", "") for method in allowed}
    allowed.extend(getattr(torch.Tensor, name) for name in sorted(names) if hasattr(torch.Tensor, name))


def _replace_factories(note: Note) -> None:
    def make(original: Any) -> Any:
        def factory(*args: Any, **kwargs: Any) -> Any:
            device = kwargs.get("device")
            if device is None or not is_far(device):
                return original(*args, **kwargs)
            kwargs["device"] = "cpu"
            kwargs.pop("pin_memory", None)
            result = original(*args, **kwargs)
            if args and result is args[0]:  # ``as_tensor`` of a tensor
                return arrive(result, result, note)
            tag(result)
            note({"e": "move", "what": "tensor", "object": result})
            return result

        return factory

    for name in _FACTORIES:
        replace(torch, name, make)
    for name in _NEW:
        replace(torch.Tensor, name, make)
    _replace_parameter()
    _replace_generator()
    _replace_load()


def _replace_parameter() -> None:
    """``nn.Linear(…, device="cuda")``: the parameter is where its tensor was made."""
    create = nn.Parameter.__new__

    def new(cls: Any, data: Any = None, requires_grad: bool = True) -> Any:
        result = create(cls, data, requires_grad)
        if isinstance(data, torch.Tensor) and is_tagged(data):
            tag(result)
        return result

    setattr(nn.Parameter, "__new__", staticmethod(new))  # noqa: B010 -- assigning to a method is what type checkers forbid


def _replace_generator() -> None:
    real: Any = torch.Generator

    class _Kind(type(real)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, real)

    class Generator(real, metaclass=_Kind):  # type: ignore[misc]
        """As ``torch.Generator``; one for a GPU is one for the CPU."""

        def __new__(cls, device: Any = "cpu") -> Any:
            return real("cpu" if is_far(device) else device)

    setattr(torch, "Generator", Generator)  # noqa: B010 -- replacing a class is what type checkers forbid


def _replace_load() -> None:
    def make(original: Any) -> Any:
        def load(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
            if isinstance(map_location, dict):
                map_location = {key: "cpu" if is_far(value) else value for key, value in map_location.items()}
            elif is_far(map_location):
                map_location = "cpu"
            return original(f, map_location, *args, **kwargs)

        return load

    replace(torch, "load", make)


def _replace_answers() -> None:
    """What a tensor says of its device."""
    device, is_cuda = torch.Tensor.device, torch.Tensor.is_cuda
    there = torch.device("cuda", 0)

    def get_device(self: torch.Tensor) -> Any:
        if TAG in self.__dict__ and asked_by_student():
            return there
        return device.__get__(self)

    def get_is_cuda(self: torch.Tensor) -> Any:
        return (TAG in self.__dict__ and asked_by_student()) or is_cuda.__get__(self)  # type: ignore[attr-defined]

    def make_index(original: Any) -> Any:
        return lambda self: 0 if TAG in self.__dict__ and asked_by_student() else original(self)

    replace(torch.Tensor, "device", lambda original: property(get_device))
    replace(torch.Tensor, "is_cuda", lambda original: property(get_is_cuda))
    replace(torch.Tensor, "get_device", make_index)


def _far_by_default() -> bool:
    """Whether a context around the caller makes a GPU the default device."""
    if not torch._C._len_torch_function_stack():
        return False
    return any(getattr(mode, "_grader_far", False) for mode in _get_current_function_mode_stack())  # type: ignore[no-untyped-call]


def _module_init(original: Any) -> Any:
    def init(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if _far_by_default():
            tag(self)

    return init


def _replace_contexts(note: Note) -> None:
    """``with torch.device("cuda")`` and ``torch.set_default_device("cuda")``."""
    context = _device.DeviceContext

    def make_init(original: Any) -> Any:
        def init(self: Any, device: Any) -> None:
            self._grader_far = is_far(device)
            original(self, "cpu" if self._grader_far else device)
            if self._grader_far:
                note({"e": "move", "what": "default", "object": None})

        return init

    def make_default(original: Any) -> Any:
        return lambda: torch.device("cuda", 0) if _far_by_default() and asked_by_student() else original()

    replace(context, "__init__", make_init)
    replace(torch, "get_default_device", make_default)
