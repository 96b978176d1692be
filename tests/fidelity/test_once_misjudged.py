"""Notebooks that the grader once judged wrongly, each for a reason of its own, are judged as their labels say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.fidelity.assignments import cases
from tests.fidelity.cases import Case, Label
from tests.fidelity.judging import judge

ONCE = {
    "1": (
        "seven: random batch goes through, map clipped to one",
        "seven: difference to the mean weight as channel weight",
        "seven: square brackets removed by squeeze before the network",
        "eight: mean weight of the class",
        "eight: several pictures batch augassign",
        "nine: shuffled textbook history",
    ),
    "2": (
        "seven: length minus one, W1 maps to a single number",
        "seven: data set created without its arguments, random first state",
        "nine: abstract base classes and mixins, padding symbol",
        "nine: one shared tensor for all letters",
        "nine: no Wr, the old state is just added",
        "nine: names and genders swapped when the data set is made",
    ),
    "3": (
        "seven: flattens the batch as well",
        "seven: gradients never zeroed and the loss made anew from its number",
        "eight: super init forgotten",
        "nine: jaxlike_param_dict",
        "nine: conv2_called_twice_crash",
    ),
}


def only(assignment: str, name: str) -> Case:
    """The labelled notebook of this name."""
    (case,) = (case for case in cases(assignment) if case.name == name)
    return case


@pytest.mark.parametrize(
    ("assignment", "name"), [(assignment, name) for assignment, names in ONCE.items() for name in names]
)
def test_what_was_once_misjudged_is_judged_rightly(assignment: str, name: str) -> None:
    result = judge(only(assignment, name))
    assert not result.broken
    assert not result.wrong


@pytest.mark.parametrize(
    "name", ["six: main function at the end", "blind: preprocessing inside the network with buffers"]
)
def test_behind_a_missing_batch_everything_is_judged_by_what_it_does(name: str) -> None:
    right = only("1", name)
    cells = tuple(re.sub(r"\.unsqueeze\(0\)", "", cell) for cell in right.cells)
    assert cells != right.cells
    result = judge(replace(right, cells=cells, lost={"1d.batch": Label("not-met")}, faults=1))
    assert not result.broken
    assert not result.wrong
