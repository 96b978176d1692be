"""Right solutions earn full points, however they are written."""

from __future__ import annotations

import pytest

from tests.rubrics.assignment3.judging import judge
from tests.rubrics.assignment3.more_styles import MORE_STYLES
from tests.rubrics.assignment3.styles import STYLES

ALL = {**STYLES, **MORE_STYLES}


@pytest.mark.parametrize("name", ALL)
def test_right_solution_earns_full_points(name: str) -> None:
    outcomes = judge(ALL[name])
    lost = {o.criterion: (str(o.kind), o.saw) for o in outcomes.values() if o.kind != "met"}
    assert not lost
