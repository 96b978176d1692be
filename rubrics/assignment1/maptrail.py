"""Question 1e: collects the maps, weights and overlays that the notebook's code made, and explains each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from grader.probe.types import Array
from grader.scoring import Student
from reference.assignment1 import IMAGENET_MEAN, IMAGENET_STD, input_gradient
from rubrics.assignment1.channels import PartsOfSums, shown_classes
from rubrics.assignment1.contexts import contexts
from rubrics.assignment1.cores import rebuild
from rubrics.assignment1.evidence import Seen, gather
from rubrics.assignment1.held import saved_arrays
from rubrics.assignment1.images import FloatArray, channels_last
from rubrics.assignment1.maps import (
    Context,
    Explained,
    Family,
    enlargements,
    explain,
    explain_enlarged,
    explain_overflow,
    family,
    nearest_maps,
)
from rubrics.assignment1.network import recorded_runs
from rubrics.assignment1.overlay import Overlay, Picture, handled_pictures, judge
from rubrics.assignment1.planes import as_plane
from rubrics.assignment1.replay import (
    Candidate,
    Replay,
    defaulted_candidates,
    mixed_classes,
    play,
    recorded_candidates,
    unrecorded_candidates,
)

MAX_MAPS = 260
MAX_LARGE = 60
SALIENCIES = 3
FINE_STEPS = 20
"""Largest value from which on whole numbers resemble the map that they were rounded from."""


@dataclass(frozen=True, eq=False)
class SeenMap:
    """A map with its explanation.

    Attributes:
        seen: The array.
        plane: Its values as (H, W).
        explained: None when no hypothesis reproduces it.
        large: Whether it is larger than the feature maps.
    """

    seen: Seen
    plane: FloatArray
    explained: Explained | None
    large: bool


@dataclass
class Trail:
    """Everything that bears on 1e.

    Attributes:
        contexts: Feature maps that the notebook has, the right ones first.
        families: The hypotheses about each.
        maps: Explained maps in order of time.
        replays: Repeated calls with other classes, and the maps in each.
        right_weights: Where channel weights proportional to the right gradient were seen, or ``""``.
        overlays: Pictures combined with a map.
        pictures: The picture at the sizes that occur.
        picture_kinds: Id of an array that is the picture → how it is scaled.
        arrays: Everything that the notebook's own run handled.
        broken: Maps with values that are not finite, as a division by a maximum of 0 leaves them.
        blank: Whether a function returned a map that is 0 everywhere.
    """

    contexts: list[Context] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    maps: list[SeenMap] = field(default_factory=list)
    replays: list[tuple[Replay, list[SeenMap]]] = field(default_factory=list)
    right_weights: str = ""
    overlays: list[Overlay] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    picture_kinds: dict[int, str] = field(default_factory=dict)
    arrays: list[Seen] = field(default_factory=list)
    broken: list[SeenMap] = field(default_factory=list)
    blank: bool = False

    @property
    def classes(self) -> list[int]:
        """The classes that maps are likely to belong to."""
        return shown_classes(self.contexts, [replay.o for replay, _ in self.replays])

    @property
    def image_sizes(self) -> set[tuple[int, int]]:
        """Sizes at which the picture occurs."""
        return {picture.size for picture in self.pictures}

    def all_maps(self) -> list[SeenMap]:
        """The notebook's own maps and those of the replays."""
        return [*self.maps, *(entry for _, maps in self.replays for entry in maps)]


def trail(student: Student) -> Trail:
    """Collects it; use it through ``student.find``, before a probe of 1c changes what hooks hold."""
    evidence, found = student.find(gather), Trail()
    found.arrays = [*evidence.seen, *student.find(saved_arrays)]
    found.contexts = contexts(student, found.arrays)
    found.families = [family(context) for context in found.contexts]
    found.right_weights = _right_weights(found.arrays, found.contexts)
    found.maps = explained_maps(found.arrays, found.families)
    _replay(student, found)
    _some_channels(found)
    _saliency(student, found)
    replayed = [seen for replay, _ in found.replays for seen in replay.seen]
    everything = [
        *found.arrays,
        *(seen for seen in replayed if seen.origin != "op" or seen.array.size == 3 * 224 * 224),
    ]
    found.pictures, found.picture_kinds = handled_pictures(student, everything)
    if not found.right_weights:
        found.right_weights = _right_weights(replayed, found.contexts)
    found.overlays = _overlays(found, everything)
    found.broken = _broken(everything)
    returned = [as_plane(seen.array, {(7, 7)}, {49}) for seen in everything if seen.origin == "returned"]
    found.blank = any(plane is not None and not plane.any() for plane in returned)
    return found


def _right_weights(arrays: Sequence[Seen], found: Sequence[Context]) -> str:
    """Where channel weights proportional to the right ones were seen."""
    for context in found:
        if context.right is None:
            continue
        right = context.right / np.maximum(np.linalg.norm(context.right, axis=1, keepdims=True), 1e-12)
        q = context.features.shape[0]
        for seen in reversed(arrays):
            values = seen.array.squeeze()
            if (
                values.dtype.kind != "f"
                or seen.origin in ("input", "output", "op")
                or values.size % q
                or values.size > q * 2500
            ):
                continue
            vector = _as_weights(values, q)
            if (
                vector is not None
                and vector.std() > 0
                and float((right @ (vector / np.linalg.norm(vector))).max()) > 1 - 1e-5
            ):
                return f"`{seen.name}`"
    return ""


def _as_weights(values: Array, q: int) -> FloatArray | None:
    if values.shape == (q,):
        return np.asarray(values, dtype=np.float64)
    if values.ndim == 3 and values.shape[0] == q:
        means: FloatArray = np.asarray(values, dtype=np.float64).mean((1, 2))
        return means
    return None


def explained_maps(arrays: Sequence[Seen], families: Sequence[Family]) -> list[SeenMap]:
    """All arrays that may be maps, the small ones explained first."""
    extents = {candidates.context.extent for candidates in families} | {(7, 7)}
    sizes = {k * m for k, m in extents}
    planes: list[tuple[Seen, FloatArray]] = []
    large: list[tuple[Seen, FloatArray]] = []
    for seen in arrays:
        plane = as_plane(seen.array, extents, sizes) if seen.origin not in ("input", "output") else None
        if plane is None or not np.isfinite(plane).all() or plane.std() < 1e-12:
            continue
        if plane.size in sizes:
            planes.append((seen, plane))
        elif min(plane.shape) > 7:
            large.append((seen, plane))
    tried: dict[bytes, Explained | None] = {}
    small: list[SeenMap] = []
    for seen, plane in planes[-MAX_MAPS:]:
        values = seen.array if seen.array.size == plane.size else plane.astype(seen.array.dtype)  # one of a batch
        key = values.dtype.str.encode() + values.tobytes()
        if key not in tried:
            tried[key] = explain(values, families)
        small.append(SeenMap(seen, plane, tried[key], large=False))
    explained = [(entry.plane, entry.explained) for entry in small if entry.explained is not None]
    small = [
        replace(entry, explained=explain_overflow(entry.seen.array, explained))
        if entry.explained is None and entry.seen.array.dtype == np.uint8
        else entry
        for entry in small
    ]
    small = [_as_before_rounding(entry, explained) for entry in small]
    known = [entry.explained for entry in small if entry.explained is not None]
    found = small + [
        SeenMap(seen, plane, explain_enlarged(plane, families, known), large=True) for seen, plane in _distinct(large)
    ]
    raw = [entry for entry in found if entry.large and entry.explained is not None and entry.explained.form == "raw"]
    found = [_as_clipped_copy(entry, raw) for entry in found]
    return sorted(found, key=lambda entry: entry.seen.serial)


def _as_clipped_copy(entry: SeenMap, raw: Sequence[SeenMap]) -> SeenMap:
    """A large map with the explanation of another one whose negative values were cut off to make it."""
    if not entry.large or entry.explained is not None or entry.plane.min() < 0:
        return entry
    for other in raw:
        clipped = np.maximum(other.plane, 0)
        norms = float(np.linalg.norm(clipped) * np.linalg.norm(entry.plane))
        same = clipped.shape == entry.plane.shape and norms > 0 and other.plane.min() < 0
        if same and float((clipped * entry.plane).sum()) / norms > 1 - 1e-6 and other.explained is not None:
            explained = replace(other.explained, form="relu", ambiguous=False, scale=float(entry.plane.max()))
            return replace(entry, explained=explained)
    return entry


def _as_before_rounding(entry: SeenMap, exact: Sequence[tuple[FloatArray, Explained]]) -> SeenMap:
    """A map of whole numbers with the explanation of the map that was rounded: several resemble what rounding left."""
    highest = float(entry.plane.max())
    if entry.seen.array.dtype.kind not in "iu" or highest < FINE_STEPS:
        return entry
    for plane, explained in exact:
        fine = plane.max() > 0 and not np.array_equal(plane, np.round(plane))
        if (
            fine
            and not explained.wrapped
            and np.abs(entry.plane / highest - plane / plane.max()).max() * highest <= 1.01
        ):
            return replace(entry, explained=replace(explained, scale=highest))
    return entry


def _broken(arrays: Sequence[Seen]) -> list[SeenMap]:
    planes = [(seen, as_plane(seen.array, {(7, 7)}, {49})) for seen in arrays if seen.origin not in ("input", "output")]
    return [
        SeenMap(seen, plane, None, large=min(plane.shape) > 7)
        for seen, plane in planes
        if plane is not None and not np.isfinite(plane).all()
    ]


def _distinct(large: list[tuple[Seen, FloatArray]]) -> list[tuple[Seen, FloatArray]]:
    kept: dict[bytes, tuple[Seen, FloatArray]] = {}
    for seen, plane in large:
        kept.setdefault(plane.tobytes()[::53], (seen, plane))
    return list(kept.values())[-MAX_LARGE:]


def _replay(student: Student, found: Trail) -> None:
    """Varies the class of every candidate function."""
    if not found.contexts:
        return
    first = found.contexts[0]
    arrays = _inputs(student, first)
    candidates = (
        recorded_candidates(student)
        or list(defaulted_candidates(student))[-2:]
        or list(unrecorded_candidates(student))[:4]
    )
    mixed = (
        mixed_classes(first.features, first.weight, 2)
        if first.weight.shape[1] == first.features.shape[0]
        else [207, 340]
    )
    for candidate in _of_classes(candidates, found.maps):
        classes = [o for o in mixed if o != candidate.given]
        for replay in play(student, candidate, classes, arrays):
            found.replays.append((replay, explained_maps(replay.seen, found.families)))


def _of_classes(candidates: Sequence[Candidate], maps: Sequence[SeenMap]) -> list[Candidate]:
    """The candidates whose number was the class of a map, where some of them are, and not a count of classes."""
    made = {entry.explained.o for entry in maps if entry.explained is not None}
    sure = [candidate for candidate in candidates if candidate.given is None or candidate.given in made]
    return sure or list(candidates)


def _some_channels(found: Trail) -> None:
    """Explains maps that are made of some channels alone, when nothing else was found."""
    if not found.contexts or any(entry.explained is not None for entry in found.all_maps()):
        return
    parts = PartsOfSums(found.contexts, found.classes)
    if not parts.occur([*found.arrays, *(seen for replay, _ in found.replays for seen in replay.seen)]):
        return
    found.maps = explained_maps([seen for seen in found.arrays if parts.weighted(seen)], parts.families)
    found.replays = [
        (replay, explained_maps([seen for seen in replay.seen if parts.weighted(seen)], parts.families))
        for replay, _ in found.replays
    ]


def _saliency(student: Student, found: Trail) -> None:
    """Explains maps that are gradients with respect to the image, when nothing else was found."""
    network, runs = student.find(rebuild), student.find(recorded_runs)
    if network is None or not runs or any(entry.explained is not None for entry in found.all_maps()):
        return
    images = torch.from_numpy(np.ascontiguousarray(runs[-1].images, dtype=np.float32))
    for at, (replay, maps) in enumerate(found.replays[:4]):
        gradient = input_gradient(network.network, images, replay.o)
        found.replays[at] = (
            replay,
            [_explained_by_saliency(entry, gradient, replay.o, found.contexts[0]) for entry in maps],
        )
    for o in found.classes[:SALIENCIES] if any(entry.large for entry in found.maps) else ():
        if not any(entry.explained is not None for entry in found.all_maps()):
            gradient = input_gradient(network.network, images, o)
            found.maps = [_explained_by_saliency(entry, gradient, o, found.contexts[0]) for entry in found.maps]


def _explained_by_saliency(entry: SeenMap, gradient: FloatArray, o: int, context: Context) -> SeenMap:
    if entry.plane.shape != gradient.shape[1:]:
        return entry
    size = np.abs(gradient)
    variants = (size.max(0), size.sum(0), gradient.max(0), gradient.mean(0), np.sqrt((gradient**2).sum(0)))
    for plane in (*variants, *(np.maximum(variant, 0) for variant in variants)):
        if plane.std() > 0 and entry.plane.std() > 0 and np.corrcoef(plane.ravel(), entry.plane.ravel())[0, 1] > 0.98:
            clipped = bool(entry.plane.min() >= 0)
            form = "relu" if clipped else "raw"
            explained = Explained("saliency", o, form, False, float(entry.plane.max()), entry.plane, context)
            return SeenMap(entry.seen, entry.plane, explained, entry.large)
    return entry


def _inputs(student: Student, context: Context) -> dict[str, Array]:
    runs = student.find(recorded_runs)
    means = context.features.mean((1, 2))
    fitting = context.weight.shape[1] == len(means)
    slopes = context.weight if fitting else np.zeros((len(context.logits), len(means)))
    arrays: dict[str, Array] = {
        "features": context.features[None].astype(np.float32),
        "slopes": slopes.astype(np.float32),
        "bias": (context.logits - slopes @ means).astype(np.float32),
        "weights": context.weight.astype(np.float32),
    }
    if runs:
        arrays["input"] = runs[-1].images.astype(np.float32)
        unit = channels_last(runs[-1].images)
        if unit is not None:
            unit = np.clip(unit * np.array(IMAGENET_STD) + np.array(IMAGENET_MEAN), 0, 1)
            arrays["original"] = (np.nan_to_num(unit) * 255).astype(np.uint8)
    return arrays


def _overlays(found: Trail, arrays: Sequence[Seen]) -> list[Overlay]:
    planes: dict[tuple[int, int], list[FloatArray]] = {}
    for entry in found.all_maps():
        size = (int(entry.plane.shape[0]), int(entry.plane.shape[1]))
        planes.setdefault(size, []).append(entry.plane)
    results: list[Overlay] = []
    checked: set[bytes] = set()
    for seen in reversed(arrays):
        size_of = channels_last(seen.array)
        if size_of is None or id(seen.array) in found.picture_kinds or seen.origin in ("input", "output"):
            continue
        size = (int(size_of.shape[0]), int(size_of.shape[1]))
        key = seen.array.tobytes()[::211]
        if key in checked or len(checked) > 40 or size not in found.image_sizes:
            continue
        checked.add(key)
        overlay = judge(seen, planes.get(size, [])[-16:], found.pictures)
        if overlay is None:
            overlay = judge(seen, [*_enlarged(found, size), *_divided_out(found, size_of, size)], found.pictures)
        if overlay is not None:
            results.append(overlay)
    return results


def _enlarged(found: Trail, size: tuple[int, int]) -> list[FloatArray]:
    """The last maps at a size at which no array of the notebook holds them by themselves."""
    last = {entry.explained.o: entry.explained.base for entry in found.maps if entry.explained is not None}
    return [enlargements(base, size)["bilinear"] for base in list(last.values())[-2:]]


def _divided_out(found: Trail, colours: FloatArray, size: tuple[int, int]) -> list[FloatArray]:
    """Enlarged maps that a product may contain although no code of the notebook handled them by themselves."""
    planes: list[FloatArray] = []
    for picture in [picture for picture in found.pictures if picture.size == size][:2]:
        light = picture.unit.sum(2)
        ratio = np.where(light > 0.15, colours.sum(2) / np.maximum(light, 0.15), 0)
        for small in nearest_maps(ratio, found.families[:2])[:2]:
            for plane in enlargements(small.base, size).values():
                planes += [plane, np.maximum(plane, 0)] if small.form == "raw" else [np.maximum(plane, 0)]
    return planes
