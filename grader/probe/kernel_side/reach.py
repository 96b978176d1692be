"""Finds what can be reached from the notebook's globals, functions and recorded calls."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from .instrument import Instrument
from .session import Session

MAX_NODES = 60_000
CHILDREN_OF_CONTAINERS = 400


def walk(session: Session, instrument: Instrument) -> Iterator[tuple[str, Any]]:
    """Yields ``(readable path, object)``, each object once, nearest first."""
    seen: set[int] = set()
    level: list[tuple[str, Any]] = list(session.globals().items())
    for site in instrument.functions:
        for record in reversed(site.calls()):
            level += [(f"{site.name}(…{name})", thing) for name, thing in record.args.items()]
            level += [(f"{site.name}: {name}", thing) for name, thing in record.local_values.items()]
            level.append((f"{site.name}(…)", record.returned))
    left = MAX_NODES
    for _ in range(5):
        following: list[tuple[str, Any]] = []
        for path, thing in level:
            if id(thing) in seen or left <= 0 or half_made(thing):
                continue
            left -= 1
            seen.add(id(thing))
            yield path, thing
            following += children(path, thing)
        level = following


def half_made(thing: Any) -> bool:
    """Whether something is a module whose class forgot ``super().__init__()``: nothing of it can be looked at."""
    return isinstance(thing, nn.Module) and getattr(thing, "_modules", None) is None


def children(path: str, thing: Any) -> list[tuple[str, Any]]:
    """The objects that an object holds, as far as they may matter."""
    if thing is None or isinstance(thing, (str, bytes, int, float, type, torch.Tensor, np.ndarray, types.ModuleType)):
        return []
    if isinstance(thing, dict):
        return [(f"{path}[{_short(key)}]", item) for key, item in list(thing.items())[:CHILDREN_OF_CONTAINERS]]
    if isinstance(thing, (list, tuple, set, frozenset)):
        return [(f"{path}[{at}]", item) for at, item in enumerate(list(thing)[:CHILDREN_OF_CONTAINERS])]
    if isinstance(thing, types.MethodType):
        return [(f"{path}.__self__", thing.__self__), *children(path, thing.__func__)]
    if isinstance(thing, types.FunctionType):
        return _closure(path, thing)
    if isinstance(thing, nn.Module):
        return _module(path, thing)
    held = getattr(thing, "__dict__", None)
    if not isinstance(held, dict) or type(thing).__module__.split(".")[0] in {
        "pandas",
        "matplotlib",
        "IPython",
        "sklearn",
    }:
        return []
    return [(f"{path}.{name}", item) for name, item in list(held.items())[:CHILDREN_OF_CONTAINERS]]


def _closure(path: str, function: types.FunctionType) -> list[tuple[str, Any]]:
    found = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            found.append((f"{path}<{name}>", cell.cell_contents))
        except ValueError:
            continue
    return found


def _module(path: str, module: nn.Module) -> list[tuple[str, Any]]:
    held = {name: item for name, item in vars(module).items() if not name.startswith("_") and name != "training"}
    found = [(f"{path}.{name}", item) for name, item in held.items()]
    found += [(f"{path}.{name}", part) for name, part in module._modules.items() if part is not None]
    for hook in (
        *module._forward_hooks.values(),
        *module._backward_hooks.values(),
        *module._forward_pre_hooks.values(),
    ):
        found.append((f"{path}<hook>", hook))
    return found


def _short(key: Any) -> str:
    try:
        return repr(key)[:40]
    except Exception:
        return "…"
