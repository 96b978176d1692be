"""Some of the whole notebooks; ``python -m tests.fidelity --assignment 2`` grades them all, and faults in pairs."""

from __future__ import annotations

import pytest

from tests.rubrics.assignment2.test_assignment2 import deviations, judge
from tests.rubrics.assignment2.whole import faults, faulty_notebooks, right_notebooks, with_faults

RIGHT = ("functional_closure", "last_real_element", "packed", "sorted_charset")
FAULTY = (
    "capitals KeyError, index [unlucky_order]",
    "W1 of the first element only [german]",
    "class in the loader [namedtuple_items]",
    "padded for each batch [collate_global]",
    "divided by the wrong set [subset_equal_batches]",
    "reported every second epoch [numpy_trainer]",
    "arguments missing, D only [zip_download]",
    "random start [random_split_history]",
    "optimizer over the output layer [packed]",
    "rounded logits [joint_linear]",
)


def test_every_change_is_made_in_one_place() -> None:
    made = faulty_notebooks()
    assert len(made) == len(faults()) > 150
    assert all(
        one.cells != right_notebooks()[fault.base].cells or fault.answers
        for one, fault in zip(made.values(), faults().values(), strict=True)
    )


def test_a_text_that_a_fault_replaces_has_to_be_there() -> None:
    fault = faults()["D 30"]
    with pytest.raises(ValueError, match="occurs 0 times"):
        with_faults(fault, fault)


@pytest.mark.parametrize("name", RIGHT)
def test_right_solutions_keep_all_points(name: str) -> None:
    one = right_notebooks()[name]
    assert deviations(judge(one.cells, answers=one.answers)) == {}


@pytest.mark.parametrize("name", FAULTY)
def test_faults_cost_their_criteria_alone(name: str) -> None:
    one = faulty_notebooks()[name]
    outcomes = judge(one.cells, answers=one.answers)
    lost = {
        criterion: outcome.fraction
        for criterion, outcome in outcomes.items()
        if str(outcome.kind) not in {"met", "carried"}
    }
    assert lost == pytest.approx(one.lost, abs=1e-5), deviations(outcomes)
