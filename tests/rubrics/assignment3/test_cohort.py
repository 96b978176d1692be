"""A few of the cohort's notebooks, and uploads that hold no answer; ``python -m tests.fidelity`` grades the whole cohort."""

from __future__ import annotations

import pytest

from tests.fidelity.cases import Case
from tests.fidelity.judging import judge
from tests.rubrics.assignment3.cohort import notebooks
from tests.rubrics.assignment3.cohort.strange import STRANGE
from tests.rubrics.assignment3.judging import judge as outcomes_of

FAULTY = (
    "cohort: test split trains (positional arguments)",
    "cohort: no test loader (German)",
    "cohort: stride of 2 (dummy pass)",
    "cohort: softmax in the network (lazy)",
    "cohort: zeroed before the step (tuple of both)",
)
CHOSEN = [*notebooks.whole(), *(case for case in notebooks.faulty() if case.name in FAULTY)]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.name.removeprefix("cohort: "))
def test_notebook_of_the_cohort_is_graded_as_labelled(case: Case) -> None:
    judged = judge(case)
    assert not judged.broken
    assert not judged.wrong


def test_every_notebook_of_the_cohort_has_a_name_of_its_own() -> None:
    cases = [
        case for bank in (notebooks.right, notebooks.whole, notebooks.faulty, notebooks.several) for case in bank()
    ]
    assert len({case.name for case in cases}) == len(cases)
    assert {case.name for case in cases} >= set(FAULTY)


@pytest.mark.parametrize("name", STRANGE)
def test_upload_without_an_answer_breaks_nothing_and_earns_nothing_for_the_network(name: str) -> None:
    outcomes = outcomes_of(STRANGE[name])
    assert all(outcome.saw for outcome in outcomes.values())
    assert not {c: str(o.kind) for c, o in outcomes.items() if c.startswith("3d") and o.kind in {"met", "partial"}}
