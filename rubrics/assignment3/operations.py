"""Recorded operations, before layers are read from them: those that count, and what others amount to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "matmul", "linear"}
Operation = Mapping[str, Any]


def consumed(ops: Sequence[Operation]) -> list[Operation]:
    """The operations without those whose result is thrown away, as that of a bare ``F.relu(x)`` is.

    A result that is never seen again may have changed its number on the way; it is thrown away only where what it was
    made of goes on in its place.

    Args:
        ops: What ``evaluate`` recorded, in order.
    """
    last = {number: at for at, op in enumerate(ops) for number in op.get("inputs") or () if number is not None}

    def used(at: int, op: Operation) -> bool:
        given, made = list(op.get("inputs") or ())[:1], list(op.get("outputs") or ())
        passed = not given or last.get(given[0], -1) <= at
        return passed or not made or bool(set(given) & set(made)) or any(last.get(number, -1) > at for number in made)

    return [op for at, op in enumerate(ops) if used(at, op)]


def contracted(ops: Sequence[Operation]) -> Iterator[Operation]:
    """The operations, each product with unfolded patches as a convolution, each maximum over tiles as a pooling.

    Args:
        ops: What ``evaluate`` recorded, in order.
    """
    unfolded: Operation | None = None
    for op in ops:
        name = str(op.get("op"))
        if name == "im2col":
            unfolded = op
            continue
        made = _convolution(unfolded, op) if unfolded is not None and name in _PRODUCTS else None
        if made is not None:
            unfolded = None
            yield made
        else:
            yield (_pooling(op) if name == "amax" else None) or op


def _shapes(op: Operation, key: str) -> list[tuple[int, ...]]:
    return [tuple(shape) for shape in op.get(key) or () if shape is not None]


def _convolution(unfolded: Operation, product: Operation) -> Operation | None:
    """What a product with patches amounts to, when one of its factors is a matrix of kernels."""
    settings = [_two(arg) for arg in unfolded.get("args") or () if isinstance(arg, list)]
    images = next(iter(_shapes(unfolded, "shapes_in")), ())
    columns = next(iter(_shapes(unfolded, "shapes_out")), ())
    if len(settings) < 4 or len(images) != 4 or len(columns) != 3:
        return None
    kernel, dilation, padding, stride = settings[:4]
    size = images[1] * math.prod(kernel)
    places = {columns[2], columns[0] * columns[2]}
    for shape in _shapes(product, "shapes_in"):
        others = [shape[-1 - at] for at in (0, 1) if len(shape) > 1 and shape[-2 + at] == size]
        if others and not places & set(others):
            height, width = (
                (images[2 + at] + 2 * padding[at] - dilation[at] * (kernel[at] - 1) - 1) // stride[at] + 1
                for at in (0, 1)
            )
            return {
                "op": "convolution",
                "shapes_in": [images, (others[0], images[1], *kernel)],
                "shapes_out": [(images[0], others[0], height, width)],
                "args": [None, None, None, stride, padding, dilation],
            }
    return None


def _two(given: list[int]) -> list[int]:
    return given * 2 if len(given) == 1 else given


def _pooling(op: Operation) -> Operation | None:
    """What a maximum over two of six dimensions amounts to: tiles of rows and columns."""
    given = next(iter(_shapes(op, "shapes_in")), ())
    dims = next((arg for arg in op.get("args") or () if isinstance(arg, list)), [])
    if len(given) != 6 or len(dims) != 2:
        return None
    tile = [given[at] for at in sorted(at % 6 for at in dims)]
    batch, channels, height, width = (size for at, size in enumerate(given) if at not in {dim % 6 for dim in dims})
    return {
        "op": "max_pool2d",
        "shapes_in": [(batch, channels, height * tile[0], width * tile[1])],
        "shapes_out": [(batch, channels, height, width)],
        "args": [None, tile, tile],
    }
