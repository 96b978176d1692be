"""First names made of syllables, in the format of the UCI set "Gender by Name"."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

HEADER = ("Name", "Gender", "Count", "Probability")

_STARTS = [
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fr",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ei", "ia"]
_MIDDLES = [
    "b",
    "d",
    "dr",
    "f",
    "g",
    "l",
    "ll",
    "lm",
    "m",
    "mb",
    "n",
    "nd",
    "nn",
    "r",
    "rl",
    "rn",
    "s",
    "ss",
    "st",
    "t",
    "tt",
    "v",
    "z",
]
_ENDINGS = {
    "F": ["a", "ia", "ela", "ina", "ette", "elle", "essa", "ine", "ora", "ana", "ika", "y"],
    "M": ["us", "o", "an", "er", "ard", "on", "ric", "ulf", "old", "ert", "mar", "y"],
}
"""``y`` ends names of both genders, so that nobody reaches an accuracy of 1 by the ending alone."""


def table(path: Path) -> None:
    """Writes the CSV: 1,200 names."""
    write(path, count=1200, seed=21)


def write(path: Path, count: int, seed: int) -> None:
    """Writes names, most frequent first.

    Args:
        path: The CSV file.
        count: Number of names, half of them female.
        seed: Seed of everything random.
    """
    rng = np.random.default_rng(seed)
    names = names_of(count, rng)
    counts = np.sort((rng.pareto(0.9, count) * 40 + 1).astype(np.int64))[::-1]
    total = int(counts.sum())
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(HEADER)
        for (name, gender), frequency in zip(names, counts, strict=True):
            rows.writerow((name, gender, int(frequency), f"{int(frequency) / total:.12g}"))


def names_of(count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Unique names with their gender, ``"F"`` or ``"M"``, in random order; one in twelve is a double name."""
    found: dict[str, str] = {}
    while len(found) < count:
        gender = "FM"[len(found) % 2]
        name = _single(gender, rng)
        if rng.random() < 1 / 12:
            name = f"{_single(gender, rng)}-{name}"
        if name.lower() not in {known.lower() for known in found}:
            found[name] = gender
    names = list(found.items())
    return _with_rare_letters([names[index] for index in rng.permutation(count)])


def _with_rare_letters(names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The names with letters in some that syllables lack, so that an alphabet read off the file is a whole one."""
    taken = {name.lower() for name, _ in names}
    found = list(names)
    for turn, place in enumerate(range(3, len(names), 24)):
        name, gender = names[place]
        capital, small = "CQXY"[turn % 4], "chjpqwxy"[turn % 8]
        inner = next((at for at in range(2, len(name) - 1) if name[at] in "bdfglmnrstvz"), None)
        changed = capital + (name[1:] if inner is None else name[1:inner] + small + name[inner + 1 :])
        if changed.lower() not in taken:
            taken.add(changed.lower())
            found[place] = (changed, gender)
    return found


def _single(gender: str, rng: np.random.Generator) -> str:
    syllables = rng.choice([0, 1, 2, 3], p=[0.25, 0.45, 0.22, 0.08])
    start = str(rng.choice(_STARTS)) if rng.random() < 0.8 else ""
    parts = [start]
    for _ in range(syllables):
        parts += [str(rng.choice(_VOWELS)), str(rng.choice(_MIDDLES))]
    if not syllables:
        parts += [str(rng.choice(_VOWELS)), str(rng.choice(_MIDDLES))] if not start else []
    parts.append(str(rng.choice(_ENDINGS[gender])))
    return "".join(parts).capitalize()
