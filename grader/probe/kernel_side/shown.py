"""Notes the arrays that picture functions are given, once their library is imported."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from .recorder import Recorder


def install_pictures(recorder: Recorder) -> None:
    """Watches ``matplotlib``'s ``imshow`` and ``PIL``'s ``fromarray``."""
    watched: dict[str, Callable[[ModuleType], None]] = {
        "matplotlib.axes._axes": lambda module: _watch_axes(module, recorder),
        "PIL.Image": lambda module: _watch_pil(module, recorder),
    }
    for name, patch in list(watched.items()):
        if name in sys.modules:
            patch(sys.modules[name])
            del watched[name]
    if watched:
        sys.meta_path.insert(0, _AfterImport(watched))


def _watch_axes(module: ModuleType, recorder: Recorder) -> None:
    original = module.Axes.imshow

    @functools.wraps(original)
    def imshow(self: Any, *args: Any, **kwargs: Any) -> Any:
        value = args[0] if args else kwargs.get("X")
        recorder.show("imshow", value, kwargs.get("alpha"))
        return original(self, *args, **kwargs)

    module.Axes.imshow = imshow


def _watch_pil(module: ModuleType, recorder: Recorder) -> None:
    original = module.fromarray

    @functools.wraps(original)
    def fromarray(thing: Any, *args: Any, **kwargs: Any) -> Any:
        recorder.show("pil", thing)
        return original(thing, *args, **kwargs)

    module.fromarray = fromarray  # type: ignore[attr-defined]


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function with a module right after its import."""

    def __init__(self, watched: dict[str, Callable[[ModuleType], None]]) -> None:
        self.watched = watched

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        patch = self.watched.pop(name, None)
        if patch is None:
            return None
        spec = importlib.util.find_spec(name) if path is None else importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def executed(module: ModuleType) -> None:
            execute(module)
            patch(module)

        spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec
