"""Notes what training did: calls of networks, losses, gradients, optimizer steps, passes over loaders, prints.

Root calls of modules are seen through ``nn.Module.__call__`` and not through the global module hooks: any
global hook sends every submodule's call down the slow path, which costs a character-wise recurrent network far more
than the one comparison made here.
"""

from __future__ import annotations

import functools
import math
import sys
import weakref
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from .anatomy import Anatomies, Anatomy, any_gradient
from .batches import address, label_place, nature, tensors_in
from .budget import Budget
from .describe import to_array, was_moved
from .origin import produced_by
from .packed import Packed
from .session import Session

MAX_EVENTS = 400_000
MAX_PRINTED = 2_000_000
MAX_KEPT_CALLS, MAX_KEPT_IN_TRAINING = 64, 16
"""Calls of a network after which values are no longer kept, before and since anything is trained; events go on."""


Moved = tuple[list[torch.Tensor], list[int], list[int]]
"""Parameters of an optimizer, numbers of the called networks that hold some, and how many of each no optimizer has."""


@dataclass
class RootCall:
    """A call of a module that was not made by another module."""

    serial: int
    module: nn.Module
    cell: int | None
    training: bool
    norm_training: bool
    grad: bool
    inputs: list[Any]
    output: Any
    moved: bool
    in_function: str | None
    error: dict[str, Any] | None = None


@dataclass
class RootCalls:
    """The first and last root calls of a module."""

    count: int = 0
    first: list[RootCall] = field(default_factory=list)
    last: deque[RootCall] = field(default_factory=lambda: deque(maxlen=4))


class Recorder:
    """Keeps the events; ``docs/probes.md`` lists their layout."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.budget = Budget(session)
        self.anatomies = Anatomies()
        self.events: list[dict[str, Any]] = []
        self.packed = Packed()
        self.calls: dict[int, RootCalls] = defaultdict(RootCalls)
        self.loaders: list[Any] = []
        self.optimizers: list[Any] = []
        self.iterations: dict[int, int] = defaultdict(int)
        self._label_places: dict[int, int] = {}
        self.shown: list[dict[str, Any]] = []
        self.hooks: list[dict[str, Any]] = []
        self.pictures: list[dict[str, Any]] = []
        self.enabled = True
        self.depth = 0
        self.stop: Callable[[], None] | None = None
        self._printed = 0
        self._last: Anatomy | None = None
        self._moved: dict[int, tuple[tuple[int, int, int], Moved]] = {}
        self._batches: deque[tuple[int, set[int], int]] = deque(maxlen=4)
        self._outputs: deque[tuple[int, int, int]] = deque(maxlen=8)
        # Not the losses themselves, which would keep whole graphs alive.
        self._losses: deque[tuple[int, weakref.ref[Any], float | None]] = deque(maxlen=8)
        self._watched: tuple[tuple[int, int, Anatomy | None], list[torch.Tensor]] | None = None
        self._unjudged: list[dict[str, Any]] = []

    # -- events -------------------------------------------------------------------------------------------------

    def emit(self, kind: str, **keys: Any) -> int:
        """Appends an event and returns its serial number."""
        serial = self.session.serial()
        if self.enabled and len(self.events) < MAX_EVENTS:
            self.events.append({"e": kind, "s": serial, "cell": self.session.cell, **keys})
        return serial

    def pack(self, thing: Any) -> dict[str, Any] | None:
        """Puts a tensor's values into the packed array; None when it is too big or the array is full."""
        known = self.enabled and isinstance(thing, torch.Tensor) and not torch._C._functorch.is_batchedtensor(thing)
        return self.packed.add(thing) if known else None

    def trace(self, since: int) -> list[dict[str, Any]]:
        """The events after a serial number."""
        for event in self._unjudged:
            event["input_is"] = nature(self.packed.values(event["input"]))
        self._unjudged.clear()
        return [event for event in self.events if event["s"] > since]

    def printed(self, text: str) -> None:
        """Notes text written to a stream; texts without an event between them become one."""
        if not self.enabled or self._printed > MAX_PRINTED or not isinstance(text, str):
            return
        text = text[: MAX_PRINTED - self._printed]
        self._printed += len(text)
        last = self.events[-1] if self.events else None
        if last is not None and last["e"] == "print" and len(last["text"]) < 4_000:
            last["text"] += text
        else:
            self.emit("print", text=text)

    # -- modules ------------------------------------------------------------------------------------------------

    def root_call(self, original: Callable[..., Any], module: nn.Module, args: Any, kwargs: Any) -> Any:
        """Runs a root call of ``module`` and notes it."""
        self.depth = 1
        anatomy = self.anatomies.of(module)
        flags = anatomy.flags()
        given = (*args, *kwargs.values()) if kwargs else args
        kept = [_brief(thing) for thing in given] if self.calls[id(module)].count < self._max_kept_calls() else []
        try:
            output = original(module, *args, **kwargs)
        except Exception as fault:
            self.depth = 0
            self._note_call(module, flags, kept, None, self.session.error(fault))
            raise
        finally:
            self.depth = 0
        self._note_call(module, flags, kept, output, None)
        self._note_forward(anatomy, flags, [thing for thing in given if isinstance(thing, torch.Tensor)], output)
        return output

    def _note_call(self, module: nn.Module, flags: tuple[bool, bool], kept: list[Any], output: Any, error: Any) -> None:
        if not self.enabled:
            return
        calls = self.calls[id(module)]
        calls.count += 1
        if error is None and calls.count > self._max_kept_calls():
            return
        self.session.number(module)
        call = RootCall(
            self.session.serial(),
            module,
            self.session.cell,
            *flags,
            torch.is_grad_enabled(),
            kept,
            _brief(output),
            any(was_moved(thing) for thing in kept),
            _own_function(self.session),
            error,
        )
        (calls.first if len(calls.first) < 12 else calls.last).append(call)

    def _max_kept_calls(self) -> int:
        return MAX_KEPT_IN_TRAINING if self._moved else MAX_KEPT_CALLS

    def _note_forward(self, anatomy: Anatomy, flags: tuple[bool, bool], given: list[torch.Tensor], output: Any) -> None:
        outputs = [thing for thing in tensors_in(output) if thing.is_floating_point()]
        first = outputs[0] if outputs else None
        grad = torch.is_grad_enabled()
        if grad:
            self._last = anatomy
        serial = self.emit(
            "forward",
            module=self.session.number(anatomy.module),
            in_shapes=[list(thing.shape) for thing in given],
            training=flags[0],
            norm_training=flags[1],
            grad=grad,
            out_shapes=[list(thing.shape) for thing in outputs],
            out=self.pack(first),
            produced_by=produced_by(first),
            batch=self._batch_of(given),
            moved=any(was_moved(thing) for thing in given),
            parameters_moved=anatomy.moved(),
        )
        for thing in outputs:
            self._outputs.append((serial, address(thing), thing.numel()))
        if self.stop is not None:
            self.stop()

    def _batch_of(self, given: list[torch.Tensor]) -> int | None:
        for thing in given:
            pointer = address(thing)
            for serial, pointers, _ in reversed(self._batches):
                if pointer in pointers:
                    return serial
        for thing in given:
            for serial, _, size in reversed(self._batches):
                if thing.ndim and size in tuple(thing.shape[:2]):
                    return serial
        return None

    # -- losses and gradients -----------------------------------------------------------------------------------

    def loss(self, name: str, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Runs a loss function and notes what it was given."""
        value = original(*args, **kwargs)
        if not self.enabled:
            return value
        given = list(args) + [kwargs[key] for key in ("input", "target") if key in kwargs]
        if len(given) >= 2 and isinstance(given[0], torch.Tensor) and isinstance(given[1], torch.Tensor):
            logits, target = given[0], given[1]
            number, packed = _number(value), self.pack(logits)
            serial = self.emit(
                "loss",
                fn=name,
                in_shape=list(logits.shape),
                target_shape=list(target.shape),
                target_dtype=_dtype(target.dtype),
                value=number,
                reduction=str(kwargs.get("reduction", "mean")),
                input_is="logits" if packed is not None else nature(to_array(logits)),
                produced_by=produced_by(logits),
                input=packed,
                target=self.pack(target),
                forward=self._forward_of(logits),
            )
            self._losses.append((serial, weakref.ref(value), number))
            if packed is not None and logits.is_floating_point() and self.events[-1]["s"] == serial:
                self._unjudged.append(self.events[-1])
        return value

    def _forward_of(self, thing: torch.Tensor) -> int | None:
        pointer = address(thing)
        for serial, known, _ in reversed(self._outputs):
            if known == pointer:
                return serial
        return self._outputs[-1][0] if self._outputs and thing.requires_grad else None

    def backward(self, tensors: Any) -> None:
        """Notes that gradients are about to be computed from ``tensors``."""
        thing = tensors[0] if isinstance(tensors, (list, tuple)) and tensors else tensors
        if not isinstance(thing, torch.Tensor):
            return
        loss, number = next(
            ((at, number) for at, value, number in reversed(self._losses) if value() is thing), (None, None)
        )
        if loss is None and self._losses and self._losses[-1][0] > (self._outputs[-1][0] if self._outputs else 0):
            loss = self._losses[-1][0]
        self.emit(
            "backward",
            value=_number(thing) if number is None else number,
            grad_fn=type(thing.grad_fn).__name__ if thing.grad_fn else "",
            clean=not any_gradient(self._parameters()),
            loss=loss,
            forward=self._outputs[-1][0] if self._outputs else None,
        )

    def _parameters(self) -> list[torch.Tensor]:
        """Those of all optimizers, and of the network that was called last, which may be nobody's."""
        state = self.anatomies.generation, len(self.optimizers), self._last
        if self._watched is None or self._watched[0] != state:
            moved = [p for optimizer in self.optimizers for group in optimizer.param_groups for p in group["params"]]
            known = set(map(id, moved))
            called = self._last.parameters if self._last else ()
            self._watched = state, [*moved, *(p for p in called if id(p) not in known)]
        return self._watched[1]

    def step(self, optimizer: Any) -> None:
        """Notes that an optimizer is about to move its parameters."""
        parameters, modules, left = self._moved_by(optimizer)
        number = self.session.number(optimizer)
        self.emit("step", optimizer=number, has_grad=any_gradient(parameters), modules=modules, left_out=left)
        if self.stop is not None:
            self.stop()

    def _moved_by(self, optimizer: Any) -> Moved:
        """What an optimizer moves."""
        state = self.anatomies.generation, len(self.calls), len(optimizer.param_groups) + len(self.optimizers)
        known = self._moved.get(id(optimizer))
        if known is not None and known[0] == state:
            return known[1]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        held = {id(p) for p in parameters}
        called = [calls.first[0].module for calls in self.calls.values() if calls.first]
        moved = [one for module in called if not held.isdisjoint((one := self.anatomies.of(module)).identities)]
        every = {id(p) for one in self.optimizers for group in one.param_groups for p in group["params"]} | held
        found = (
            parameters,
            [self.session.number(one.module) for one in moved],
            [one.left_out(every) for one in moved],
        )
        self._moved[id(optimizer)] = state, found
        return found

    # -- loaders ------------------------------------------------------------------------------------------------

    def iterate(self, loader: Any) -> None:
        """Notes that a pass over a loader begins."""
        self.anatomies.forget()
        self.iterations[id(loader)] += 1
        self.emit("iter", loader=self.session.number(loader), end=False)

    def end_of_pass(self, loader: Any, *, short: bool = False) -> None:
        """Notes that a pass over a loader ends; ``short`` when the time budget cut it."""
        number = self.session.number(loader)
        if short:
            self.emit("iter", loader=number, end=True, short=True, length=_length(loader.dataset))
        else:
            self.emit("iter", loader=number, end=True)

    def batch(self, loader: Any, data: Any) -> None:
        """Notes a batch that a loader delivered."""
        tensors = tensors_in(data)
        if id(loader) not in self._label_places:
            self._label_places[id(loader)] = label_place(tensors)
        place = self._label_places[id(loader)]
        target = tensors[min(place, len(tensors) - 1)] if len(tensors) > 1 else None
        size = int(tensors[0].shape[0]) if tensors and tensors[0].ndim else 0
        serial = self.emit(
            "batch",
            loader=self.session.number(loader),
            shapes=[list(thing.shape) for thing in tensors],
            size=size,
            target=self.pack(target),
            moved=any(was_moved(thing) for thing in tensors),
        )
        self._batches.append((serial, {address(thing) for thing in tensors}, size))

    # -- the rest -----------------------------------------------------------------------------------------------

    def note(self, event: dict[str, Any]) -> None:
        """Takes events of data provisioning: moves to a GPU, opened pictures."""
        if event.get("e") == "move":
            if event.get("what") != "tensor":
                self.anatomies.forget()
            thing = event.get("object")
            number = self.session.number(thing) if isinstance(thing, nn.Module) else None
            if number is not None or event.get("what") == "module":
                self.emit("move", what="module", obj=number)
        elif event.get("e") == "picture" and len(self.pictures) < 200:
            self.pictures.append({key: event.get(key) for key in ("path", "size", "stand_in")})

    def show(self, function: str, value: Any, alpha: Any = None) -> None:
        """Notes an array handed to a picture function."""
        if not self.enabled or len(self.shown) >= 60:
            return
        kept = _brief(value, 1_000_000)
        self.shown.append(
            {
                "function": function,
                "cell": self.session.cell,
                "value": kept,
                "alpha": float(alpha) if isinstance(alpha, (int, float)) else None,
                "serial": self.session.serial(),
            }
        )


def _brief(thing: Any, max_numel: int = 1_000_000) -> Any:
    """A copy of the tensors in a value; others and giants only by reference."""
    if isinstance(thing, torch.Tensor):
        copied = thing.detach().clone() if thing.numel() <= max_numel else thing.detach()
        if was_moved(thing):
            copied._grader_moved = True  # type: ignore[attr-defined]
        return copied
    if isinstance(thing, np.ndarray):
        return thing.copy() if thing.size <= max_numel else thing
    if type(thing) in (list, tuple) and len(thing) <= 32:
        return type(thing)(_brief(item, max_numel) for item in thing)
    if isinstance(thing, dict) and len(thing) <= 32:
        return {key: _brief(item, max_numel) for key, item in thing.items()}
    return thing


def _own_function(session: Session) -> str | None:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename in session.files:
            name = frame.f_code.co_qualname
            return None if name == "<module>" else name
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except (TypeError, NotImplementedError):
        return None


@functools.cache
def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _number(thing: Any) -> float | None:
    try:
        value = float(thing.item()) if isinstance(thing, torch.Tensor) and thing.numel() == 1 else None
    except (RuntimeError, ValueError):
        return None
    return value if value is not None and math.isfinite(value) else None
