r"""Dimensions in typed answers: ``K×D``, ``K x D``, ``(K, D)``, ``\mathbb{R}^{K \times D}``, ``128x8x1``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rubrics.proposals.words import folded

_TIMES = r"(?:\s*(?:×|\*|·|∙|⋅|by|mal|auf)\s*)"
_ATOM = r"(?:[a-z](?![a-z])|\d{1,6}(?!\d|\.\d))"
_SIZE = re.compile(rf"(?<![\w.]){_ATOM}(?:{_TIMES}{_ATOM}){{1,3}}(?!\w)")
_LISTED = re.compile(rf"(?<=[(\[])\s*{_ATOM}(?:\s*,\s*{_ATOM}){{1,3}}\s*(?=[)\]])")
_CROSS = re.compile(r"(?<![a-z0-9])([a-wyz]|\d+)\s?x\s?(?=(?:[a-wyz]|\d+)(?![a-wyz]))")
_LATEX = re.compile(r"\\(?:mathbb|mathrm|text|mathbf)\s*\{([^{}]*)\}|[{}$\\]?\\(?:left|right)|[{}$]")
_NAMED_D = {"27": "d"}


@dataclass(frozen=True)
class Size:
    """A size in a text. Attributes: its parts in lower case, where it begins and ends, the words."""

    parts: tuple[str, ...]
    start: int
    end: int
    words: str

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """The parts as numbers, or None."""
        return tuple(map(int, self.parts)) if all(part.isdecimal() for part in self.parts) else None


def plain(answer: str) -> str:
    """Folded text without LaTeX's clothes around sizes, and with one cross between their parts."""
    text = folded(answer).replace("\\times", "×").replace("\\cdot", "·").replace("\\in", "∈")
    text = _LATEX.sub(lambda hit: hit.group(1) or "", text)
    for _ in range(4):  # overlapping crosses: 128x8x1
        text = _CROSS.sub(r"\1×", re.sub(r"×(\d+|[a-wyz])\s?x\s?(?=[a-wyz]\b|\d)", r"×\1×", text))
    return re.sub(r"\b([kdo]|\d+)\s*-\s*by\s*-\s*([kdo]|\d+)\b", r"\1 by \2", text)


def sizes(text: str) -> list[Size]:
    """All sizes of a plain text, in order; a comma makes one only within brackets."""
    hits = sorted([*_SIZE.finditer(text), *_LISTED.finditer(text)], key=lambda hit: hit.start())
    return [Size(_parts(hit.group()), hit.start(), hit.end(), hit.group().strip()) for hit in hits]


def matrix(size: Size) -> tuple[str, ...]:
    """The parts with 27 as D."""
    return tuple(_NAMED_D.get(part, part) for part in size.parts)


def _parts(words: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(rf"{_TIMES}|,", words))
