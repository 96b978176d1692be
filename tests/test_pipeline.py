"""The way of a submission, with a made-up course, rubric and sandbox."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grader.course import Course
from grader.data import PreparedAssets
from grader.errors import KernelUnavailableError, SandboxError
from grader.intake import NotebookFile, Submission
from grader.notebook import Cell, ExecutedNotebook
from grader.pipeline import SKIPPED, Bench, Opened, Order, grade_submission
from grader.probe.types import Answer, Request
from grader.scoring import Outcome, Rubric, Student, met, not_met
from grader.scoring.human import HumanMark

COURSE = Course.model_validate(
    {
        "schema": "grader.course/1", "title": "Tiny", "points": 4,
        "assignment": [{
            "id": "1", "title": "One", "points": 4,
            "question": [
                {"id": "1a", "title": "Text", "kind": "text", "points": 1,
                 "criteria": [{"id": "1a.x", "points": 1, "about": "x", "comment": "no x"}]},
                {"id": "1b", "title": "Code", "kind": "code", "points": 2,
                 "criteria": [{"id": "1b.y", "points": 2, "about": "y", "comment": "no y"}]},
                {"id": "1c", "title": "Key", "kind": "choice", "points": 1,
                 "statements": [{"text": "s", "key": "right"}]},
            ],
        }],
    }
)  # fmt: skip


class Silent:
    def ask(self, request: Request) -> Answer:
        return Answer()


@dataclass
class Ran:
    executed: ExecutedNotebook
    kernel: Silent = field(default_factory=Silent)


class Sandbox:
    """Plays back what executions show, one after the other."""

    def __init__(self, *plays: ExecutedNotebook | Exception) -> None:
        self.plays = list(plays)
        self.orders: list[Order] = []

    @contextlib.contextmanager
    def __call__(self, order: Order) -> Iterator[Opened]:
        self.orders.append(order)
        play = self.plays.pop(0)
        if isinstance(play, Exception):
            raise play
        yield Ran(play)


def graded(sandbox: Sandbox, question=lambda student: [met("1b.y", "seen")], marks=None, **submission):
    rubric = Rubric("1")
    rubric.question("1b")(question)
    assets = PreparedAssets(Path("/nowhere"), ("SVHN",), ())
    bench = Bench(COURSE, {"1": rubric}, lambda assignment, sources: assets, sandbox, "fake")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a"), nbformat.v4.new_code_cell("b")])
    given = {
        "notebooks": {"1": NotebookFile("a1.ipynb", None, notebook)},
        "folder": Path(__file__).parent / "support",
        **submission,
    }
    return grade_submission(
        bench, Submission("alice", answers={"1a": "text", "1c": ["right"]}, **given), marks or {}, print
    )


def executed(*status: str, fault: str = "", problems=()) -> ExecutedNotebook:
    cells = tuple(Cell(at, "code", "ab"[at], state) for at, state in enumerate(status))
    return ExecutedNotebook("a1.ipynb", cells, tuple(problems), fault)


def test_points_of_code_and_key_count_and_text_waits() -> None:
    done = graded(Sandbox(executed("ok", "ok")))
    assert (done.result.points, done.result.status, done.faults) == (3.0, "provisional", [])
    assert done.result.assignments[0].stand_ins == ("SVHN",)


def test_a_person_settles_the_rest() -> None:
    done = graded(Sandbox(executed("ok", "ok")), marks={"1a": HumanMark(1.0), "1b": HumanMark(0.5, {}, "half")})
    assert (done.result.points, done.result.status) == (2.5, "final")
    assert done.result.questions[1].comments == ("half",)


def test_no_notebook_earns_nothing_and_says_so() -> None:
    done = graded(Sandbox(), notebooks={})
    assert done.result.questions[1].comments == ("No notebook uploaded",)
    assert done.result.points == 1.0


def test_an_unreadable_notebook_tells_its_reason() -> None:
    done = graded(Sandbox(), notebooks={"1": NotebookFile("a1.ipynb", None, None, "is not JSON")})
    assert done.result.questions[1].comments == ("No notebook uploaded", "is not JSON")


def test_a_broken_rubric_leaves_the_question_open() -> None:
    def broken(student: Student) -> list[Outcome]:
        raise ZeroDivisionError

    done = graded(Sandbox(executed("ok", "ok")), broken)
    assert (done.result.questions[1].status, done.result.status) == ("review", "provisional")
    assert done.faults == ["rubric: question 1b: ZeroDivisionError: "]


def test_a_rubric_without_all_criteria_leaves_the_question_open() -> None:
    done = graded(Sandbox(executed("ok", "ok")), lambda student: [])
    assert done.result.questions[1].status == "review"
    assert done.faults[0].startswith("RubricError: question 1b")


def test_a_kernel_that_cannot_be_asked_costs_nothing() -> None:
    def asks(student: Student) -> list[Outcome]:
        raise KernelUnavailableError("gone")

    done = graded(Sandbox(executed("ok", "ok")), asks)
    assert done.result.questions[1].status == "review"
    assert done.faults == []


def test_infrastructure_is_tried_again_and_then_costs_nothing() -> None:
    again = graded(Sandbox(SandboxError("no space"), executed("ok", "ok")))
    assert (again.result.points, again.faults) == (3.0, [])
    never = graded(Sandbox(*[SandboxError("no space")] * 3))
    assert (never.result.status, never.result.questions[1].status) == ("failed", "review")
    assert never.faults == ["infrastructure: assignment 1: no space"]


@pytest.mark.parametrize("fault", ["killed", "memory", "output"])
def test_a_cell_that_ends_the_kernel_is_left_out_of_a_second_run(fault: str) -> None:
    first = executed("killed", "not-run", fault=fault, problems=["Cell 1 ended the kernel."])
    sandbox = Sandbox(first, executed("ok", "ok"))
    done = graded(sandbox)
    cells = done.result.assignments[0].cells
    assert [cell.status for cell in cells] == ["killed", "ok"]
    assert [cell.source for cell in sandbox.orders[1].notebook.cells] == [SKIPPED, "b"]
    assert [cell.source for cell in sandbox.orders[0].notebook.cells] == ["a", "b"]
    assert done.result.assignments[0].problems[0] == "Cell 1 ended the kernel."
    assert done.result.points == 3.0


def test_a_notebook_that_dies_again_and_again_is_graded_as_far_as_it_came() -> None:
    plays = [
        executed("killed", "not-run", fault="killed"),
        executed("ok", "killed", fault="killed"),
        executed("ok", "ok"),
    ]
    done = graded(Sandbox(*plays))
    assert [cell.status for cell in done.result.assignments[0].cells] == ["killed", "killed"]


def test_the_same_run_has_the_same_seeds_and_another_student_others() -> None:
    one, two = Sandbox(executed("ok", "ok")), Sandbox(executed("ok", "ok"))
    graded(one)
    graded(two)
    assert one.orders[0].seed == two.orders[0].seed
    assert 0 <= one.orders[0].seed < 2**32


def test_outcomes_are_seen_by_later_questions() -> None:
    seen = {}

    def question(student: Student) -> list[Outcome]:
        seen["rng"] = student.rng("x").random()
        return [not_met("1b.y", "nothing")]

    done = graded(Sandbox(executed("ok", "ok")), question)
    assert done.result.questions[1].comments == ("no y",)
    assert 0 <= seen["rng"] < 1
    assert replace(done.result, student="bob").student == "bob"
    assert np.isfinite(done.timing.total_s)
