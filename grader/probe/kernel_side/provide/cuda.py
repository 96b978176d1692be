"""``torch.cuda``, ``torch.mps`` and ``torch.accelerator`` of a machine that seems to have one GPU."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch

from .patching import replace

NAME = "CPU standing in for a GPU"
"""What the seeming GPU is called."""

_MEMORY_BYTES = 8 * 2**30

_NOTHING = [
    "synchronize",
    "empty_cache",
    "manual_seed",
    "manual_seed_all",
    "seed",
    "seed_all",
    "reset_peak_memory_stats",
    "reset_max_memory_allocated",
    "reset_max_memory_cached",
    "reset_accumulated_memory_stats",
    "ipc_collect",
    "init",
    "set_device",
    "set_per_process_memory_fraction",
    "set_stream",
    "set_rng_state",
    "set_rng_state_all",
    "set_device_index",
    "set_device_idx",
]
"""Functions that have nothing to do."""

_ZERO = [
    "current_device",
    "current_device_index",
    "current_device_idx",
    "memory_allocated",
    "max_memory_allocated",
    "memory_reserved",
    "max_memory_reserved",
    "memory_cached",
    "max_memory_cached",
    "current_allocated_memory",
    "driver_allocated_memory",
    "utilization",
    "memory_usage",
    "temperature",
    "power_draw",
    "clock_rate",
]
"""Functions whose answer is 0."""

_LEGACY = [
    "FloatTensor",
    "DoubleTensor",
    "HalfTensor",
    "LongTensor",
    "IntTensor",
    "ShortTensor",
    "ByteTensor",
    "CharTensor",
    "BoolTensor",
]

Asked = Callable[..., bool]


class _Stream:
    """A stream in which everything is done at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.cuda_stream = 0

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *fault: object) -> None:
        return None

    def synchronize(self) -> None:
        """Returns at once."""

    def wait_stream(self, stream: Any) -> None:
        """Returns at once."""

    def wait_event(self, event: Any) -> None:
        """Returns at once."""

    def record_event(self, event: Any = None) -> Any:
        """An event of this moment."""
        event = event or _Event()
        event.record()
        return event

    def query(self) -> bool:
        """Whether all is done: always."""
        return True


class _Event:
    """A moment, for measuring times."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._at_s = 0.0

    def record(self, *args: Any) -> None:
        """Takes the time."""
        self._at_s = time.perf_counter()

    def elapsed_time(self, end_event: _Event) -> float:
        """Milliseconds until another event."""
        return (end_event._at_s - self._at_s) * 1000

    def synchronize(self) -> None:
        """Returns at once."""

    def wait(self, *args: Any) -> None:
        """Returns at once."""

    def query(self) -> bool:
        """Whether it has happened: always."""
        return True


class _Device:
    """The context ``torch.cuda.device(0)``."""

    def __init__(self, device: Any = None) -> None:
        self.idx = 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, *fault: object) -> None:
        return None


def install(asked_by_student: Asked) -> None:
    """Replaces the queries and mixed precision.

    Args:
        asked_by_student: Tells whether the caller, so many frames up, gets the seeming answer or the true one.
    """
    owners = [torch.cuda, torch.mps, getattr(torch, "accelerator", None)]
    for owner in filter(None, owners):
        for name in _NOTHING:
            replace(owner, name, lambda original: lambda *args, **kwargs: None)
        for name in _ZERO:
            replace(owner, name, lambda original: lambda *args, **kwargs: 0)
        _seem(owner, asked_by_student)
    for name in ("is_available", "is_built"):
        replace(torch.backends.mps, name, _truth_inside(asked_by_student, True))
    _replace_properties()
    _replace_mixed_precision()
    _replace_legacy_types()
    for text in (".*pin_memory.*no accelerator is found", ".*GradScaler is enabled, but CUDA is not available"):
        warnings.filterwarnings("ignore", message=text)


def _truth_inside(asked_by_student: Asked, seeming: Any) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        return lambda *args, **kwargs: seeming if asked_by_student() else original(*args, **kwargs)

    return make


def _seem(owner: Any, asked_by_student: Asked) -> None:
    for name, seeming in (
        ("is_available", True),
        ("is_initialized", True),
        ("device_count", 1),
        ("current_accelerator", torch.device("cuda")),
    ):
        replace(owner, name, _truth_inside(asked_by_student, seeming))


def _replace_properties() -> None:
    facts = SimpleNamespace(
        name=NAME, major=8, minor=0, total_memory=_MEMORY_BYTES, multi_processor_count=1, is_integrated=0
    )  # fmt: skip
    answers: dict[str, Any] = {
        "get_device_name": NAME,
        "get_device_capability": (8, 0),
        "get_device_properties": facts,
        "mem_get_info": (_MEMORY_BYTES, _MEMORY_BYTES),
        "memory_summary": "",
        "memory_stats": {},
        "get_arch_list": [],
        "is_bf16_supported": True,
        "can_device_access_peer": False,
    }
    for name, value in answers.items():
        replace(torch.cuda, name, _always(value))
    replace(torch.cuda, "get_rng_state", lambda original: lambda *args, **kwargs: torch.get_rng_state())
    replace(torch.cuda, "get_rng_state_all", lambda original: lambda: [torch.get_rng_state()])
    replace(torch.cuda, "initial_seed", lambda original: torch.initial_seed)
    for name, kind in (("Stream", _Stream), ("Event", _Event), ("device", _Device)):
        setattr(torch.cuda, name, kind)
    replace(torch.cuda, "stream", lambda original: lambda stream=None: contextlib.nullcontext(stream))
    for name in ("current_stream", "default_stream"):
        replace(torch.cuda, name, lambda original: lambda *args, **kwargs: _Stream())


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda original: lambda *args, **kwargs: value


def _replace_mixed_precision() -> None:
    """Autocast and loss scaling for a GPU do nothing: what they speed up there would only be slower here."""

    def make_autocast(original: Any) -> Any:
        def init(self: Any, device_type: Any, *args: Any, **kwargs: Any) -> None:
            if _kind(device_type) in {"cuda", "mps"}:
                original(self, "cpu", enabled=False)
            else:
                original(self, device_type, *args, **kwargs)

        return init

    def make_scaler(original: Any) -> Any:
        def init(self: Any, device: Any = "cuda", *args: Any, **kwargs: Any) -> None:
            if _kind(device) in {"cuda", "mps"}:
                args, kwargs = (), {"enabled": False}
            original(self, device, *args, **kwargs)

        return init

    replace(torch.autocast, "__init__", make_autocast)
    replace(torch.amp.GradScaler, "__init__", make_scaler)


def _kind(device: Any) -> str:
    return str(getattr(device, "type", device)).partition(":")[0]


def _replace_legacy_types() -> None:
    for name in _LEGACY:
        setattr(torch.cuda, name, getattr(torch, name))

    def make(original: Any) -> Any:
        def set_default(kind: Any) -> None:
            original(kind.replace("torch.cuda.", "torch.") if isinstance(kind, str) else kind)

        return set_default

    replace(torch, "set_default_tensor_type", make)
