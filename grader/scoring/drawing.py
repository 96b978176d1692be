"""Arrays as pictures of an exhibit."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from grader.exhibits import MAX_PICTURE_BASE64, ShownImage

SIDE = 224
"""Longest side of a picture in pixels; smaller ones are enlarged to it, their pixels left visible."""

# Dark violet over red to light yellow: brightness rises with the value, so that it reads in print and without colours.
_HEAT = np.array([(8, 6, 34), (84, 16, 109), (187, 55, 84), (249, 142, 9), (252, 252, 164)], dtype=np.float64)
_QUALITIES = (85, 70, 50, 30)

Numbers = npt.NDArray[Any]


def photograph(label: str, pixels: Numbers, *, reference: bool = False) -> ShownImage:
    """A picture of colours.

    Args:
        label: What it shows.
        pixels: (H, W, 3), values in [0, 1]; what lies outside is clipped.
        reference: Whether it is the reference's.
    """
    shown = np.clip(np.nan_to_num(np.asarray(pixels, dtype=np.float64)), 0, 1)
    return _encoded(label, Image.fromarray((255 * shown).round().astype(np.uint8)), reference=reference)


def heat_map(label: str, values: Numbers, *, reference: bool = False) -> ShownImage:
    """A picture of a map: the smallest value is dark, the largest one light.

    Args:
        label: What it shows.
        values: (H, W).
        reference: Whether it is the reference's.
    """
    plane = np.nan_to_num(np.asarray(values, dtype=np.float64))
    low, high = min(0.0, float(plane.min())), float(plane.max())
    scaled = (plane - low) / (high - low) if high > low else np.zeros_like(plane)
    place = scaled * (len(_HEAT) - 1)
    colours = np.stack([np.interp(place, np.arange(len(_HEAT)), _HEAT[:, at]) for at in range(3)], axis=-1)
    return _encoded(label, Image.fromarray(colours.round().astype(np.uint8)), reference=reference)


def _encoded(label: str, image: Image.Image, *, reference: bool) -> ShownImage:
    factor = SIDE / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    if factor < 1:
        image = image.resize(size, Image.Resampling.BILINEAR)
    elif factor > 2:
        image = image.resize(size, Image.Resampling.NEAREST)
    few = image.getcolors(256) is not None
    for quality in _QUALITIES:
        out = io.BytesIO()
        if few:
            image.save(out, "PNG", optimize=True)
        else:
            image.save(out, "JPEG", quality=quality)
        text = base64.b64encode(out.getvalue()).decode("ascii")
        if len(text) <= MAX_PICTURE_BASE64:
            break
    return ShownImage(
        label=label,
        mime="image/png" if few else "image/jpeg",
        base64=text,
        width=image.width,
        height=image.height,
        reference=reference,
    )
