"""Batches of images that a data set forgot to convert, as the float tensors that a network needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data._utils import fetch


@contextlib.contextmanager
def float_images() -> Iterator[None]:
    """Within it, loaders deliver images as floats in [0, 1]: pictures, arrays and tensors of whole numbers, too."""
    original = fetch._MapDatasetFetcher.fetch

    def fetched(self: Any, index: Any) -> Any:
        if not self.auto_collation:
            return floats(original(self, index))  # type: ignore[no-untyped-call]
        return floats(self.collate_fn([floats(self.dataset[at]) for at in index]))

    fetch._MapDatasetFetcher.fetch = fetched  # type: ignore[method-assign]
    try:
        yield
    finally:
        fetch._MapDatasetFetcher.fetch = original  # type: ignore[method-assign]


def floats(thing: Any) -> Any:
    """A value with its images as floats; everything else stays what it is."""
    if isinstance(thing, (list, tuple)):
        return [floats(item) for item in thing]
    if isinstance(thing, dict):
        return {key: floats(item) for key, item in thing.items()}
    if hasattr(thing, "getbands"):  # a PIL image
        return torch.from_numpy(_channels_first(np.asarray(thing.convert("RGB"))) / np.float32(255))
    if isinstance(thing, torch.Tensor) and thing.ndim > 2 and not thing.is_floating_point():
        return thing.float() / 255
    if isinstance(thing, np.ndarray) and thing.ndim > 2 and thing.dtype.kind in "iu":
        return _channels_first(thing).astype(np.float32) / 255
    return thing


def _channels_first(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 and pixels.shape[-1] in {1, 3} else pixels
