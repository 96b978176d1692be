"""Leaves a real GPU once the notebook has run: its tensors come to the CPU, and what asks for a GPU stays there.

Probes then compute as on a machine without a GPU: they need not know where a network is, and results are the same.
What was on the GPU keeps saying so (see ``devices``). Done in place, since a notebook's objects hold each other by
reference: a network, its optimizer, captured feature maps and closures go on together.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import Any

import torch
from torch import nn
from torch.utils import _device

from . import devices
from .moves import FAR, Note, tag
from .patching import substitute

_MOST_BYTES = 2 * 2**30
"""The memory of a sandbox must hold what is brought; what is beyond it stays on the GPU."""

_MOST_NODES = 2_000
"""So much of a graph is looked at; nearly every node has kept something."""


def land(namespace: dict[str, Any], note: Note) -> None:
    """Brings all tensors of this process to the CPU and redirects requests for a GPU from now on.

    Args:
        namespace: The notebook's variables; functions of PyTorch in it that are redirected are exchanged.
        note: As for ``devices.install``.
    """
    _Landing().bring(gc.get_objects())
    with contextlib.suppress(RuntimeError):
        torch.cuda.empty_cache()
    _deny()
    devices.install(note)
    for names in (namespace, *_own_modules()):
        substitute(names)
        _exchange_generators(names)


def holds_graph() -> bool:
    """Whether something on a GPU can still be back-propagated through: such a graph cannot be brought along."""
    tensors = (thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor))
    return any(tensor.grad_fn is not None and is_alive(tensor.grad_fn) for tensor in tensors if _is_far(tensor))


def is_alive(root: Any) -> bool:
    """Whether a node of a graph, or one behind it, still has the tensors that its derivative needs."""
    seen, waiting = {root}, [root]
    while waiting and len(seen) < _MOST_NODES:
        node = waiting.pop()
        try:
            if any(isinstance(getattr(node, name), torch.Tensor) for name in dir(node) if name.startswith("_saved_")):
                return True
        except RuntimeError:  # freed; then the whole graph is
            return False
        following = {after for after, _ in node.next_functions if after is not None} - seen
        seen |= following
        waiting += following
    return False


class _Landing:
    """One way to the CPU; tensors that share memory still do so afterwards."""

    def __init__(self) -> None:
        self._storages: dict[int, torch.UntypedStorage] = {}
        self._left_bytes = _MOST_BYTES

    def bring(self, objects: list[Any]) -> None:
        """Brings tensors, parameters of networks first, and settles what remembers a device."""
        tensors = [thing for thing in objects if issubclass(type(thing), torch.Tensor)]
        modules = [thing for thing in objects if issubclass(type(thing), nn.Module)]
        far = [module for module in modules if any(map(_is_far, module.parameters()))]
        owned = [tensor for module in modules for tensor in (*module.parameters(), *module.buffers())]
        for tensor in (*owned, *tensors):
            self._bring(tensor)
        for module in far:
            tag(module)
        for thing in objects:
            _settle(thing)

    def _bring(self, tensor: torch.Tensor) -> None:
        if not _is_far(tensor):
            return
        grad = tensor.grad if tensor.is_leaf else None
        with contextlib.suppress(RuntimeError), torch.no_grad():
            tensor.data = self._copy(tensor.data)
            tag(tensor)
        if grad is not None:
            self._bring(grad)

    def _copy(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.layout is not torch.strided or tensor.is_quantized:
            return tensor.cpu()
        storage = tensor.untyped_storage()
        known = self._storages.get(storage.data_ptr()) if storage.data_ptr() else None
        if known is None:
            if storage.nbytes() > self._left_bytes:
                return self._cut(tensor)
            known = storage.cpu()  # type: ignore[no-untyped-call]
            self._left_bytes -= storage.nbytes()
            self._storages[storage.data_ptr()] = known
        return torch.empty(0, dtype=tensor.dtype).set_(
            known, tensor.storage_offset(), tensor.size(), tensor.stride()
        )  # fmt: skip

    def _cut(self, tensor: torch.Tensor) -> torch.Tensor:
        """A part alone of what is too big as a whole."""
        size = tensor.numel() * tensor.element_size()
        if size > self._left_bytes:
            message = "no memory is left"
            raise RuntimeError(message)
        self._left_bytes -= size
        return tensor.cpu()


def _is_far(tensor: torch.Tensor) -> bool:
    with contextlib.suppress(RuntimeError):
        return tensor.device.type in FAR
    return False


def _settle(thing: Any) -> None:
    """Makes what remembers a device forget it."""
    kind = type(thing)
    if issubclass(kind, torch.amp.GradScaler):
        thing._enabled = False  # as it is when a notebook runs without a GPU
    elif issubclass(kind, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        thing.device_ids = []
    elif issubclass(kind, _device.DeviceContext) and thing.device.type in FAR:
        thing.device, thing._grader_far = torch.device("cpu"), True


def _deny() -> None:
    """PyTorch's own code sees no GPU any more; the notebook's code is answered by ``devices``."""
    owners = [torch.cuda, torch.mps, torch.backends.mps, getattr(torch, "accelerator", None)]
    for owner in filter(None, owners):
        for name, answer in (("is_available", False), ("device_count", 0), ("current_accelerator", None)):
            if hasattr(owner, name):
                setattr(owner, name, lambda *_args, _answer=answer, **_kwargs: _answer)


def _own_modules() -> list[dict[str, Any]]:
    """The variables of the modules that came with the notebook."""
    here = os.getcwd() + os.sep
    files = [(str(getattr(module, "__file__", None) or ""), module) for module in list(sys.modules.values())]
    return [vars(module) for path, module in files if os.path.abspath(path).startswith(here)]


def _exchange_generators(names: dict[str, Any]) -> None:
    for name, thing in list(names.items()):
        if type(thing) is torch._C.Generator and thing.device.type in FAR:
            names[name] = torch._C.Generator("cpu").manual_seed(thing.initial_seed())
