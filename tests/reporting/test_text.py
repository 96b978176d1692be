import re
from importlib import resources

import pytest

from grader.reporting import text
from grader.reporting.files import write_atomically


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (3.0, "3"), (1.5, "1.5"), (-0.5, "−0.5"), (-0.0, "0"), (10, "10"), (96.0, "96"), (0.1 + 0.2, "0.3")],
)
def test_points(value, shown):
    assert text.points(value) == shown


@pytest.mark.parametrize(("part", "whole", "shown"), [(11, 21, "52%"), (0, 0, "0%"), (1, 8, "13%"), (5, 4, "100%")])
def test_percent(part, whole, shown):
    assert text.percent(part, whole) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.2, "0 s"), (59.7, "1 min 0 s"), (312, "5 min 12 s"), (3900, "1 h 5 min")]
)
def test_duration(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[0;31mValueError\x1b[0m: x", "ValueError: x"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bplain", "plain"),
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("a\rb", "a[U+000D]b"),
        ("\u202eabc", "[U+202E]abc"),
        ("\u200fمحمد", "\u200fمحمد"),
    ],
)
def test_visible(raw, shown):
    assert text.visible(raw) == shown


def test_names_are_composed():
    assert text.composed("Ju\u0308rgen") == "J\u00fcrgen"


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    write_atomically(path, "old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("sheet", ["report.css", "overview.css"])
def test_text_colours_have_contrast_aa(sheet):
    css = resources.files("grader.reporting").joinpath("templates", sheet).read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", css, re.S)[:2]
    )
    for theme in (light, dark):
        papers = [theme[name] for name in theme if name in {"paper", "card", "code"} or name.endswith("wash")]
        inks = [name for name in theme if name in {"ink", "quiet", "good", "bad", "half", "carry", "open"}]
        for ink in inks:
            assert min(_contrast(theme[ink], paper) for paper in papers) >= 4.5, ink


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
