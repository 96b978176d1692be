"""Parts of ``torchvision`` that a notebook reaches without importing them.

``torchvision.models.feature_extraction`` and ``torchvision.transforms.v2`` are there only once anything has imported
them, and whether it has depends on versions and on what ran before. No mark shall depend on that.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from .patching import when_imported

PARTS = {
    "torchvision.models": ("feature_extraction", "detection", "segmentation", "quantization", "video"),
    "torchvision.transforms": ("v2", "functional"),
}


def install() -> None:
    """Lets each part be imported when it is first asked for."""
    for name, parts in PARTS.items():
        when_imported(name, lambda module, parts=parts: _import_on_demand(module, parts))  # type: ignore[misc]


def _import_on_demand(module: ModuleType, parts: tuple[str, ...]) -> None:
    def missing(name: str) -> Any:
        if name in parts:
            return importlib.import_module(f"{module.__name__}.{name}")
        message = f"module {module.__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=module)

    if "__getattr__" not in vars(module):
        module.__getattr__ = missing  # type: ignore[method-assign]
