"""Which operation a tensor comes from, told by autograd's graph."""

from __future__ import annotations

import functools

import torch

_PASSING = {
    "alias",
    "asstrided",
    "cat",
    "clone",
    "expand",
    "index",
    "permute",
    "reshapealias",
    "select",
    "slice",
    "squeeze",
    "stack",
    "t",
    "tocopy",
    "transpose",
    "unbind",
    "unsafeview",
    "unsqueeze",
    "view",
}
"""Operations that hand values on as they are."""


def produced_by(tensor: object) -> str:
    """Name of the last operation that changed values, like ``sigmoid`` or ``addmm``; ``""`` without a graph."""
    if not isinstance(tensor, torch.Tensor):
        return ""
    node = tensor.grad_fn
    for _ in range(12):
        if node is None:
            return ""
        name = _operation(type(node).__name__)
        if name not in _PASSING or not node.next_functions:
            return name
        node = node.next_functions[0][0]
    return ""


@functools.cache
def _operation(node: str) -> str:
    return node.rstrip("0123456789").removesuffix("Backward").lower()
