"""How an array relates to a picture: geometry, scaling, normalization."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from grader.errors import GraderError
from grader.probe import expr
from grader.probe.types import Array, Request
from grader.probe.value import step_values
from grader.scoring import Student
from reference.assignment1 import resize_and_crop
from rubrics.assignment1.evidence import Evidence, entries, gather

FloatArray = npt.NDArray[np.float64]
SHORTER_SIDES = (256, 232, 224, 240, 288, 300)
GOOD_FIT = 0.9
HOPELESS = 0.7
FEW = 28
COARSE = 36


@dataclass(frozen=True, eq=False)
class Fit:
    """An image explained as a·pixel + b of a picture, channel by channel.

    Attributes:
        slopes: a, (3,); pixels count from 0 to 255.
        offsets: b, (3,).
        quality: Squared correlation, the worst channel's.
        geometry: How the picture was brought to the size.
        swapped: Whether the channels are in the order blue, green, red.
        pixels: The picture in that geometry and order, (H, W, 3).
    """

    slopes: FloatArray
    offsets: FloatArray
    quality: float
    geometry: str
    swapped: bool
    pixels: FloatArray


def pictures(student: Student) -> list[npt.NDArray[np.uint8]]:
    """The pictures that the notebook may have opened, (H, W, 3) uint8 each; use it through ``student.find``."""
    evidence = student.find(gather)
    found = _own_pictures(student, evidence)
    with contextlib.suppress(GraderError, KeyError, OSError):
        found.append(np.asarray(student.assets.array("picture"), dtype=np.uint8))
    unique: list[npt.NDArray[np.uint8]] = []
    for picture in found:
        usable = picture.ndim == 3 and picture.shape[2] == 3 and min(picture.shape[:2]) >= 16
        if usable and not any(np.array_equal(picture, other) for other in unique):
            unique.append(picture)
    return unique[:6]


def _own_pictures(student: Student, evidence: Evidence) -> list[npt.NDArray[np.uint8]]:
    paths = [str(entry.get("path")) for entry in entries(evidence.data, "pictures") if not entry.get("stand_in")]
    opened = [
        {
            "slot": f"picture{at}",
            "expr": expr.call(
                expr.attr(expr.call(expr.importing("PIL.Image.open"), [expr.value(path)]), "convert"),
                [expr.value("RGB")],
            ),
        }
        for at, path in enumerate(dict.fromkeys(paths))
        if at < 4
    ]
    found = []
    if opened:
        values = step_values(student.ask(Request("evaluate", {"steps": opened}, timeout_s=60)))
        found = [array for value in values.values() if value is not None and (array := value.array()) is not None]
    # Arrays that look like photographs: the notebook may have made or loaded them in its own way.
    raw = [
        seen
        for seen in evidence.seen
        if seen.array.dtype == np.uint8
        and seen.array.ndim == 3
        and seen.array.shape[2] == 3
        and seen.origin in ("held", "sighting", "argument")
        and seen.array.std() > 5
    ]
    own: list[npt.NDArray[np.uint8]] = []
    for seen in sorted(raw, key=lambda one: (not one.serial, one.serial)):
        if len(own) < 2 and not any(_dimmed(seen.array, other) for other in (*found, *own)):
            own.append(seen.array.astype(np.uint8))
    return [*(array.astype(np.uint8) for array in found), *own]


def _dimmed(array: Array, other: Array) -> bool:
    """Whether an array is another one times a mask, the same for all channels; values above 255 may have wrapped."""
    if array.shape != other.shape:
        return False
    ours, theirs = (one.reshape(-1, 3)[:: max(1, one.size // 9_000)].astype(np.float64) for one in (array, other))
    mask = ours.sum(1) / np.maximum(theirs.sum(1), 1)
    like = (np.abs(ours - mask[:, None] * theirs).max(1) < 2) & (mask < 1.02)
    return bool(like.mean() > 0.6 and (like & (mask < 0.9)).mean() > 0.1)


def channels_last(image: Array) -> FloatArray | None:
    """One image as (H, W, 3) float64, from (B, 3, H, W), (3, H, W) or (H, W, 3); None for other shapes."""
    array = image
    while array.ndim > 3 and array.shape[0] >= 1:
        array = array[0]
    if array.ndim != 3:
        return None
    if array.shape[2] == 3:
        return array.astype(np.float64)
    if array.shape[0] == 3:
        return np.moveaxis(array, 0, -1).astype(np.float64)
    return None


@functools.lru_cache(maxsize=48)
def _geometries(key: tuple[bytes, tuple[int, ...], tuple[int, int]]) -> list[tuple[str, FloatArray]]:
    """The usual ways from a picture (bytes, shape) to (height, width)."""
    data, shape, size = key
    picture = np.frombuffer(data, np.uint8).reshape(shape)
    height, width = size
    found: list[tuple[str, FloatArray]] = []
    if tuple(shape[:2]) == size:
        found.append(("as it is", picture.astype(np.float64)))
    image = Image.fromarray(picture)
    for name, method in (("bilinear", Image.Resampling.BILINEAR), ("nearest", Image.Resampling.NEAREST)):
        found.append((f"resized ({name})", np.asarray(image.resize((width, height), method), dtype=np.float64)))
    if min(size) >= 32:
        for side in (*SHORTER_SIDES, min(size)):
            if side >= min(size):
                found.append(
                    (f"shorter side {side}, centre crop", resize_and_crop(picture, side, size).astype(np.float64))
                )
        side = round(max(256, min(size)) / min(size) * min(size))
        square = image.resize((side, side), Image.Resampling.BILINEAR)
        left, top = (side - width) // 2, (side - height) // 2
        found.append(
            (
                f"square {side}, centre crop",
                np.asarray(square.crop((left, top, left + width, top + height)), dtype=np.float64),
            )
        )
        if shape[0] >= height and shape[1] >= width:
            top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
            found.append(("centre crop", picture[top : top + height, left : left + width].astype(np.float64)))
    return found


def fit_picture(image: Array, candidates: Sequence[npt.NDArray[np.uint8]]) -> Fit | None:
    """The best explanation of an image by one of the pictures; None when no picture resembles it."""
    target = channels_last(image)
    if target is None or min(target.shape[:2]) < 4 or not np.isfinite(target).all():
        return None
    packed = target.astype(np.float32)
    return _best_fit(
        packed.tobytes(), packed.shape, tuple((picture.tobytes(), picture.shape) for picture in candidates)
    )


def fit_by_search(image: Array, candidates: Sequence[npt.NDArray[np.uint8]]) -> Fit | None:
    """Explains an image as the centre of a picture resized to any size; takes some seconds."""
    target = channels_last(image)
    if target is None or min(target.shape[:2]) < 64 or not np.isfinite(target).all():
        return None
    least = min(target.shape[:2])
    coarse = [int(side) for side in np.unique(np.round(np.geomspace(least, 2 * least, COARSE)))]
    best: list[tuple[int, Fit]] = []
    for picture in candidates:
        best = [max(itertools.chain(best, _sides(target, picture, coarse)), key=lambda pair: pair[1].quality)]
        fine = range(max(least, best[0][0] - 4), best[0][0] + 5)
        best = [max(itertools.chain(best, _sides(target, picture, fine)), key=lambda pair: pair[1].quality)]
    return best[0][1] if best and best[0][1].quality >= GOOD_FIT else None


def _sides(target: FloatArray, picture: npt.NDArray[np.uint8], sides: Iterable[int]) -> Iterator[tuple[int, Fit]]:
    """How an image resembles the centre of a picture that was resized to some shorter sides."""
    size = (int(target.shape[0]), int(target.shape[1]))
    stride = max(1, min(size) // 110)
    for side in sides:
        pixels = resize_and_crop(picture, side, size).astype(np.float64)
        title = f"shorter side {side}, centre crop"
        yield side, _fit(target[::stride, ::stride], pixels[::stride, ::stride], title, swapped=False)


@functools.lru_cache(maxsize=200)
def _best_fit(data: bytes, shape: tuple[int, ...], candidates: tuple[tuple[bytes, tuple[int, ...]], ...]) -> Fit | None:
    target = np.frombuffer(data, np.float32).reshape(shape).astype(np.float64)
    stride = max(1, min(shape[:2]) // 110)
    if not any(_resembles(target, raw, size) for raw, size in candidates):
        return None
    sample = target[::stride, ::stride]
    trials: list[tuple[float, int, Fit, FloatArray]] = []
    for raw, size in candidates:
        for geometry, pixels in _geometries((raw, size, (shape[0], shape[1]))):
            for swapped in (False, True):
                ordered = pixels[..., ::-1] if swapped else pixels
                fit = _fit(sample, ordered[::stride, ::stride], geometry, swapped=swapped)
                trials.append((fit.quality - (0.002 if swapped else 0), len(trials), fit, ordered))
    if not trials:
        return None
    _, _, fit, ordered = max(trials, key=lambda trial: trial[:2])
    return _fit(target, ordered, fit.geometry, swapped=fit.swapped) if fit.quality >= GOOD_FIT else None


def _resembles(target: FloatArray, raw: bytes, size: tuple[int, ...]) -> bool:
    """Whether an image correlates, in a few of its pixels, with a picture in one of the geometries."""
    stride = max(1, min(target.shape[:2]) // FEW)
    few = target[::stride, ::stride]
    for geometry, pixels in _geometries((raw, size, (target.shape[0], target.shape[1]))):
        for swapped in (False, True):
            ordered = pixels[::stride, ::stride]
            fit = _fit(few, ordered[..., ::-1] if swapped else ordered, geometry, swapped=swapped)
            if fit.quality > HOPELESS:
                return True
    return False


def _fit(target: FloatArray, pixels: FloatArray, geometry: str, *, swapped: bool) -> Fit:
    ours, theirs = target.reshape(-1, 3), pixels.reshape(-1, 3)
    mean_ours, mean_theirs = ours.mean(0), theirs.mean(0)
    std_ours, std_theirs = ours.std(0), theirs.std(0)
    safe = (std_ours > 1e-9) & (std_theirs > 1e-9)
    covariance = ((ours - mean_ours) * (theirs - mean_theirs)).mean(0)
    correlation = np.where(safe, covariance / np.where(safe, std_ours * std_theirs, 1), 0)
    # Standard deviations, not least squares: a slightly different interpolation must not shrink the slope.
    slopes = np.sign(correlation) * np.where(safe, std_ours / np.where(safe, std_theirs, 1), 0)
    return Fit(
        slopes,
        mean_ours - slopes * mean_theirs,
        float((np.sign(correlation) * correlation**2).min()),
        geometry,
        swapped,
        pixels,
    )
