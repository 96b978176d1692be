"""Which rows of encoded names belong to which characters: learnt from the names alone, without the encoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Code = tuple[float, ...]


@dataclass(frozen=True)
class Sample:
    """An encoded name.

    Attributes:
        name: As in the student's data.
        rows: (S, D) codes, or (S, 1) for index numbers.
    """

    name: str
    rows: Matrix


Rows = Sequence[Code]
_FEW_WITHOUT_CODE = 5
"""Small letters that may have no code; more rows of zeros are padding."""
_BETTER = 0.02
"""By how much more of the characters a later layout must explain."""
Layout = Callable[[Rows, str], "list[tuple[str, Code]] | None"]


def _front(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
    kept = min(len(rows), len(name))
    return [(name[at], rows[at]) for at in range(kept)]


def _back(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
    kept = min(len(rows), len(name))
    return [(name[at], rows[len(rows) - kept + at]) for at in range(kept)]


def _centre(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
    start = (len(rows) - len(name)) // 2
    if start < 0:
        return None
    return [(char, rows[start + at]) for at, char in enumerate(name)]


def _reversed(layout: Layout) -> Layout:
    def turned(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
        return layout(rows, name[::-1])

    return turned


def _marked(layout: Layout) -> Layout:
    """A start symbol before every name; an end symbol needs no layout of its own."""

    def inner(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
        return layout(rows[1:], name) if len(rows) > len(name) else None

    return inner


def _without(layout: Layout, part: Callable[[str], str]) -> Layout:
    def shortened(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
        return layout(rows, part(name))

    return shortened


def _single(place: int) -> Layout:
    """One character of the name in the first row, where only zeros follow; what else follows speaks against it."""

    def only(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
        spoilt: Code = (-1.0, float(len(name)))  # no code of a character
        return [(name[place], spoilt if any(map(any, rows[1:])) else rows[0])]

    return only


def _without_first_row(layout: Layout) -> Layout:
    """The characters behind the first one, whose row is empty in every name; another row speaks against it."""

    def rest(rows: Rows, name: str) -> list[tuple[str, Code]] | None:
        pairs = layout(rows, name)
        if pairs and any(pairs[0][1]):
            return [(char, (-1.0, float(len(name)))) for char, _ in pairs]  # no codes of characters
        return pairs[1:] if pairs else None

    return rest


_EMPTY_FIRST = "the row of the first character is empty"
RIGHT: dict[str, Layout] = {
    "padding after": _front,
    "padding before": _back,
    "padding on both sides": _centre,
    "a start symbol before the name": _marked(_front),
}
"""Layouts in which the characters stand in their order."""

WRONG: dict[str, Layout] = {
    "the characters are in reverse order": _reversed(_front),
    "the characters are in reverse order, padding before": _reversed(_back),
    "the first character is missing": _without(_front, lambda name: name[1:]),
    "the last character is missing": _without(_back, lambda name: name[:-1]),
    "the first character is missing, padding before": _without(_back, lambda name: name[1:]),
    _EMPTY_FIRST: _without_first_row(_front),
    "only the last character is there": _single(-1),
    "only the first character is there": _single(0),
}
"""Layouts with a known fault; each explains what went wrong."""


@dataclass
class Alignment:
    """How names are laid out in the rows.

    Attributes:
        layout: Key of ``RIGHT`` or ``WRONG``, or ``""`` when none explains the rows.
        right: Whether the characters stand in order.
        codes: Character (as written) → its row.
        share: Share of characters that the layout explains.
        padding: Distinct rows around the names.
        dropped: Characters that the rows leave out, e.g. ``'-'``.
    """

    layout: str
    right: bool
    codes: dict[str, Code] = field(default_factory=dict)
    share: float = 0.0
    padding: set[Code] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)


def align(samples: Sequence[Sample]) -> Alignment:
    """Finds the layout under which every character always has the same row and letters differ."""
    best = Alignment("", right=False)
    coded: list[tuple[str, Rows]] = [
        (sample.name, [tuple(row) for row in np.asarray(sample.rows, np.float64).tolist()]) for sample in samples
    ]
    for dropped in ("", "-"):
        plain = [(left, rows) for name, rows in coded if (left := _drop(name, dropped))]
        for right, layouts in ((True, RIGHT), (False, WRONG)):
            for name, layout in layouts.items():
                found = _try(plain, name, layout, right=right)
                found.dropped = set(dropped)
                if found.share > best.share + _BETTER:
                    best = found
                if best.share > 1 - _BETTER:
                    return _with_first_row(plain, best)
    if best.share < 0.97:
        return Alignment("", right=False, codes={}, share=best.share)
    return best


def _with_first_row(samples: Sequence[tuple[str, Rows]], best: Alignment) -> Alignment:
    """The alignment, unless it takes the first character, which is left out, for a capital without a code.

    Capitals inside of names tell: they have rows like any letter where only the first character is left out.
    """
    if not best.right:
        return best
    other = _try(samples, _EMPTY_FIRST, _without_first_row(RIGHT[best.layout]), right=False)
    if other.share <= best.share:
        return best
    return replace(other, padding=best.padding, dropped=best.dropped)


def written_with(samples: Iterable[Sample], code_of: Callable[[str], Code | None]) -> bool:
    """Whether the rows of all names are given codes in the characters' order, even if letters share them."""
    checked = 0
    for sample in samples:
        codes = [code_of(char) for char in sample.name]
        if None in codes or not codes or len(codes) > len(sample.rows):
            return False
        wanted = np.asarray(codes, dtype=np.float64)
        if not any(np.array_equal(rows, wanted) for rows in (sample.rows[: len(codes)], sample.rows[-len(codes) :])):
            return False
        checked += 1
    return checked > 0


def _drop(name: str, dropped: str) -> str:
    return "".join(char for char in name if char not in dropped)


def _try(samples: Iterable[tuple[str, Rows]], name: str, layout: Layout, *, right: bool) -> Alignment:
    seen: dict[str, Counter[Code]] = {}
    padding: set[Code] = set()
    for written, rows in samples:
        pairs = layout(rows, written)
        if pairs is None:
            continue
        for char, code in pairs:
            seen.setdefault(char, Counter())[code] += 1
        padding |= _around(rows, len(pairs), name)
    codes = {char: counts.most_common(1)[0][0] for char, counts in seen.items()}
    total = sum(sum(counts.values()) for counts in seen.values())
    explained = sum(counts[codes[char]] for char, counts in seen.items())
    # letters that share a row explain nothing: all-equal rows would fit every layout
    lower = {char: code for char, code in codes.items() if char.isalpha()}
    shared = _shared(lower)
    explained -= sum(sum(seen[char].values()) for char in shared)
    return Alignment(name, right, codes, explained / total if total else 0.0, padding)


def _shared(codes: Mapping[str, Code]) -> set[str]:
    """Letters whose code is that of another letter too, upper and lower case apart, or that of the padding."""
    holders: dict[Code, set[str]] = {}
    for char, code in codes.items():
        holders.setdefault(code, set()).add(char.lower())
    zero = {char for char, code in codes.items() if char.islower() and not any(code)}
    shared = {char for char, code in codes.items() if len(holders[code]) > 1 and any(code)}
    return shared | zero if len(zero) > _FEW_WITHOUT_CODE else shared


def _around(rows: Rows, kept: int, layout: str) -> set[Code]:
    if layout == "padding before" or layout.endswith("padding before"):
        return set(rows[: len(rows) - kept])
    if layout == "padding on both sides":
        start = (len(rows) - kept) // 2
        return {*rows[:start], *rows[start + kept :]}
    if layout.startswith("a start symbol") or layout == _EMPTY_FIRST:
        return set(rows[kept + 1 :])
    return set(rows[kept:])
