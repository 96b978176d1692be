"""Slips that can be made in every notebook: where they are made, and where not."""

import pytest

from tests.fidelity.assignments import cases
from tests.fidelity.cases import Case, Label
from tests.fidelity.everywhere import SLIPS, Slip, chosen

ONCE = Slip("no step", r"^(\s*)\w+\.step\(\)\s*$", r"\1pass", {"2f.loop": Label("partial", 2 / 3)}, once=True)


def test_a_slip_is_made_in_code_alone() -> None:
    case = Case("right", "2", ("#md opt.step()", "for x in y:\n    opt.step()\n# opt.step()"), {})
    made = ONCE.made_in(case)
    assert made is not None
    assert made.cells == ("#md opt.step()", "for x in y:\n    pass\n# opt.step()")
    assert (made.faults, made.name) == (1, "no step in right")
    assert ONCE.made_in(Case("twice", "2", ("a.step()\nb.step()",), {})) is None
    assert ONCE.made_in(Case("never", "2", ("a.stop()",), {})) is None


@pytest.mark.parametrize("assignment", sorted(SLIPS))
def test_each_slip_is_made_in_many_notebooks(assignment: str) -> None:
    known = {case.name for case in cases(assignment)}
    found = list(chosen(assignment, 12, 0))
    assert len(found) == 12 * len(SLIPS[assignment])
    assert not known & {case.name for case in found}
