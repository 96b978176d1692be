"""Which operation a tensor comes from, told by autograd's graph."""

from __future__ import annotations

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
        name = type(node).__name__.rstrip("0123456789").removesuffix("Backward").lower()
        if name not in _PASSING or not node.next_functions:
            return name
        node = node.next_functions[0][0]
    return ""
