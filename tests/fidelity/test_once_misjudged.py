"""Notebooks that the grader once judged wrongly, each for a reason of its own, are judged as their labels say."""

from __future__ import annotations

import pytest

from tests.fidelity.assignments import cases
from tests.fidelity.judging import judge

ONCE = {
    "1": (
        "random batch goes through, map clipped to one",
        "difference to the mean weight as channel weight",
        "square brackets removed by squeeze before the network",
    ),
    "2": (
        "length minus one, W1 maps to a single number",
        "data set created without its arguments, random first state",
    ),
    "3": (
        "flattens the batch as well",
        "gradients never zeroed and the loss made anew from its number",
    ),
}


@pytest.mark.parametrize(
    ("assignment", "name"), [(assignment, name) for assignment, names in ONCE.items() for name in names]
)
def test_what_was_once_misjudged_is_judged_rightly(assignment: str, name: str) -> None:
    (case,) = (case for case in cases(assignment) if case.name == f"seven: {name}")
    result = judge(case)
    assert not result.broken
    assert not result.wrong
