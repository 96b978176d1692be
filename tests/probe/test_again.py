"""Cells that run again in place with a repair, and what every question behind it finds."""

from dataclasses import replace

from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import step_values, steps
from rubrics.afterwards import went_on
from tests.support.harness import close, run_cells

NETWORK = """
import torch
from torch import nn
net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2 * 14 * 14, 4))
made = 0
"""
USE = """
made = made + 1
out = net(torch.ones(3, 16, 16))

def doubled(x):
    total = net(x) * 2
    return total

twice = doubled(torch.zeros(3, 16, 16))
"""


def test_failed_cells_go_on_with_a_batch_of_one() -> None:
    student = run_cells([NETWORK, USE, "1 / 0", "out.shape"])
    failed = [cell for cell in student.notebook.cells if cell.status == "error"]
    assert [cell.index for cell in failed] == [1, 2, 3]
    after = went_on(student, failed, "batches")
    assert after is not None
    assert [cell.status for cell in after.notebook.cells] == ["ok", "ok", "error", "ok"]
    assert after.notebook.cells[2].error_name == "ZeroDivisionError"
    inventory = after.ask(Request("inventory")).data
    assert [(call["error"], call["cell"]) for call in inventory["calls"] if call["error"] is None] == [(None, 1)] * 2
    (function,) = (one for one in inventory["functions"] if one["name"] == "doubled")
    assert len(function["calls"]) == 1
    assert {one["cell"] for one in inventory["sightings"] if one["name"] == "total"} == {1}
    close(student)


def test_they_run_once_whatever_is_asked() -> None:
    student = run_cells([NETWORK, USE])
    after = went_on(student, student.notebook.cells[1:], "batches")
    assert after is not None
    asked = Request("evaluate", {"steps": [{"slot": "made", "expr": expr.var("made")}]})
    for salt in range(3):
        value = step_values(after.ask(replace(asked, params={**asked.params, "salt": salt})))["made"]
        assert value is not None
        assert value.number() == 2  # once by the notebook, once again
    close(student)


def test_what_fails_again_is_no_way_on() -> None:
    student = run_cells([NETWORK, "net(torch.ones(5))"])
    assert went_on(student, student.notebook.cells[1:], "batches") is None
    close(student)


def test_a_long_loop_shows_its_end() -> None:
    student = run_cells(["import torch\n\ndef total(n):\n    t = torch.zeros(2)\n    for i in range(n):\n"
                         "        t = t + i\n    return t\n"])  # fmt: skip
    step = {"slot": "t", "expr": expr.call(expr.var("total"), [expr.value(600)]), "sightings": True}
    answer = student.ask(Request("evaluate", {"steps": [step]}))
    seen = [one for one in steps(answer)[0]["sightings"] if one["name"] == "t"]
    assert [one["serial"] for one in seen] == sorted(one["serial"] for one in seen)
    assert len(seen) == 25  # before the loop, and 12 of it at each end
    assert answer.tensors[seen[-1]["value"]["data"]].tolist() == [179700.0, 179700.0]
    close(student)
