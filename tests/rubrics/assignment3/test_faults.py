"""Each fault costs exactly its criteria; what is only wrong because of it is carried."""

from __future__ import annotations

import pytest

from tests.rubrics.assignment3.faults import FAULTS
from tests.rubrics.assignment3.judging import judge


@pytest.mark.parametrize("name", FAULTS)
def test_fault_costs_its_criteria_only(name: str) -> None:
    fault = FAULTS[name]
    outcomes = judge(fault.cells, fault.answers)
    lost = {c: (str(o.kind), o.saw) for c, o in outcomes.items() if o.kind not in {"met", "carried"}}
    assert set(lost) == set(fault.lost), lost
    for criterion, wanted in fault.lost.items():
        outcome = outcomes[criterion]
        assert (outcome.kind, outcome.variant) == (wanted.kind, wanted.variant), outcome
        assert outcome.fraction == pytest.approx(wanted.fraction)
        assert wanted.detail in outcome.detail
        assert outcome.saw
    for criterion in fault.carried:
        assert outcomes[criterion].kind == "carried", outcomes[criterion]
