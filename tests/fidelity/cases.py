"""Labelled notebooks: right ones in every style, every fault alone, and faults in pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.fidelity.merging import merged

QUESTIONS = {"1": ("1c", "1d", "1e"), "2": ("2c", "2d", "2e", "2f"), "3": ("3c", "3d", "3e")}
"""What is graded of an assignment, in order."""


@dataclass(frozen=True)
class Label:
    """What a criterion must come to.

    Attributes:
        kind: ``not-met``, ``partial`` or ``review``.
        fraction: The share kept, or None where any will do.
    """

    kind: str
    fraction: float | None = None


@dataclass(frozen=True)
class Case:
    """A labelled notebook.

    Attributes:
        name: What it is, unique in its assignment.
        assignment: Its number.
        cells: Code cells; a text that starts with ``#md`` is a markdown cell.
        lost: Criterion → label, of those that are neither met nor carried.
        answers: The typed answers.
        faults: How many faults it has.
        images: How many house numbers there are for training and testing; None for as many as students get.
    """

    name: str
    assignment: str
    cells: tuple[str, ...]
    lost: Mapping[str, Label] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    faults: int = 0
    images: tuple[int, int] | None = None


def pairs(base: Sequence[str], faulty: Iterable[Case]) -> Iterator[Case]:
    """Two faults of one right notebook in one, where their changes do not touch and they cost different criteria."""
    for one, other in itertools.combinations(faulty, 2):
        if not one.lost or not other.lost or set(one.lost) & set(other.lost):
            continue
        cells = merged(base, one.cells, other.cells)
        if cells is not None:
            yield Case(
                f"{one.name} + {other.name}",
                one.assignment,
                tuple(cells),
                {**one.lost, **other.lost},
                {**one.answers, **other.answers},
                one.faults + other.faults,
            )
