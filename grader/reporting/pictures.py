"""The student's plots, decoded and encoded anew, so that nothing but pixels reaches the report."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from grader.results import AssignmentResult

PICTURES_PER_ASSIGNMENT = 18
"""More are counted, not shown."""
REPORT_BUDGET_BYTES = 1_500_000
"""All pictures of a report together, as base64 text: the whole file stays below 2 MB."""
_MAX_BASE64 = 24_000_000
_MAX_PIXELS = 40_000_000
_FEW_COLOURS = 8192
_LEVELS = ((1000, 85), (720, 85), (480, 80), (320, 70), (240, 40), (160, 40))
"""Longest side in pixels and JPEG quality, from the best to the least that is still worth showing."""
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}


@dataclass(frozen=True)
class ShownPicture:
    """A picture in the report.

    Attributes:
        title: Alternative text.
        caption: Where it comes from.
        source: ``data:`` URL.
        width: In pixels.
        height: In pixels.
        cell: Number of the cell from 1, or 0 when grading made it.
        number: Which of several pictures of that cell, or 0 when it is the only one.
    """

    title: str
    caption: str
    source: str
    width: int
    height: int
    cell: int = 0
    number: int = 0


@dataclass(frozen=True)
class Gallery:
    """The pictures of an assignment. Attributes: what is shown, how many more there are, how many are damaged."""

    shown: tuple[ShownPicture, ...] = ()
    left_out: int = 0
    damaged: int = 0


@dataclass(frozen=True)
class _Upload:
    title: str
    caption: str
    mime: str
    base64: str
    cell: int = 0
    number: int = 0


def galleries(assignments: Sequence[AssignmentResult]) -> list[Gallery]:
    """A gallery an assignment, all together within the report's budget."""
    uploads = [list(_uploads(assignment)) for assignment in assignments]
    waiting = sum(min(len(group), PICTURES_PER_ASSIGNMENT) for group in uploads)
    budget = REPORT_BUDGET_BYTES
    result = []
    for group in uploads:
        shown: list[ShownPicture] = []
        damaged = 0
        for upload in group[:PICTURES_PER_ASSIGNMENT]:
            # What one picture does not use is there for those after it.
            picture = _show(upload, budget // waiting)
            waiting -= 1
            if picture is None:
                damaged += 1
            else:
                shown.append(picture)
                budget -= len(picture.source)
        result.append(Gallery(tuple(shown), max(len(group) - PICTURES_PER_ASSIGNMENT, 0), damaged))
    return result


def _uploads(assignment: AssignmentResult) -> Iterable[_Upload]:
    seen: set[str] = set()
    for picture in assignment.pictures:
        seen.add(picture.base64)
        yield _Upload(picture.title, picture.caption or picture.title, picture.mime, picture.base64)
    for cell in assignment.cells:
        for number, shown in enumerate(cell.pictures, start=1):
            if shown.base64 in seen:
                continue
            seen.add(shown.base64)
            several = len(cell.pictures) > 1
            place = f"Cell {cell.index + 1}" + (f", picture {number}" if several else "")
            title = f"Output of cell {cell.index + 1} of the notebook"
            yield _Upload(title, place, shown.mime, shown.base64, cell.index + 1, number if several else 0)


def _show(upload: _Upload, allowance: int) -> ShownPicture | None:
    image = _decode(upload.mime, upload.base64)
    if image is None:
        return None
    expected = 0.0
    for side, quality in _LEVELS:
        longest = max(image.size)
        if side < longest:
            expected *= (side / longest) ** 2
            image.thumbnail((side, side))
        if expected > 1.5 * allowance and side != _LEVELS[-1][0]:
            continue  # the size falls with the area, so an encoder would only waste time
        mime, data = _encode(image, quality)
        source = f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
        if len(source) <= allowance:
            place = (upload.cell, upload.number)
            return ShownPicture(upload.title, upload.caption, source, image.width, image.height, *place)
        expected = float(len(source))
    return None


def _decode(mime: str, text: str) -> Image.Image | None:
    """The first frame as RGB over white, or None when it is no picture or one that only wants to fill memory."""
    kind = _FORMATS.get(mime)
    if kind is None or len(text) > _MAX_BASE64:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        with warnings.catch_warnings():
            # Pillow warns of bombs and odd metadata; the size is checked below, before any pixel is decoded.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=[kind]) as image:
                if image.width * image.height > _MAX_PIXELS:
                    return None
                return _over_white(image)
    except (binascii.Error, OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError):
        return None  # Pillow reports a damaged file by any of these


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        paper.alpha_composite(layer)
        return paper.convert("RGB")
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("F").point(lambda value: value / 256.0).convert("L").convert("RGB")
    return image.convert("RGB")


def _encode(image: Image.Image, quality: int) -> tuple[str, bytes]:
    """PNG for few colours (plots stay crisp), else JPEG (photographs, overlays)."""
    out = io.BytesIO()
    if image.getcolors(_FEW_COLOURS):
        image.save(out, "PNG", compress_level=3)  # half the time of the default for a tenth more bytes
        return "image/png", out.getvalue()
    image.save(out, "JPEG", quality=quality)
    return "image/jpeg", out.getvalue()
