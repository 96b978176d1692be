"""What the report of question 1e shows: picture, map and overlay, beside the reference's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.exhibits import Exhibit, PictureRow, ShownImage
from grader.scoring import Student
from grader.scoring.drawing import heat_map, photograph
from reference.assignment1 import grad_cam, overlay
from rubrics.assignment1.batched import batched
from rubrics.assignment1.evidence import Seen, cell_label
from rubrics.assignment1.images import FloatArray, channels_last, pictures
from rubrics.assignment1.maps import Context
from rubrics.assignment1.maptrail import SeenMap, Trail
from rubrics.assignment1.work import work

_ONE_BYTE = 1.5
"""Pixels beyond this value count from 0 to 255."""


def map_and_overlay(student: Student) -> Iterator[Exhibit]:
    """The student's picture, map and overlay, and what the reference makes of the same picture and class."""
    student = student.find(batched) or student
    found = student.find(work).trail
    shown = _last_map(found)
    picture = _picture(student, found)
    images: list[ShownImage] = []
    if picture is not None:
        images.append(photograph("Your image", picture))
    if shown is not None:
        images.append(heat_map("Your map", shown.plane))
    made = _overlay(found)
    if made is not None:
        images.append(photograph("Your overlay", made))
    o = shown.explained.o if shown is not None and shown.explained is not None else None
    context = next((one for one in found.contexts if one.title == "layer4"), None)
    if context is not None and picture is not None:
        images += _reference(context, picture, o)
    if made is None and shown is None:
        return
    title = "Class activation map" if o is None else f"Class activation map of class {o}"
    yield PictureRow(title=title, images=tuple(images))


def _reference(context: Context, picture: FloatArray, o: int | None) -> Iterator[ShownImage]:
    cam = grad_cam(context.features, context.weight, int(np.argmax(context.logits)) if o is None else o)
    yield heat_map("Reference: map", cam, reference=True)
    pixels = (255 * picture).round().astype(np.uint8)
    yield photograph("Reference: overlay", overlay(cam, pixels), reference=True)


def _last_map(found: Trail) -> SeenMap | None:
    """The last small map that is explained, else the last that is not; the notebook's own before those of probes."""
    ours = [entry for entry in found.maps if entry.seen.origin != "op"]
    for entries in (ours, found.all_maps()):
        explained = [entry for entry in entries if entry.explained is not None]
        small = [entry for entry in explained if not entry.large] or explained
        if small:
            return small[-1]
    return ours[-1] if ours else None


def _picture(student: Student, found: Trail) -> FloatArray | None:
    """The picture as the notebook handled it, in the size nearest to 224×224."""
    if found.pictures:
        return min(found.pictures, key=lambda one: abs(one.size[0] - 224) + abs(one.size[1] - 224)).unit
    known = student.find(pictures)
    return known[0].astype(np.float64) / 255 if known else None


def _overlay(found: Trail) -> FloatArray | None:
    """The pixels of the first overlay, in [0, 1]."""
    replayed: list[Seen] = [seen for replay, _ in found.replays for seen in replay.seen]
    for judged in found.overlays:
        for seen in [*found.arrays, *replayed]:
            if f"`{seen.name}` ({cell_label(seen.cell)})" != judged.where or seen.array.ndim > 4:
                continue
            pixels = channels_last(seen.array)
            if pixels is not None and pixels.shape[:2] == judged.size:
                return pixels / 255 if pixels.max() > _ONE_BYTE else pixels
    return None
