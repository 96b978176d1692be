"""A picture to look at: an animal-like figure left of the middle, on a meadow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 500, 375
"""Size in pixels; not square, since students forget that pictures need not be."""


def meadow(path: Path) -> None:
    """Writes the picture as an RGB JPEG."""
    draw(seed=31).save(path, format="JPEG", quality=92)


def draw(seed: int) -> Image.Image:
    """Draws the picture, 500 × 375 RGB.

    Args:
        seed: Seed of the texture and of what lies around.
    """
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(_landscape(rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = int(rng.integers(WIDTH)), int(rng.integers(240, HEIGHT))
        pen.ellipse((x - 3, y - 2, x + 3, y + 2), fill=tuple(int(v) for v in rng.integers(120, 255, 3)))
    _figure(pen)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float64)
    grain = rng.normal(0, 7, soft.shape)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def _landscape(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Sky, hills and grass (375, 500, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    sky = np.stack([120 + 0.3 * y, 165 + 0.2 * y, 225 - 0.1 * y], axis=2)
    grass = np.stack([70 + 0.1 * y, 120 + 0.08 * y, 45 + 0.02 * x], axis=2)
    horizon = 190 + 18 * np.sin(x / 70.0) + 8 * np.sin(x / 23.0 + 1.0)
    blades = rng.normal(0, 18, (HEIGHT, WIDTH, 1)) * (y[..., None] > 190)
    scene = np.where((y > horizon)[..., None], grass + blades, sky)
    pixels: npt.NDArray[np.uint8] = np.clip(scene, 0, 255).astype(np.uint8)
    return pixels


def _figure(pen: ImageDraw.ImageDraw) -> None:
    """A brown animal that looks to the left."""
    coat, shade, snout = (146, 92, 48), (104, 62, 30), (222, 190, 150)
    pen.ellipse((110, 170, 270, 290), fill=coat)
    for left in (125, 160, 215, 243):
        pen.rectangle((left, 260, left + 18, 335), fill=shade)
    pen.line([(262, 205), (300, 160), (308, 120)], fill=coat, width=12)
    pen.ellipse((60, 95, 165, 205), fill=coat)
    pen.polygon([(75, 115), (62, 55), (108, 98)], fill=shade)
    pen.polygon([(125, 100), (160, 55), (158, 125)], fill=shade)
    pen.ellipse((55, 145, 112, 195), fill=snout)
    pen.ellipse((62, 150, 82, 166), fill=(30, 22, 18))
    for left in (85, 120):
        pen.ellipse((left, 125, left + 14, 139), fill=(20, 20, 20))
        pen.ellipse((left + 3, 127, left + 7, 131), fill=(250, 250, 250))
    pen.rectangle((140, 190, 168, 202), fill=(190, 40, 50))
