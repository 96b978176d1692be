"""The known exam's code questions of assignment 3: 3.5, 3.5 and 4.5 points."""

from __future__ import annotations

import pytest

from tests.rubrics.assignment3.judging import judge, points
from tests.rubrics.assignment3.known_exam import VARIANTS

LOST = {"3c.size", "3d.activation", "3d.fc", "3e.loss", "3e.test-accuracy"}

ANSWERS = {"3a": "The output is 128 x 8 x 1. The fully connected layer has 10 x 2048 weights."}


@pytest.mark.parametrize("name", VARIANTS)
def test_known_exam(name: str) -> None:
    outcomes = judge(VARIANTS[name], ANSWERS)
    lost = {c: (str(o.kind), o.variant, o.saw) for c, o in outcomes.items() if o.kind not in {"met", "carried"}}
    assert set(lost) == LOST, lost
    assert all((kind, variant) == ("not-met", "") for kind, variant, _ in lost.values())
    assert [points(outcomes, question) for question in ("3c", "3d", "3e")] == [3.5, 3.5, 4.5]
    assert outcomes["3e.eval"].kind == "carried"
