"""Whose fault something is can be told apart in exceptions, in report.json and in the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.errors import CourseError, InfrastructureError, RubricError, SandboxError, SubmissionError, UserError
from grader.notebook import ExecutedNotebook
from grader.reporting import write_student
from grader.run import Summary, _collect
from tests.test_pipeline import Sandbox, executed, graded

STUDENTS = {
    "": (executed("ok", "ok"),),
    "student": (executed("error", "ok"),),
    "time": (executed("timeout", "ok"),),
    **{
        fault: (executed("killed", "not-run", fault=fault, problems=[f"It was {fault}."]), executed("ok", "ok"))
        for fault in ("memory", "output", "killed")
    },
}


def report(done, folder: Path) -> dict:
    write_student(done.result, folder)
    return json.loads((folder / "report.json").read_text())


@pytest.mark.parametrize("fault", STUDENTS)
def test_a_fault_of_the_notebook_is_named_and_graded(fault: str, tmp_path: Path) -> None:
    plays: tuple[ExecutedNotebook, ...] = STUDENTS[fault]
    done = graded(Sandbox(*plays))
    assert report(done, tmp_path)["assignments"][0]["fault"] == fault
    assert (done.faults, done.result.status) == ([], "provisional")


def test_a_fault_of_the_machine_is_named_and_costs_nothing(tmp_path: Path) -> None:
    done = graded(Sandbox(*[SandboxError("no space")] * 3))
    written = report(done, tmp_path)
    assert (written["status"], written["assignments"][0]["fault"]) == ("failed", "infrastructure")
    assert [q["status"] for q in written["assignments"][0]["questions"] if q["kind"] == "code"] == ["review"]
    assert not exit_summary(done).complete


def test_a_fault_of_a_rubric_is_named_and_costs_nothing(tmp_path: Path) -> None:
    def broken(student):
        raise ZeroDivisionError

    done = graded(Sandbox(executed("ok", "ok")), broken)
    written = report(done, tmp_path)
    assert (written["status"], written["assignments"][0]["fault"]) == ("provisional", "rubric")
    assert not exit_summary(done).complete


def test_the_branches_of_the_tree_are_apart() -> None:
    branches = (UserError, SubmissionError, RubricError, InfrastructureError)
    for branch in branches:
        assert not any(issubclass(branch, other) for other in branches if other is not branch)
    assert issubclass(CourseError, UserError)
    assert issubclass(SandboxError, InfrastructureError)


def exit_summary(done) -> Summary:
    """What the command's exit status is made of."""
    from concurrent.futures import Future

    class Silent:
        def done(self, *_):
            """Nobody watches."""

    future: Future = Future()
    future.set_result(done)
    summary = Summary()
    _collect("alice", future, Silent(), summary)
    return summary
