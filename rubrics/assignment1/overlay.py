"""What an overlay is made of: the original picture times the map, a normalized picture times the map, or a blend."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.scoring import Student
from reference.assignment1 import IMAGENET_MEAN, IMAGENET_STD
from rubrics.assignment1.evidence import Seen, cell_label
from rubrics.assignment1.images import FloatArray, channels_last, fit_by_search, fit_picture, pictures
from rubrics.assignment1.preprocessing import network_input, scaling

PIXELS = 3_000
FEW_PIXELS = 400
GOOD = 0.97
HOPELESS = 0.9
MARGIN = 0.003


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that the notebook handled, at one size.

    Attributes:
        unit: (H, W, 3) with values as in [0, 1].
        normalized: The same with the ImageNet normalization.
        size: (H, W).
    """

    unit: FloatArray
    normalized: FloatArray
    size: tuple[int, int]


@dataclass(frozen=True)
class Overlay:
    """A result that shows the map on the picture.

    Attributes:
        kind: ``product``, ``normalized``, ``blend`` or ``coloured``.
        size: (H, W).
        where: For the report.
        quality: Share of the result's variance that is explained.
    """

    kind: str
    size: tuple[int, int]
    where: str
    quality: float


def handled_pictures(student: Student, arrays: Sequence[Seen]) -> tuple[list[Picture], dict[int, str]]:
    """The picture in all sizes that occur, and which arrays are pictures: id of the array → how it is scaled."""
    known = [*student.find(pictures), *student.find(_fed)]
    found: list[Picture] = []
    kinds: dict[int, str] = {}
    checked: dict[tuple[tuple[int, ...], bytes], str] = {}
    for seen in arrays:
        target = channels_last(seen.array) if seen.array.ndim <= 4 and seen.array.size <= 4_000_000 else None
        if target is None or min(target.shape[:2]) < 5:
            continue
        key = (seen.array.shape, seen.array.tobytes()[::97])
        if key not in checked:
            fit = fit_picture(target, known)
            checked[key] = ""
            if fit is not None and fit.quality > 0.93 and (fit.slopes > 0).all():
                checked[key] = scaling(fit)[0]
                unit = np.clip((target - fit.offsets) / fit.slopes / 255, 0, 1)
                unit = unit[..., ::-1] if fit.swapped else unit
                _add(found, unit)
        if checked[key]:
            kinds[id(seen.array)] = checked[key]
    return found, kinds


def _fed(student: Student) -> list[npt.NDArray[np.uint8]]:
    """The pixels of what the network was given, where the picture was resized in an unusual way."""
    given = student.find(network_input)
    fit = fit_by_search(given.images, student.find(pictures)) if given is not None and given.fit is None else None
    target = channels_last(given.images) if given is not None else None
    if fit is None or target is None or (fit.slopes <= 0).any():
        return []
    return [np.clip(np.round((target - fit.offsets) / fit.slopes), 0, 255).astype(np.uint8)]


def _add(found: list[Picture], unit: FloatArray) -> None:
    size = (int(unit.shape[0]), int(unit.shape[1]))
    same = [picture for picture in found if picture.size == size]
    if len(same) < 5 and not any(np.abs(picture.unit - unit).mean() < 0.004 for picture in same):
        found.append(Picture(unit, (unit - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD), size))


def judge(seen: Seen, maps: Sequence[npt.NDArray[np.float64]], known: Sequence[Picture]) -> Overlay | None:
    """What an array is made of, None when it does not combine the picture with the map.

    Args:
        seen: The array.
        maps: Enlarged maps, (H, W) each.
        known: The pictures at all sizes.
    """
    target = channels_last(seen.array)
    if target is None or not np.isfinite(target).all() or target.std() < 1e-9:
        return None
    size = (int(target.shape[0]), int(target.shape[1]))
    best: Overlay | None = None
    for picture in known:
        for enlarged in maps:
            if picture.size == size and enlarged.shape == size:
                found = _compare(seen, target, picture, enlarged)
                if found is not None and (best is None or found.quality > best.quality + MARGIN):
                    best = found
                if best is not None and best.quality + MARGIN >= 1:
                    return best
    return best


@functools.lru_cache(maxsize=8)
def _drawn(count: int, among: int) -> npt.NDArray[np.int64]:
    """Which of some pixels are looked at."""
    return np.random.default_rng(0).choice(among, min(count, among), replace=False)


def _hopeless(target: FloatArray, picture: Picture, enlarged: npt.NDArray[np.float64]) -> bool:
    """Whether even all that picture and map can be combined to does not explain a few pixels."""
    rows = _drawn(FEW_PIXELS, target.shape[0] * target.shape[1])
    values = target.reshape(-1, 3)[rows]
    given = enlarged.ravel()[rows][:, None]
    column = given / max(float(np.abs(enlarged).max()), 1e-12)
    powers = [column**k for k in range(1, 9)]
    for one, other in _orders(picture, rows):
        cut = [np.clip(one * given, 0, 1), np.clip(other * column, 0, 1), np.clip(other, 0, 1) * column]
        if _explained(values, [one, *powers, *(one * power for power in powers), *cut]) > HOPELESS:
            return False
    return True


def _orders(picture: Picture, rows: npt.NDArray[np.int64]) -> Sequence[tuple[FloatArray, FloatArray]]:
    """Pixels of a picture and of the normalized one, with red first and with blue first."""
    unit, normalized = picture.unit.reshape(-1, 3)[rows], picture.normalized.reshape(-1, 3)[rows]
    return (unit, normalized), (unit[:, ::-1], normalized[:, ::-1])


def _compare(seen: Seen, target: FloatArray, picture: Picture, enlarged: npt.NDArray[np.float64]) -> Overlay | None:
    rows = _drawn(PIXELS, target.shape[0] * target.shape[1])
    where, size = f"`{seen.name}` ({cell_label(seen.cell, seen.line)})", picture.size
    if _wrapped(seen, picture, enlarged, rows):
        return Overlay("product", size, where, 1.0)
    if _hopeless(target, picture, enlarged):
        return None
    values = target.reshape(-1, 3)[rows]
    u = (enlarged / max(float(np.abs(enlarged).max()), 1e-12)).ravel()[rows]
    column, given = u[:, None], enlarged.ravel()[rows][:, None]
    powers = [column**k for k in range(1, 9)]
    for one, other in _orders(picture, rows):
        quality = {
            "plain": _explained(values, [one]),
            "map": _explained(values, powers),
            # A map that is not divided by its maximum leads to values that are cut for display.
            "product": max(_explained(values, [one * column]), _explained(values, [np.clip(one * given, 0, 1)])),
            "normalized": max(
                _explained(values, [other * column]),
                _explained(values, [np.clip(other * column, 0, 1)]),
                _explained(values, [np.clip(other, 0, 1) * column]),
            ),
            "dimmed": _explained(values, [one * column, one]),
            "increasing": _increasing(values, one, column, powers),
            "blend": _explained(values, [one, *powers]),
            "coloured": _explained(values, [one * power for power in powers]),
        }
        kind = _choose(quality)
        if kind is not None:
            return Overlay(kind, size, where, quality["product" if kind == "product" else kind])
    return None


def _wrapped(seen: Seen, picture: Picture, enlarged: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]) -> bool:
    """Whether whole numbers are the product cut to one byte, which distorts values below 0 and above 255."""
    if seen.array.dtype != np.uint8 or seen.array.ndim != 3:
        return False
    values = seen.array.reshape(-1, 3)[rows].astype(np.int64)
    product = picture.unit.reshape(-1, 3)[rows] * 255 * enlarged.ravel()[rows][:, None]
    distance = np.abs(values - np.trunc(product).astype(np.int64)) % 256
    return bool((np.minimum(distance, 256 - distance) <= 1).mean() > 0.9 and len(np.unique(values)) > 8)


def _choose(quality: dict[str, float]) -> str | None:
    if quality["plain"] > 0.985 or quality["map"] > 0.985:
        return None
    if quality["product"] >= GOOD and quality["product"] >= quality["normalized"]:
        return "product"
    if quality["normalized"] >= GOOD:
        return "normalized"
    if quality["dimmed"] >= 0.985 and quality["dimmed"] > quality["blend"] + 0.01:
        return "product"
    if quality["increasing"] >= GOOD:
        return "product"
    if quality["blend"] >= 0.95 and quality["blend"] >= quality["coloured"]:
        return "blend"
    if quality["coloured"] >= 0.95:
        return "coloured"
    return None


def _increasing(values: FloatArray, picture: FloatArray, column: FloatArray, powers: Sequence[FloatArray]) -> float:
    """How well the picture times something that grows with the map, as a softmax or a root, explains the values.

    Args:
        values: (N, 3).
        picture: (N, 3).
        column: The map, (N, 1).
        powers: Powers of it, (N, 1) each.

    Returns:
        Share of the factor's variance that the map explains; 0 where the factor differs between channels or decreases.
    """
    bright = picture.sum(1) > 0.15
    if bright.mean() < 0.5:
        return 0.0
    ours, theirs, small = values[bright], picture[bright], column[bright]
    factor = ours.sum(1) / theirs.sum(1)
    alike = np.abs(ours - factor[:, None] * theirs).max(1) <= 0.01 * max(float(np.abs(ours).max()), 1e-30)
    if alike.mean() < GOOD or factor.std() < 1e-3 * abs(factor.mean()) or np.corrcoef(factor, small[:, 0])[0, 1] < 0.5:
        return 0.0
    factor = factor / np.abs(factor).max()
    return _explained(np.repeat(factor[:, None], 3, axis=1), [power[bright] for power in powers])


def _explained(values: FloatArray, regressors: Sequence[FloatArray]) -> float:
    """Share of the variance over all channels that a linear model explains, with a constant.

    Args:
        values: (N, 3).
        regressors: (N, 3), or (N, 1) where it is the same for all channels.
    """
    left = total = 0.0
    for channel in range(3):
        columns = [np.broadcast_to(regressor, values.shape)[:, channel] for regressor in regressors]
        matrix = np.stack([*columns, np.ones(len(values))], axis=1)
        y = values[:, channel]
        gram = matrix.T @ matrix
        solution = np.linalg.solve(gram + 1e-9 * np.trace(gram) * np.eye(len(gram)), matrix.T @ y)
        left += float(((y - matrix @ solution) ** 2).sum())
        total += float(((y - y.mean()) ** 2).sum())
    return 1 - left / max(total, 1e-12)
