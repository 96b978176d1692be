"""Whole notebooks in the styles of many people, and what each loses when something in it is changed for the worse.

``notebooks/`` holds a file a notebook: cells begin with ``# %%`` (``# %% [markdown]``), lines ``#: 2b: …`` before the
first are typed answers. ``notebooks/faults.toml`` lists the faults: which text of which notebook becomes which other.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("notebooks")


@dataclass(frozen=True)
class Whole:
    """A notebook from the first cell to the last.

    Attributes:
        cells: Code cells; a text that starts with ``#md`` is a markdown cell.
        lost: Criterion → share of its points that is kept, for those that are neither met nor carried.
        answers: The typed answers.
    """

    cells: tuple[str, ...]
    lost: Mapping[str, float] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What is changed in a notebook, and what that costs.

    Attributes:
        base: Name of the notebook.
        lost: Criterion → share of its points that is kept.
        changes: Pairs of a text that occurs once and what stands in its place.
        answers: Typed answers in place of the notebook's.
    """

    base: str
    lost: Mapping[str, float]
    changes: tuple[tuple[str, str], ...]
    answers: Mapping[str, str]


@cache
def _texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.txt"))}


def right_notebooks() -> dict[str, Whole]:
    """The right solutions by name."""
    return {name: _read(text) for name, text in _texts().items()}


def _read(text: str) -> Whole:
    answers = dict(re.findall(r"(?m)^#: (\w+): (.*)$", text))
    cells = []
    for part in re.split(r"(?m)^# %%", text)[1:]:
        head, body = part.split("\n", 1)
        cells.append(("#md " if "[markdown]" in head else "") + body.rstrip("\n"))
    return Whole(tuple(cells), answers=answers)


@cache
def faults() -> dict[str, Fault]:
    """The faults by name."""
    with (FOLDER / "faults.toml").open("rb") as stream:
        listed = tomllib.load(stream)["fault"]
    return {
        one["name"]: Fault(
            one["base"],
            one["lost"],
            tuple((old.removeprefix("\n"), new.removeprefix("\n")) for old, new in one.get("changes", ())),
            one.get("answers", {}),
        )
        for one in listed
    }


def faulty_notebooks() -> dict[str, Whole]:
    """Each fault in its notebook, by the fault's and the notebook's name."""
    return {f"{name} [{one.base}]": with_faults(one) for name, one in faults().items()}


def with_faults(*chosen: Fault) -> Whole:
    """A notebook with faults.

    Raises:
        ValueError: A text that a fault replaces does not occur exactly once, or they are faults of several notebooks.
    """
    (base,) = {one.base for one in chosen}
    text = _texts()[base]
    lost: dict[str, float] = {}
    answers: dict[str, str] = {}
    for one in chosen:
        for old, new in one.changes:
            if text.count(old) != 1:
                message = f"{base}: {old!r} occurs {text.count(old)} times, expected once"
                raise ValueError(message)
            text = text.replace(old, new)
        lost.update(one.lost)
        answers.update(one.answers)
    made = _read(text)
    return Whole(made.cells, lost, {**made.answers, **answers})


def pairs() -> Iterator[tuple[str, Whole]]:
    """Two faults of one notebook that cost different criteria, where the changes of one leave those of the other."""
    for (first, one), (second, other) in itertools.combinations(faults().items(), 2):
        if one.base != other.base or set(one.lost) & set(other.lost):
            continue
        try:
            yield f"{first} + {second} [{one.base}]", with_faults(one, other)
        except ValueError:
            continue
