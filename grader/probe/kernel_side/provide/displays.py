"""Libraries that draw, print or log: where they are not installed, what they are asked for simply does not appear.

A cell that imports one of them among others would fail, and with it all that the cells behind it need. Nothing that is
graded comes from these libraries.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

_LIBRARIES = ("mlflow", "plotly", "seaborn", "tensorboardX", "torchinfo", "torchsummary", "torchviz", "wandb")
_NEEDING = {"torch.utils.tensorboard": "tensorboard"}
"""Module → the library that it needs."""


def install() -> None:
    """Makes the libraries importable; installed ones win."""
    sys.meta_path.append(_Finder(lambda name: name.partition(".")[0] in _LIBRARIES))
    absent = {name for name, library in _NEEDING.items() if importlib.util.find_spec(library) is None}
    if absent:
        sys.meta_path.insert(0, _Finder(absent.__contains__))


class Nothing:
    """Can be called, entered and asked for parts; there is never anything in it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Itself again; a function that it decorates stays what it is."""
        return args[0] if len(args) == 1 and not kwargs and callable(args[0]) else self

    def __getattr__(self, name: str) -> Any:
        """Itself again, but for names that only the interpreter and the recorder ask for."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __enter__(self) -> Nothing:
        """Itself again."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Lets exceptions pass."""

    def __iter__(self) -> Iterator[Any]:
        """Over nothing."""
        return iter(())

    def __getitem__(self, key: Any) -> Any:
        """Itself again."""
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        """Forgets the value."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if self._wanted(fullname) else None

    def exec_module(self, module: ModuleType) -> None:
        nothing = Nothing()

        def part(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return nothing

        module.__getattr__ = part  # type: ignore[method-assign]
