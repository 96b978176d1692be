import base64
import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from grader.notebook import Cell, Picture
from grader.reporting.pictures import PICTURES_PER_ASSIGNMENT, REPORT_BUDGET_BYTES, galleries
from grader.results import AssignmentResult, ReportPicture
from tests.reporting import exams


def assignment(*pictures: Picture) -> AssignmentResult:
    return AssignmentResult("1", "t", 0.0, 0.0, cells=(Cell(2, "code", "", pictures=pictures),))


def encoded(image: Image.Image, kind: str, **options) -> str:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return base64.b64encode(out.getvalue()).decode()


def opened(source: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def test_pixels_come_through_and_nothing_else():
    image = Image.new("RGB", (60, 40), "red")
    text = encoded(image, "JPEG", comment=b"<script>")
    (gallery,) = galleries([assignment(Picture("image/jpeg", text))])
    (shown,) = gallery.shown
    assert (shown.width, shown.height) == (60, 40)
    assert b"<script>" not in base64.b64decode(shown.source.partition(",")[2])
    red, green, blue = opened(shown.source).convert("RGB").getpixel((30, 20))
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_png_is_shown(mode):
    (gallery,) = galleries([assignment(Picture("image/png", encoded(Image.new(mode, (30, 20)), "PNG")))])
    assert len(gallery.shown) == 1


def test_transparent_plots_stand_on_white():
    (gallery,) = galleries([assignment(Picture("image/png", encoded(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "PNG")))])
    assert opened(gallery.shown[0].source).convert("RGB").getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mime", "text"),
    [
        ("image/svg+xml", base64.b64encode(b"<svg onload='alert(1)'/>").decode()),
        ("image/png", base64.b64encode(b"<svg onload='alert(1)'/>").decode()),
        ("image/png", encoded(Image.new("RGB", (5, 5)), "GIF")),
        ("image/png", encoded(Image.new("RGB", (5, 5)), "JPEG")),
        ("image/png", "not base64 !"),
        ("image/png", ""),
        ("image/png", exams.png((50, 50), noise=True)[:2000]),
        ("text/html", exams.png((5, 5))),
    ],
)
def test_what_is_no_picture_is_counted_and_left_out(mime, text):
    (gallery,) = galleries([assignment(Picture(mime, text))])
    assert (gallery.shown, gallery.damaged) == ((), 1)


def test_a_decompression_bomb_is_refused_before_it_unfolds():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )
    (gallery,) = galleries([assignment(Picture("image/png", base64.b64encode(bomb).decode()))])
    assert (gallery.shown, gallery.damaged) == ((), 1)


def test_more_pictures_than_fit_are_counted():
    pictures = [Picture("image/png", exams.png((40, 30), seed=seed, noise=True)) for seed in range(25)]
    (gallery,) = galleries([assignment(*pictures)])
    assert (len(gallery.shown), gallery.left_out) == (PICTURES_PER_ASSIGNMENT, 25 - PICTURES_PER_ASSIGNMENT)


def test_large_pictures_shrink_until_all_fit():
    pictures = [Picture("image/png", exams.png((900, 900), seed=seed, noise=True)) for seed in range(10)]
    shown = [picture for gallery in galleries([assignment(*pictures)] * 2) for picture in gallery.shown]
    assert len(shown) == 20
    assert sum(len(picture.source) for picture in shown) <= REPORT_BUDGET_BYTES


def test_pictures_of_grading_come_first_and_no_picture_twice():
    made = ReportPicture("Reference map", "image/png", exams.heat((50, 50)), "Class 281, for comparison")
    part = replace(assignment(Picture("image/png", exams.png()), Picture("image/png", exams.png())), pictures=(made,))
    (gallery,) = galleries([part])
    assert [picture.caption for picture in gallery.shown] == ["Class 281, for comparison", "Cell 3, picture 1"]


def test_sixteen_bits_become_eight():
    image = Image.new("I;16", (9, 9), 0x8000)
    (gallery,) = galleries([assignment(Picture("image/png", encoded(image, "PNG")))])
    assert opened(gallery.shown[0].source).convert("RGB").getpixel((4, 4)) == (128, 128, 128)
