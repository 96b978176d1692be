"""``torch.compile`` gives back what it is given: sandboxes have no compiler, and minutes of compiling teach nothing."""

from __future__ import annotations

from typing import Any

import torch

from .patching import replace


def install() -> None:
    """Replaces ``torch.compile`` and ``nn.Module.compile``."""
    replace(torch, "compile", lambda original: _compile)
    replace(torch.nn.Module, "compile", lambda original: _compile_in_place)


def _compile(model: Any = None, **_: Any) -> Any:
    return (lambda function: function) if model is None else model


def _compile_in_place(self: Any, *_: Any, **__: Any) -> None:
    return None
