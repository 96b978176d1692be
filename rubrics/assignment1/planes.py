"""Question 1e: arrays that may be maps, as planes."""

from __future__ import annotations

import numpy as np

from grader.probe.types import Array
from rubrics.assignment1.images import FloatArray

SEVERAL = (2, 4, 5, 6, 7, 8)
"""How many maps may come at once, of pictures or classes; three planes are colours."""


def as_plane(array: Array, extents: set[tuple[int, int]], sizes: set[int]) -> FloatArray | None:
    """An array as one plane (H, W), the first of several, None when it is something else."""
    values = array
    if values.dtype.kind not in "biuf":
        return None
    squeezed = values.squeeze()
    if squeezed.ndim == 1 and squeezed.size in sizes:
        k, m = next(extent for extent in extents if extent[0] * extent[1] == squeezed.size)
        return squeezed.reshape(k, m).astype(np.float64)
    if (
        squeezed.ndim == 3
        and squeezed.shape[-1] == 3
        and (squeezed[..., 0] == squeezed[..., 1]).all()
        and (squeezed[..., 0] == squeezed[..., 2]).all()
    ):
        return squeezed[..., 0].astype(np.float64)
    if (
        squeezed.ndim == 3
        and squeezed.shape[0] == 3
        and (squeezed[0] == squeezed[1]).all()
        and (squeezed[0] == squeezed[2]).all()
    ):
        first: FloatArray = squeezed[0].astype(np.float64)
        return first
    if (
        squeezed.ndim == 3
        and len(squeezed) in SEVERAL
        and (squeezed.shape[1:] in extents or min(squeezed.shape[1:]) >= 16)
    ):
        squeezed = squeezed[0]
    if (
        squeezed.ndim != 2
        or min(squeezed.shape) < 4
        or squeezed.shape == (1000, 512)
        or max(squeezed.shape) > 5 * min(squeezed.shape)
    ):
        return None
    return squeezed.astype(np.float64)
