"""A look-alike of SVHN: coloured digits on house walls, in the archive format of the original."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

SIDE = 32
"""Height and width of an image, pixels."""

_SCALE = 4
"""Digits are drawn this much larger and shrunk, which smooths their edges."""

_HEADER_BYTES = 116
"""Length of the free text at the start of a MATLAB 5 file; scipy writes the time of day there."""

Point = tuple[float, float]

_STROKES: dict[int, list[list[Point]]] = {
    0: [[(0.5, 0.0), (0.15, 0.2), (0.1, 0.5), (0.15, 0.8), (0.5, 1.0), (0.85, 0.8), (0.9, 0.5), (0.85, 0.2),
         (0.5, 0.0)]],
    1: [[(0.25, 0.2), (0.55, 0.0), (0.55, 1.0)]],
    2: [[(0.1, 0.22), (0.35, 0.0), (0.7, 0.02), (0.88, 0.25), (0.7, 0.55), (0.1, 1.0), (0.92, 1.0)]],
    3: [[(0.12, 0.08), (0.55, 0.0), (0.86, 0.2), (0.75, 0.42), (0.42, 0.48)],
        [(0.42, 0.48), (0.8, 0.58), (0.9, 0.8), (0.55, 1.0), (0.1, 0.9)]],
    4: [[(0.68, 1.0), (0.68, 0.0), (0.08, 0.68), (0.95, 0.68)]],
    5: [[(0.86, 0.0), (0.22, 0.0), (0.16, 0.45), (0.6, 0.4), (0.9, 0.66), (0.7, 0.95), (0.3, 1.0), (0.08, 0.88)]],
    6: [[(0.8, 0.02), (0.4, 0.2), (0.14, 0.6), (0.25, 0.92), (0.55, 1.0), (0.85, 0.85), (0.85, 0.6), (0.55, 0.47),
         (0.18, 0.62)]],
    7: [[(0.08, 0.0), (0.92, 0.0), (0.4, 1.0)]],
    8: [[(0.5, 0.47), (0.18, 0.3), (0.25, 0.06), (0.5, 0.0), (0.75, 0.06), (0.82, 0.3), (0.5, 0.47), (0.12, 0.7),
         (0.25, 0.95), (0.5, 1.0), (0.75, 0.95), (0.88, 0.7), (0.5, 0.47)]],
    9: [[(0.82, 0.38), (0.45, 0.53), (0.15, 0.4), (0.15, 0.15), (0.45, 0.0), (0.75, 0.08), (0.86, 0.4), (0.6, 0.8),
         (0.2, 0.98)]],
}  # fmt: skip
"""Lines of each digit in a box of width and height 1, y downwards."""


def train(path: Path) -> None:
    """Writes the training archive: 600 images."""
    _write(path, 600, seed=11)


def test(path: Path) -> None:
    """Writes the test archive: 200 images."""
    _write(path, 200, seed=12)


def extra(path: Path) -> None:
    """Writes the archive of additional training images: 100."""
    _write(path, 100, seed=13)


def images(count: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draws digits.

    Args:
        count: Number N of images.
        seed: Seed of everything random.

    Returns:
        Images (N, 32, 32, 3), and digits (N,) of 0 to 9 in nearly equal numbers.
    """
    rng = np.random.default_rng(seed)
    digits = rng.permutation(np.arange(count, dtype=np.int64) % 10)
    return np.stack([_draw(int(digit), rng) for digit in digits]), digits


def _write(path: Path, count: int, seed: int) -> None:
    from scipy.io import savemat  # noqa: PLC0415 -- slow to import, and needed only when data are made

    pictures, digits = images(count, seed)
    labels = np.where(digits == 0, 10, digits).astype(np.uint8)[:, None]
    savemat(path, {"X": pictures.transpose(1, 2, 3, 0), "y": labels}, format="5")
    with path.open("r+b") as file:
        file.write(b"MATLAB 5.0 MAT-file, drawn digits in the format of SVHN".ljust(_HEADER_BYTES))


def _draw(digit: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One image (32, 32, 3): wall, parts of neighbouring digits, the digit, light and noise."""
    dark = rng.random() < 0.9  # light digits on dark walls prevail, so that ten short epochs suffice to learn them
    wall = (rng.uniform(10, 90) if dark else rng.uniform(190, 245)) + rng.uniform(-15, 15, 3)
    ink = wall + (1 if dark else -1) * (rng.uniform(110, 165) + rng.uniform(-25, 25, 3))
    canvas = Image.new("RGB", (SIDE * _SCALE, SIDE * _SCALE), _colour(wall))
    pen = ImageDraw.Draw(canvas)
    centre = 16 + rng.uniform(-1.5, 1.5, 2)
    height = rng.uniform(20, 25)
    for side in (-1, 1):
        if rng.random() < 0.3:  # house numbers have several digits, and crops show parts of the neighbours
            place = (centre[0] + side * rng.uniform(17, 20), centre[1])
            _stroke(pen, int(rng.integers(10)), place, height, (_colour(ink), rng))
    _stroke(pen, digit, (centre[0], centre[1]), height, (_colour(ink), rng))
    pixels = np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float64)
    light = np.linspace(-1, 1, SIDE) * rng.uniform(-20, 20)
    pixels = pixels + light[:, None, None] + rng.normal(0, 6, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _stroke(
    pen: ImageDraw.ImageDraw,
    digit: int,
    centre: tuple[float, float],
    height: float,
    style: tuple[tuple[int, int, int], np.random.Generator],
) -> None:
    ink, rng = style
    width = height * rng.uniform(0.5, 0.62)
    slant = rng.uniform(-0.12, 0.12)
    thick = max(round(height * rng.uniform(0.13, 0.19) * _SCALE), 1)
    for line in _STROKES[digit]:
        points = [
            ((centre[0] + (x - 0.5 + slant * (0.5 - y)) * width) * _SCALE, (centre[1] + (y - 0.5) * height) * _SCALE)
            for x, y in line
        ]
        pen.line(points, fill=ink, width=thick, joint="curve")


def _colour(values: npt.NDArray[Any]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(values, 0, 255))
    return red, green, blue
