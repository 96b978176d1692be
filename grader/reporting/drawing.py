"""Exhibits as the report draws them: numbers become coordinates, and what is drawn is also said in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.exhibits import Confusion, Curve, Curves, Exhibit, Matrix, PictureRow, Table
from grader.reporting.language import Language

_WIDTH, _HEIGHT = 360.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 12.0, 10.0, 28.0
_MOST_X_TICKS = 10
_SHADES = 9
_CELL = 12.0


@dataclass(frozen=True)
class Tick:
    """A mark of an axis. Attributes: coordinate, label."""

    at: float
    label: str


@dataclass(frozen=True)
class Drawn:
    """A drawn curve. Attributes: name, number of its style, its polylines, its points, all values as text."""

    name: str
    style: int
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """Curves with a common scale.

    Attributes:
        curves: What is drawn.
        x_ticks: Epochs.
        y_ticks: Values.
        words: The same in words, for people who do not see it.
    """

    curves: tuple[Drawn, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    words: str


@dataclass(frozen=True)
class Square:
    """A value of a matrix that is not 0. Attributes: place, strength from 0 to 1, whether it is negative."""

    x: float
    y: float
    strength: float
    negative: bool


@dataclass(frozen=True)
class Band:
    """A row of a matrix. Attributes: place, label, whether it is padding."""

    y: float
    label: str
    padding: bool


@dataclass(frozen=True)
class Grid:
    """A matrix as drawn. Attributes: size in columns and pixels, rows, column labels, squares, the same in words."""

    columns: int
    width: float
    height: float
    left: float
    bands: tuple[Band, ...]
    heads: tuple[Tick, ...]
    squares: tuple[Square, ...]
    words: str


@dataclass(frozen=True)
class Count:
    """A number of a confusion matrix. Attributes: the number, its shade from 0 to 9, whether it is right."""

    number: int
    shade: int
    right: bool


@dataclass(frozen=True)
class ExhibitView:
    """An exhibit as the page shows it; one of the parts is there, by its kind.

    Attributes:
        exhibit: The exhibit.
        kind: Its kind.
        panels: Of curves.
        grid: Of a matrix.
        counts: Of a confusion matrix, row by row.
        shown: Of a table: indices of the columns that are shown.
        anchor: Id of the element.
    """

    exhibit: Exhibit
    kind: str
    anchor: str
    panels: tuple[Panel, ...] = ()
    grid: Grid | None = None
    counts: tuple[tuple[Count, ...], ...] = ()
    shown: tuple[int, ...] = ()


def views(exhibits: Sequence[Exhibit], anchor: str, words: Language, *, reveal: bool) -> Iterator[ExhibitView]:
    """Exhibits ready to be drawn; what is the reference's is left out unless it may be revealed."""
    for number, exhibit in enumerate(exhibits, start=1):
        view = _view(exhibit, f"{anchor}-exhibit-{number}", words, reveal=reveal)
        if view is not None:
            yield view


def _view(exhibit: Exhibit, anchor: str, words: Language, *, reveal: bool) -> ExhibitView | None:
    if isinstance(exhibit, PictureRow):
        images = tuple(image for image in exhibit.images if reveal or not image.reference)
        return ExhibitView(exhibit.model_copy(update={"images": images}), exhibit.kind, anchor) if images else None
    if isinstance(exhibit, Matrix):
        return ExhibitView(exhibit, exhibit.kind, anchor, grid=_grid(exhibit, words))
    if isinstance(exhibit, Table):
        shown = tuple(at for at, column in enumerate(exhibit.columns) if reveal or not column.reference)
        return ExhibitView(exhibit, exhibit.kind, anchor, shown=shown)
    if isinstance(exhibit, Confusion):
        return ExhibitView(exhibit, exhibit.kind, anchor, counts=tuple(_counts(exhibit)))
    return ExhibitView(exhibit, exhibit.kind, anchor, panels=tuple(_panels(exhibit, words)))


# --- curves -----------------------------------------------------------------------------------------------------


def _panels(exhibit: Curves, words: Language) -> Iterator[Panel]:
    numbered = list(enumerate(exhibit.curves))
    for percent in (False, True):
        group = [(style, curve) for style, curve in numbered if curve.percent == percent]
        if any(value is not None for _, curve in group for value in curve.values):
            yield _panel(group, words, percent=percent)


def _panel(group: Sequence[tuple[int, Curve]], words: Language, *, percent: bool) -> Panel:
    values = [value for _, curve in group for value in curve.values if value is not None]
    ticks = _nice(min(0.0, *values), max(1.0, *values) if percent else max(values))
    low, high = ticks[0], ticks[-1]
    epochs = max(len(curve.values) for _, curve in group)

    def x(epoch: int) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (epoch / (epochs - 1) if epochs > 1 else 0.5), 1)

    def y(value: float) -> float:
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low), 1)

    drawn = []
    for style, curve in group:
        dots = [None if value is None else (x(at), y(value)) for at, value in enumerate(curve.values)]
        shown = tuple("–" if value is None else _figure(value, words, percent=percent) for value in curve.values)
        few = tuple(dot for dot in dots if dot is not None) if epochs <= 30 else ()
        drawn.append(Drawn(curve.name, style, tuple(_polylines(dots)), few, shown))
    step = max(1, math.ceil(epochs / _MOST_X_TICKS))
    return Panel(
        tuple(drawn),
        tuple(Tick(x(at), str(at + 1)) for at in range(0, epochs, step)),
        tuple(Tick(y(value), _figure(value, words, percent=percent, short=True)) for value in ticks),
        "; ".join(f"{curve.name}: {', '.join(curve.values)}" for curve in drawn)[:1500],
    )


def _polylines(dots: Sequence[tuple[float, float] | None]) -> Iterator[str]:
    part: list[str] = []
    for dot in [*dots, None]:
        if dot is not None:
            part.append(f"{dot[0]:g},{dot[1]:g}")
        elif part:
            yield " ".join(part)
            part = []


def _nice(low: float, high: float) -> list[float]:
    """Three to six round numbers from below ``low`` to above ``high``."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if span / (factor * power) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * at for at in range(first, max(last, first + 1) + 1)]


def _figure(value: float, words: Language, *, percent: bool, short: bool = False) -> str:
    if percent:
        return words.number(f"{100 * value:.0f}" if short else f"{100 * value:.1f}") + "\N{NARROW NO-BREAK SPACE}%"
    return words.number(f"{value:.4g}").replace("-", "\N{MINUS SIGN}")


# --- matrices ---------------------------------------------------------------------------------------------------


def _grid(exhibit: Matrix, words: Language) -> Grid:
    columns = len(exhibit.values[0])
    top, left = (_CELL + 4 if exhibit.columns else 2), 26.0
    largest = max((abs(value) for row in exhibit.values for value in row), default=0.0) or 1.0
    squares = tuple(
        Square(left + _CELL * at, top + _CELL * number, round(max(abs(value) / largest, 0.15), 2), value < 0)
        for number, row in enumerate(exhibit.values)
        for at, value in enumerate(row)
        if value != 0
    )
    padding = set(exhibit.padding)
    bands = tuple(Band(top + _CELL * at, label, at in padding) for at, label in enumerate(exhibit.rows))
    return Grid(
        columns,
        left + _CELL * columns + 2,
        top + _CELL * len(bands) + 2,
        left,
        bands,
        tuple(Tick(left + _CELL * (at + 0.5), label) for at, label in enumerate(exhibit.columns)),
        squares,
        "; ".join(_row_words(exhibit, at, words) for at in range(len(bands)))[:3000],
    )


def _row_words(exhibit: Matrix, number: int, words: Language) -> str:
    row = exhibit.values[number]
    names = exhibit.columns or tuple(str(at + 1) for at in range(len(row)))
    filled = [
        names[at] if value == 1 else f"{names[at]} = {words.number(f'{value:.3g}')}"
        for at, value in enumerate(row)
        if value != 0
    ]
    label = words("padding") if number in exhibit.padding else exhibit.rows[number]
    return f"{number + 1} ({label}): {', '.join(filled) or '0'}"


def _counts(exhibit: Confusion) -> Iterator[tuple[Count, ...]]:
    for true, row in enumerate(exhibit.counts):
        total = sum(row) or 1
        yield tuple(
            Count(number, math.ceil(_SHADES * number / total), true == predicted)
            for predicted, number in enumerate(row)
        )
