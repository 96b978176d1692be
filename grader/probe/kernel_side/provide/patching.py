"""Replacing functions, now or when their module is imported."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Patch = Callable[[ModuleType], None]

_replaced: dict[int, tuple[Any, Any]] = {}
"""Identity of an original → it and what replaced it."""


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Sets ``owner.name`` to what ``make`` makes of the original; nothing happens where there is none.

    Args:
        owner: A module or class.
        name: The function's name.
        make: Gets the original, returns the replacement.
    """
    original = getattr(owner, name, None)
    if original is None:
        return
    replacement = make(original)
    if callable(original) and not isinstance(replacement, (type, property)):
        replacement = functools.wraps(original)(replacement)
    _replaced[id(original)] = original, replacement
    setattr(owner, name, replacement)


def substitute(names: dict[str, Any]) -> None:
    """Puts replacements where variables hold originals that were imported before."""
    for name, thing in list(names.items()):
        if (known := _replaced.get(id(thing))) is not None:
            names[name] = known[1]


def when_imported(name: str, patch: Patch) -> None:
    """Calls ``patch(module)`` at once when the module is imported already, else right after its import."""
    module = sys.modules.get(name)
    if module is not None:
        patch(module)
    else:
        _finder().waiting.setdefault(name, []).append(patch)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the other finders find a module, and has patches applied once it is executed."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Patch]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patches = self.waiting.pop(fullname, None)
        if patches is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                _patch_after(spec.loader, patches)
                return spec
        self.waiting[fullname] = patches
        return None


def _patch_after(loader: Any, patches: list[Patch]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        for patch in patches:
            patch(module)

    loader.exec_module = exec_module


def _finder() -> _Finder:
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            return finder
    made = _Finder()
    sys.meta_path.insert(0, made)
    return made
