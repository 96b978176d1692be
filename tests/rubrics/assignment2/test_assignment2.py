"""Right solutions in every style keep all points, each fault costs what the marking scheme says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from grader.scoring import Outcome, OutcomeKind
from tests.rubrics.assignment2.bank import STYLES
from tests.rubrics.assignment2.faults import C_CASES, D_CASES, E_CASES, F_CASES, Faulty
from tests.rubrics.assignment2.forms import FORM_CASES
from tests.rubrics.assignment2.slips import C_SLIPS, D_SLIPS, E_SLIPS, F_SLIPS
from tests.support.harness import close, grade, run_cells

QUESTIONS = ("2c", "2d", "2e", "2f")
SOLUTION = Path(__file__).parents[3] / "reference" / "solutions" / "assignment2.ipynb"
CASES = {
    f"{question}: {name}": case
    for question, cases in (
        ("2c", C_CASES | C_SLIPS),
        ("2d", D_CASES | D_SLIPS),
        ("2e", E_CASES | E_SLIPS),
        ("2f", F_CASES | F_SLIPS),
        ("items", FORM_CASES),
    )
    for name, case in cases.items()
}


def judge(
    cells: Sequence[str], questions: Sequence[str] = QUESTIONS, answers: Mapping[str, Any] | None = None
) -> dict[str, Outcome]:
    student = run_cells(cells, assignment="2", answers=answers)
    try:
        found = [outcome for question in questions for outcome in grade(student, question)]
    finally:
        close(student)
    assert len(found) == len({outcome.criterion for outcome in found})
    assert all(outcome.saw for outcome in found)
    return {outcome.criterion: outcome for outcome in found}


def deviations(outcomes: Mapping[str, Outcome]) -> dict[str, tuple[str, str]]:
    return {
        name: (str(outcome.kind), outcome.saw)
        for name, outcome in outcomes.items()
        if outcome.kind is not OutcomeKind.MET
    }


@pytest.mark.parametrize("style", sorted(STYLES))
def test_right_solutions_keep_all_points(style: str) -> None:
    assert deviations(judge(STYLES[style].cells())) == {}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_costs_what_the_scheme_says(name: str) -> None:
    case: Faulty = CASES[name]
    outcomes = judge(case.cells, case.questions, case.answers)
    found = deviations(outcomes)
    assert {criterion: kind for criterion, (kind, _) in found.items()} == case.expected, found
    for criterion, text in case.detail.items():
        assert text in outcomes[criterion].detail


def test_the_solution_notebook_is_right() -> None:
    cells = json.loads(SOLUTION.read_text(encoding="utf-8"))["cells"]
    sources = [("" if cell["cell_type"] == "code" else "#md ") + "".join(cell["source"]) for cell in cells]
    assert deviations(judge(sources)) == {}


def test_an_empty_notebook_earns_nothing() -> None:
    outcomes = judge(["x = 1"])
    assert {str(outcome.kind) for outcome in outcomes.values()} == {"not-met"}
