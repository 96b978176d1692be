"""Right solutions keep all points, each fault costs what the marking scheme says, the known exam is reproduced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.course import load_course
from grader.scoring import OutcomeKind
from tests.rubrics.assignment1.bank_border import BORDER
from tests.rubrics.assignment1.bank_combined import COMBINED
from tests.rubrics.assignment1.bank_exam import EXAM
from tests.rubrics.assignment1.bank_faults import FAULTS, Case
from tests.rubrics.assignment1.bank_free_faults import FREE_FAULTS, WRITTEN
from tests.rubrics.assignment1.bank_free_faults_map import MAP_FAULTS
from tests.rubrics.assignment1.bank_free_odd import ODD
from tests.rubrics.assignment1.bank_more import MORE
from tests.rubrics.assignment1.bank_right import RIGHT
from tests.rubrics.assignment1.bank_strange import NAN_PICTURE, STRANGE
from tests.support.harness import close, grade, run_cells

STYLES = {**RIGHT, **MORE}
FREE = {**WRITTEN, **ODD}
FREE_FAULTY = {**FREE_FAULTS, **MAP_FAULTS}
# A few of the freely written notebooks; ``python -m tests.fidelity`` grades all of them.
FREE_DRAWN = ("feature_extractor_nodes", "star_imports_and_shadowed_names", "names_deleted_in_the_end")
FREE_FAULTY_DRAWN = (
    "c: local in forward",
    "c: hook defined but not registered",
    "d: no batch with weights' transforms",
    "e: weights unused",
    "two: wrong layer, no clipping",
)
QUESTIONS = ("1c", "1d", "1e")
COURSE = Path(__file__).parents[3] / "rubrics"
SOLUTION = Path(__file__).parents[3] / "reference" / "solutions" / "assignment1.ipynb"


def outcomes(cells: list[str]) -> dict[str, OutcomeKind]:
    student = run_cells(cells)
    try:
        found = [outcome for question in QUESTIONS for outcome in grade(student, question)]
    finally:
        close(student)
    assert len(found) == len({outcome.criterion for outcome in found})
    assert all(outcome.saw for outcome in found)
    return {outcome.criterion: outcome.kind for outcome in found}


def deviations(cells: list[str]) -> dict[str, str]:
    return {criterion: kind.value for criterion, kind in outcomes(cells).items() if kind is not OutcomeKind.MET}


@pytest.mark.parametrize("style", sorted(STYLES))
def test_right_solutions_keep_all_points(style: str) -> None:
    assert deviations(STYLES[style]) == {}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_costs_what_the_scheme_says(fault: str) -> None:
    case: Case = FAULTS[fault]
    assert deviations(case.cells) == case.lost


@pytest.mark.parametrize("variant", sorted(EXAM))
def test_the_known_exam_is_reproduced(variant: str) -> None:
    case: Case = EXAM[variant]
    assert deviations(case.cells) == case.lost


@pytest.mark.parametrize("combination", sorted(COMBINED))
def test_faults_add_up(combination: str) -> None:
    case: Case = COMBINED[combination]
    assert deviations(case.cells) == case.lost


@pytest.mark.parametrize("border", sorted(BORDER))
def test_cases_at_the_border(border: str) -> None:
    case: Case = BORDER[border]
    assert deviations(case.cells) == case.lost


@pytest.mark.parametrize("style", FREE_DRAWN)
def test_freely_written_solutions_keep_all_points(style: str) -> None:
    assert deviations(FREE[style]) == {}


@pytest.mark.parametrize("fault", FREE_FAULTY_DRAWN)
def test_faults_in_freely_written_solutions(fault: str) -> None:
    case: Case = FREE_FAULTY[fault]
    assert {criterion: kind for criterion, kind in deviations(case.cells).items() if kind != "carried"} == case.lost


@pytest.mark.parametrize("strange", sorted(STRANGE))
def test_strange_notebooks_are_graded_all_the_same(strange: str) -> None:
    case: Case = STRANGE[strange]
    assert deviations(case.cells) == case.lost


def test_a_picture_without_numbers_breaks_nothing() -> None:
    assert set(outcomes(NAN_PICTURE)) == set(outcomes(RIGHT["one_cell"]))


def test_the_known_exam_has_its_points_and_comments() -> None:
    criteria = {
        criterion.id: criterion for question in load_course(COURSE).questions() for criterion in question.criteria
    }
    found = outcomes(EXAM["local_in_forward_never_called"].cells)
    points = {
        question: sum(
            criteria[ident].points
            for ident, kind in found.items()
            if ident.startswith(question) and kind is OutcomeKind.MET
        )
        for question in QUESTIONS
    }
    assert points == {"1c": 1.5, "1d": 3.0, "1e": 4.5}


def test_every_criterion_of_a_question_gets_one_outcome_also_without_any_code() -> None:
    assert set(outcomes(["print('nothing')"])) == set(outcomes(RIGHT["one_cell"]))


def test_an_empty_notebook_earns_nothing() -> None:
    assert set(deviations(["x = 1"]).values()) == {"not-met"}


def test_the_solution_notebook_is_right() -> None:
    cells = json.loads(SOLUTION.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    assert (
        deviations(
            [text if cell["cell_type"] == "code" else f"#md {text}" for cell, text in zip(cells, sources, strict=True)]
        )
        == {}
    )
